"""The licence of every pinned dependency, as its own metadata declares it: `python tools/licences.py --write`."""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path

from pins import parts, pins

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "licences.md"

# Their metadata name none; read in the licence files that they bring.
READ_BY_HAND = {
    "atheris": "Apache-2.0",
    "axe-playwright-python": "MIT (axe-core in it: MPL-2.0)",
    "cuda-toolkit": "none named; a list of NVIDIA's packages",
    "defusedxml": "PSF-2.0",
    "huey": "MIT",
    "skops": "MIT",
}
# What a longer or older declaration means.
WORDS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "MIT License": "MIT",
    "Python Software Foundation License": "PSF-2.0",
}
# Of the CUDA libraries alone, which only a torch built for NVIDIA's GPUs brings: not free, but free to use with it.
NVIDIA = re.compile(
    r"^(LicenseRef-NVIDIA-Proprietary|Other/Proprietary License|NVIDIA Proprietary Software|none named; )"
)
# None of them asks anything of a program that imports the package; MPL and EPL ask it of changes to their own files.
ACCEPTED = re.compile(r"\b(Apache|BSD|MIT|ISC|PSF|ZPL|MPL|Mozilla|EPL|0BSD|Zlib|CC0|CNRI|BSL)|linking exception")

HEAD = """# Licences of the dependencies

hansard-bias is under the MIT License and ships no file of the packages below: pip installs them. Every one of them may
be used by a program under the MIT License. Where a package offers a choice with the GPL (asyncssh, dulwich, grandalf),
the other licence is taken; pygit2's GPL has an exception for programs that link to it. MPL packages ask that changes to
their own files stay under the MPL.

From cuda-bindings to triton the table lists what comes only with a torch that is built for NVIDIA's GPUs. Most of it
is not free software: NVIDIA's own terms allow its use with those GPUs. A CPU build of torch brings none of it. What
follows is for DVC's remotes, `make audit` and `make pins`.

Written by `python tools/licences.py --write` from the metadata of the packages that are installed (others stay as they
were); `make audit` checks it.

| package | version | licence |
|---|---|---|
"""


def licence(package: str) -> str:
    """What the package declares, in a few words; `unknown` where it says nothing."""
    if package in READ_BY_HAND:
        return READ_BY_HAND[package]
    try:
        declared = metadata.metadata(package)
    except metadata.PackageNotFoundError:
        return recorded().get((package, pins()[package]), "unknown")
    if expression := declared.get("License-Expression"):
        return str(expression)
    line = str(declared.get("License") or "")
    kinds = [word.split(" :: ")[-1] for word in declared.get_all("Classifier", []) if word.startswith("License ::")]
    named = [WORDS.get(kind, kind) for kind in kinds if kind not in ("OSI Approved", "DFSG approved")]
    if len(line) < 40 and ACCEPTED.search(line) and "License" not in line:
        return line.replace(" | ", " or ")
    return " or ".join(named) or line.split("\n")[0] or "unknown"


def recorded() -> dict[tuple[str, str], str]:
    """What the page says of a package and version: for those that are not installed here, such as NVIDIA's."""
    rows = re.findall(r"^\| (\S+) \| (\S+) \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {(name, version): words for name, version, words in rows}


def is_compatible(words: str) -> bool:
    """May a program under the MIT License import it?"""
    parts = [re.split(r" or ", part, flags=re.IGNORECASE) for part in words.split(" AND ")]
    return all(any(ACCEPTED.search(choice) for choice in part) for part in parts)


def is_accepted(package: str) -> bool:
    """May this project depend on it? NVIDIA's terms are taken for what torch asks for, and for nothing else."""
    words = licence(package)
    return is_compatible(words) or (package in parts()["requirements/cuda.txt"] and bool(NVIDIA.match(words)))


def page() -> str:
    """The list as a page, from the packages that are installed, and for others as it was."""
    rows = [f"| {name} | {version} | {licence(name)} |\n" for name, version in pins().items()]
    return HEAD + "".join(rows)


def main() -> int:
    """Write the page, or say what is wrong with it."""
    if "--write" in sys.argv[1:]:
        PAGE.write_text(page(), encoding="utf-8")
    refused = [f"{name}: {licence(name)}" for name in pins() if not is_accepted(name)]
    stale = PAGE.read_text(encoding="utf-8") != page()
    for line in refused:
        print(f"licence not known to be compatible: {line}", file=sys.stderr)
    if stale:
        print("docs/licences.md is not that of constraints.txt: python tools/licences.py --write", file=sys.stderr)
    return int(bool(refused) or stale)


if __name__ == "__main__":
    sys.exit(main())
