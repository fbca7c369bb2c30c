"""`corpus` and `align` on a generated archive pair of the full size, and of a tenth of it: time and peak memory.

    python benchmarks/corpora.py [--scales 0.1 1.0] [--folder FOLDER]

The archives (see archives.py) are kept in FOLDER, if one is given, for the next time.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from pathlib import Path

from archives import write_lipad, write_nrc
from measure import Measured, measure
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]


def archives(folder: Path, scale: float) -> dict[str, Path]:
    """The archive pair of this size, written if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {"nunavut": folder / "Nunavut-Hansard.tgz", "canada": folder / "lipad.tar.bz2"}
    for name, write in (("nunavut", write_nrc), ("canada", write_lipad)):
        if not found[name].exists():
            write(folder, scale)
    return found


def project(folder: Path, paths: dict[str, Path]) -> None:
    """A folder with the params.yaml of the study: lower case, quarters, balanced."""
    yaml = YAML()
    params = yaml.load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    for name, path in paths.items():
        params["corpora"][name]["path"] = str(path.resolve())
    params["clean"]["lowercase"] = True
    params["align"].update(period="quarter", budget="balanced")
    with (folder / "params.yaml").open("w", encoding="utf-8") as stream:
        yaml.dump(params, stream)


def run(scale: float, folder: Path) -> dict[str, Measured]:
    """Both stages on archives of this scale."""
    paths = archives(folder / f"{scale:g}", scale)
    stages = {"corpus nunavut": "nunavut", "corpus canada": "canada", "align": ""}
    with tempfile.TemporaryDirectory(dir=folder) as work:
        project(Path(work), paths)
        taken = {stage: measure(["hansard-bias", *stage.split()], Path(work)) for stage in stages}
        read = [json.loads((Path(work) / f"metrics/corpora/{name}.json").read_text()) for name in paths]
    print(f"\nscale {scale:g}: " + "; ".join(f"{each['read']:,} records, {each['tokens']:,} words" for each in read))
    for stage, each in taken.items():
        print(f"  {stage:16} {each.seconds:7.1f} s {each.peak_bytes / 1e9:6.2f} GB")
    total, peak = sum(each.seconds for each in taken.values()), max(each.peak_bytes for each in taken.values())
    print(f"  {'together':16} {total:7.1f} s {peak / 1e9:6.2f} GB at most")
    return taken | {"together": Measured(total, peak)}


def main() -> None:
    """Measure each scale; print how the time grows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scales", type=float, nargs="+", default=[0.1, 1.0])
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        taken = {scale: run(scale, options.folder or Path(temporary)) for scale in sorted(options.scales)}
    small, large = min(taken), max(taken)
    if small < large:
        growth = math.log(taken[large]["together"].seconds / taken[small]["together"].seconds)
        print(f"\ntime grows with the size to the power of {growth / math.log(large / small):.2f} (1: linear)")


if __name__ == "__main__":
    main()
