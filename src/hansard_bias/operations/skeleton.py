"""What to begin with when the debates are in another language: commented files of the probes, to be filled in."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from hansard_bias.base.files import atomic_write

probes = typer.Typer(no_args_is_help=True, help="Files of what the models are asked: prompts, groups, word sets.")
Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="A new folder, best in data/probes.")]
KEYS = {"prompts": "probe", "groups": "probe", "associations": "probe", "word_classes": "bias"}


def new_probes(folder: Path) -> Iterator[str]:
    """Write the files into a folder; what params.yaml must say to use them, a line each.

    Raises ValueError where one of them is there already, before anything is written.
    """
    files = {name: folder / f"{name}.yaml" for name in KEYS}
    if there := next((path for path in files.values() if path.exists()), None):
        raise ValueError(f"{there}: is there already, and is not overwritten; name another folder")
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder}: is a file, expected a folder to write into; name another")
    source = resources.files("hansard_bias.operations") / "skeleton"
    for path in files.values():
        with atomic_write(path) as partial:
            partial.write_text((source / path.name).read_text(encoding="utf-8"), encoding="utf-8")
    yield f"{folder}: {len(files)} files to fill in. Then write into params.yaml, and run `hansard-bias check`:"
    for section in dict.fromkeys(KEYS.values()):
        yield f"{section}:"
        yield from (f"  {name}: {path.as_posix()}" for name, path in files.items() if KEYS[name] == section)
        yield from ["  benchmarks: []   # the project's own are in English"] * (section == "probe")


@probes.callback()
def _group() -> None:
    # With a single command Typer would leave its name out.
    pass


@probes.command("new")
def new(folder: Folder) -> None:
    """Write commented files to fill in, for debates in another language or about other places."""
    for line in new_probes(folder):
        print(line)
