"""A digest of every result of a finished pipeline, times aside: the same before and after a change of form alone.

python tools/same_bits.py                 one line a result: SHA-256 and path
python tools/same_bits.py --save FILE     keep them
python tools/same_bits.py --against FILE  compare with those kept; exit status 1 where a result differs

Left out is what differs from run to run or machine to machine without being a result: times, speeds, memory and keys of
code, rendered pages. JSON is compared to 10 significant digits: BLAS differs between machines in the 13th.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOTS = ("data/raw/sample", "data/speeches", "data/aligned", "data/encoded", "data/scores", "data/likelihoods")
ROOTS += ("data/probed", "models", "metrics")
VOLATILE = {"wall_seconds", "tokens_per_second", "model_flop_utilisation", "peak_memory_bytes", "device"}
VOLATILE |= {"run", "schema", "energy_kwh"}
"""Keys of JSON files: measured with a clock, or of the code and not of what it computed."""

RENDERED = ("metrics/report", "metrics/calibration.json")
"""The page is made from the other metrics, with times; the calibration is a pipeline of its own."""

DIGITS = 10


def results(root: Path) -> Iterator[Path]:
    """The files of all results, in order, relative to the root."""
    for folder in ROOTS:
        for path in sorted((root / folder).rglob("*")):
            name = path.relative_to(root)
            if path.is_file() and path.name != ".gitignore" and not name.as_posix().startswith(RENDERED):
                yield name


def digest(path: Path) -> str:
    """SHA-256 of a file's content: of JSON as what it says, of anything else as its bytes."""
    if path.suffix != ".json":
        return hashlib.sha256(path.read_bytes()).hexdigest()
    content = json.loads(path.read_text(encoding="utf-8"))
    return hashlib.sha256(json.dumps(stable(content), sort_keys=True).encode()).hexdigest()


def stable(content: Any) -> Any:
    """JSON without what is volatile, its numbers rounded."""
    if isinstance(content, dict):
        return {key: stable(value) for key, value in content.items() if key not in VOLATILE}
    if isinstance(content, list):
        return [stable(value) for value in content]
    return float(f"{content:.{DIGITS}g}") if isinstance(content, float) else content


def compare(kept: dict[str, str], found: dict[str, str]) -> list[str]:
    """One line for every result that differs, is new, or is gone."""
    words = {name: "differs" for name in kept.keys() & found.keys() if kept[name] != found[name]}
    words |= {name: "is gone" for name in kept.keys() - found.keys()}
    words |= {name: "is new" for name in found.keys() - kept.keys()}
    return [f"{name} {words[name]}" for name in sorted(words)]


def main() -> int:
    """Print, keep or compare the digests of the project in this folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--save", type=Path, help="write the digests to this file")
    parser.add_argument("--against", type=Path, help="compare with the digests of this file")
    parser.add_argument("--root", type=Path, default=Path("."), help="the project's folder")
    options = parser.parse_args()
    found = {path.as_posix(): digest(options.root / path) for path in results(options.root)}
    if not found:
        print("same_bits: no results here, expected a finished pipeline; run `dvc repro` first", file=sys.stderr)
        return 2
    if options.save:
        options.save.write_text("".join(f"{value}  {name}\n" for name, value in found.items()), encoding="utf-8")
        print(f"kept the digests of {len(found)} results in {options.save}")
    if options.against:
        lines = options.against.read_text(encoding="utf-8").splitlines()
        kept = {name: value for value, _, name in (line.partition("  ") for line in lines)}
        differences = compare(kept, found)
        print("\n".join([*differences, f"{len(found) - len(differences)} of {len(found)} results are the same"]))
        return bool(differences)
    if not options.save:
        print("\n".join(f"{value}  {name}" for name, value in found.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
