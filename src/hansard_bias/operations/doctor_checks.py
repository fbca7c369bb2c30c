"""What the doctor finds: one line a question, and how it is printed."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import psutil
from rich.console import Console
from rich.markup import escape

from hansard_bias.base.code import git as ask_git
from hansard_bias.base.files import METRICS, MODELS, SAMPLE, unwritable, with_folders_below
from hansard_bias.base.parallel import cores as usable_cores
from hansard_bias.params import PARAMS_FILE, load_config


class Verdict(Enum):
    """How much a finding matters."""

    GOOD = "ok"
    NOTE = "note"  # works, but slower or otherwise than elsewhere
    BAD = "bad"  # something will fail until it is mended


@dataclass(frozen=True)
class Finding:
    """The answer to one question, with the remedy where one is needed."""

    verdict: Verdict
    about: str
    text: str


good, note, bad = (partial(Finding, verdict) for verdict in Verdict)
_STYLES = {Verdict.GOOD: "green", Verdict.NOTE: "yellow", Verdict.BAD: "bold red"}


def print_findings(findings: Sequence[Finding], console: Console) -> bool:
    """One line each; returns whether nothing is bad."""
    for finding in findings:
        word = f"[{_STYLES[finding.verdict]}]{finding.verdict.value:<5}[/]"
        # Paths and file names of the user's may hold brackets, which rich would read as styles.
        console.print(f"{word}{escape(finding.about)}: {escape(finding.text)}", soft_wrap=True)
    return all(finding.verdict is not Verdict.BAD for finding in findings)


# What the machine has: Python, cores, memory, disk, GPU, precision.

GB = 1e9
LEAST_PYTHON = (3, 11)
# What `small` needs on real archives: 2.8 GB resident (benchmarks/RESULTS.md); archives, tables, models and cache.
LEAST_MEMORY, LEAST_DISK = 4 * GB, 5 * GB


def machine_findings(root: Path) -> list[Finding]:
    """Everything about the machine; imports torch."""
    return [python(), git(), cores(), load(), memory(), disk(root), gpu(), precision()]


def python(version: tuple[int, ...] = sys.version_info[:3]) -> Finding:
    """The interpreter's version."""
    text = ".".join(map(str, version))
    if version < LEAST_PYTHON:
        return bad("Python", f"{text}, expected 3.11 or newer; make the environment anew with `make setup PYTHON=…`")
    return good("Python", text)


def git() -> Finding:
    """DVC's experiments are git's, commits by somebody with a name."""
    if not shutil.which("git"):
        return note("git", "not installed: `dvc repro` works (`dvc config core.no_scm true`), `dvc exp` does not")
    if not ask_git(Path("."), "var", "GIT_COMMITTER_IDENT"):
        ask = "git config --global user.name NAME; git config --global user.email ADDRESS"
        return note("git", f"installed, but does not know you: `{ask}`, or `dvc exp` and `git commit` refuse")
    return good("git", "installed")


def cores() -> Finding:
    """Cores that this process may use, and the threads that torch takes."""
    import torch

    count = usable_cores()
    text = f"{count}, torch uses {torch.get_num_threads()} threads ({platform.processor() or platform.machine()})"
    if torch.get_num_threads() < count // 2:
        return note("cores", f"{text}; unset OMP_NUM_THREADS to use more")
    return good("cores", text)


def load(seconds: float = 1.0) -> Finding:
    """What other processes use of the processor now: the estimates hold for a machine as busy as it is."""
    from hansard_bias.training import device

    watch = device.OtherWork()
    time.sleep(seconds)
    used = watch.cores()
    text = f"other processes use {used:.1f} of {os.cpu_count()} cores"
    if used < device.BUSY * (os.cpu_count() or 1):
        return good("load", text)
    return note("load", f"{text}: trainings and the estimates below are slower than on this machine alone")


def memory() -> Finding:
    """The machine's memory."""
    free = available_bytes()
    text = f"{psutil.virtual_memory().total / GB:.1f} GB, {free / GB:.1f} GB of it free"
    wanted = f": enough for the sample; real archives want {LEAST_MEMORY / GB:.0f} GB"
    return good("memory", text) if free >= LEAST_MEMORY else note("memory", text + wanted)


def available_bytes() -> int:
    """Memory that can be had without swapping."""
    return int(psutil.virtual_memory().available)


def disk(root: Path) -> Finding:
    """Room beside the project."""
    free = shutil.disk_usage(root).free
    text = f"{free / GB:.1f} GB free"
    wanted = f": enough for the sample; real archives want {LEAST_DISK / GB:.0f} GB and more"
    return good("disk", text) if free >= LEAST_DISK else note("disk", text + wanted)


def gpu() -> Finding:
    """The GPU that training would use, or why it would not use one."""
    import torch

    if torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info()
        return good("GPU", f"{torch.cuda.get_device_name()}, {total / GB:.0f} GB, {free / GB:.0f} GB of it free")
    if shutil.which("nvidia-smi"):
        return note("GPU", f"there may be one, but torch {torch.__version__} cannot use it: install its CUDA build")
    return note("GPU", "none: models train on the CPU, which `sample` and `small` are made for")


def precision() -> Finding:
    """What `train.precision: auto` takes, and how fast matrices are multiplied."""
    from hansard_bias.training import device

    chosen = device.choose_precision("auto")
    rates = {name: device.peak_flops(name, repeats=4) / 1e12 for name in dict.fromkeys(("fp32", chosen))}
    text = ", ".join(f"{name} {rate:.2f} TFLOP/s" for name, rate in rates.items())
    return good("precision", f"auto takes {chosen}; matrix products: {text}")


# What the project's folder has: packages as pinned, archives, folders to write to.

CONSTRAINTS = Path("constraints.txt")
MOST_NAMED = 4


def project_findings(root: Path) -> list[Finding]:
    """Everything about the folder."""
    findings = [packages(root / CONSTRAINTS), folders(root)]
    try:
        config = load_config(root / PARAMS_FILE)
    except ValueError as error:
        return [*findings, bad("params.yaml", str(error))]
    archives = (archive(name, corpus.path, root) for name, corpus in config.corpora.items())
    return [*findings, good("params.yaml", "valid"), *archives]


def packages(constraints: Path) -> Finding:
    """Installed packages against the pins; what is pinned for development only may be missing."""
    if not constraints.is_file():
        return bad("packages", f"{constraints.name}: no such file; run this in the project's root")
    pins = dict(re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", constraints.read_text(encoding="utf-8"), flags=re.MULTILINE))
    missing = [name for name in _required() if _installed(name) is None]
    if missing:
        return bad("packages", f"not installed: {', '.join(missing)}; run `make setup`")
    found = {name: has for name in pins if (has := _installed(name)) is not None}
    # What follows the plus names the build: torch 2.13.0+cpu is torch 2.13.0.
    differing = [name for name, has in found.items() if has.split("+")[0] != pins[name].split("+")[0]]
    if differing:
        named = ", ".join(f"{name} {found[name]} (pinned: {pins[name]})" for name in differing[:MOST_NAMED])
        more = f" and {len(differing) - MOST_NAMED} more" if len(differing) > MOST_NAMED else ""
        return note("packages", f"{named}{more}: numbers may differ a little; `make setup` installs the pinned ones")
    return good("packages", f"{len(found)} installed, all as pinned")


def folders(root: Path) -> Finding:
    """Whether results can be written."""
    problems = unwritable([root, root / "data", root / MODELS, *with_folders_below(root / METRICS)])
    return bad("folders", problems[0]) if problems else good("folders", "can be written")


def archive(name: str, text: str, root: Path) -> Finding:
    """Whether the archive at the path that params.yaml gives is there, and how large."""
    about, path = f"archive of {name}", root / text
    if path.exists():
        files = [path] if path.is_file() else path.rglob("*")
        size = sum(file.stat().st_size for file in files if file.is_file())
        return good(about, f"{text}, {size / 1e6:,.1f} MB")
    if Path(text).is_relative_to(SAMPLE):
        return good(about, f"{text}: the bundled sample, generated by `dvc repro`")
    return bad(about, f"{text} does not exist; correct corpora.{name}.path in params.yaml")


def _required() -> list[str]:
    # Extras are for development: whoever only runs the pipeline may lack them.
    names = [entry for entry in requires("hansard-bias") or [] if "extra ==" not in entry]
    return [re.split(r"[^A-Za-z0-9._-]", name)[0] for name in names]


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
