"""The hashes of all published files of the pinned versions: `make pins`, or `python tools/pins.py UV`.

constraints.txt holds the versions, in parts whose headlines name the file of their hashes. uv asks the index.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PINS = ROOT / "constraints.txt"
HEADLINE = re.compile(r"# (requirements/\w+\.txt): ")

HEAD = """# Written by `make pins` from constraints.txt: all files that the index has of each version. Do not edit.
"""


def parts() -> dict[str, dict[str, str]]:
    """Version by package of every part; the part "" has no hashes."""
    found: dict[str, dict[str, str]] = {"": {}}
    part = found[""]
    for line in PINS.read_text(encoding="utf-8").splitlines():
        if headline := HEADLINE.match(line):
            part = found[headline[1]] = {}
        elif "==" in line and not line.startswith("#"):
            name, version = line.split("==")
            part[name] = version
    return found


def pins() -> dict[str, str]:
    """The pinned version of every package."""
    return {name: version for part in parts().values() for name, version in part.items()}


def hashes(file: Path) -> dict[str, tuple[str, set[str]]]:
    """Version and hashes of every package in a file of requirements/, by the package's normalised name."""
    found: dict[str, tuple[str, set[str]]] = {}
    for entry in file.read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
        if entry and not entry.startswith("#"):
            name, version, *rest = re.split(r"==| +", entry)
            found[normalised(name)] = version, {word for word in rest if word}
    return found


def normalised(name: str) -> str:
    """As indexes write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def lock(uv: str, part: dict[str, str]) -> str:
    """The part's file, with the hashes that the index gives."""
    wanted = "".join(f"{name}=={version}\n" for name, version in part.items())
    command = [uv, "pip", "compile", "--quiet", "--no-config", "--no-deps", "--generate-hashes", "--no-header", "-"]
    done = subprocess.run(command, input=wanted, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"pins: {' '.join(done.stderr.split())}")
    return HEAD + done.stdout


def main() -> None:
    """Write every file of requirements/; none if one cannot be made."""
    locks = {ROOT / name: lock(sys.argv[1], part) for name, part in parts().items() if name}
    for file, text in locks.items():
        file.parent.mkdir(exist_ok=True)
        # An unchanged file keeps its time: it would have `make setup` install everything anew.
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
        print(f"{file.relative_to(ROOT)}: {len(hashes(file))} packages, {text.count('sha256:')} hashes")


if __name__ == "__main__":
    main()
