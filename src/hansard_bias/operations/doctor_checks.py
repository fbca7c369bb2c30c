"""What the doctor finds: one line a question."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from enum import Enum
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from hansard_bias.base.files import METRICS, MODELS, SAMPLE, unwritable, with_folders_below
from hansard_bias.params import PARAMS_FILE, Config, load_config


class Verdict(Enum):
    """How much a finding matters."""

    GOOD = "ok"
    NOTE = "note"
    """Works, but slower or otherwise than elsewhere."""
    BAD = "bad"
    """Something will fail until it is mended."""


@dataclass(frozen=True)
class Finding:
    """The answer to one question, with the remedy where one is needed."""

    verdict: Verdict
    about: str
    text: str


def good(about: str, text: str) -> Finding:
    """Nothing to do."""
    return Finding(Verdict.GOOD, about, text)


def note(about: str, text: str) -> Finding:
    """Worth knowing."""
    return Finding(Verdict.NOTE, about, text)


def bad(about: str, text: str) -> Finding:
    """To be mended."""
    return Finding(Verdict.BAD, about, text)


# What the machine has: Python, cores, memory, disk, GPU, precision.

GB = 1e9
LEAST_PYTHON = (3, 11)
LEAST_MEMORY, LEAST_DISK = 4 * GB, 5 * GB
"""What `small` needs on real archives: 2.8 GB resident (benchmarks/RESULTS.md); archives, tables, models and cache."""
MEMINFO = Path("/proc/meminfo")


def machine_findings(root: Path) -> list[Finding]:
    """Everything about the machine; imports torch."""
    return [python(), git(), cores(), memory(), disk(root), gpu(), precision()]


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
    if subprocess.run(["git", "var", "GIT_COMMITTER_IDENT"], capture_output=True, check=False).returncode:
        ask = "git config --global user.name NAME; git config --global user.email ADDRESS"
        return note("git", f"installed, but does not know you: `{ask}`, or `dvc exp` and `git commit` refuse")
    return good("git", "installed")


def cores() -> Finding:
    """Cores that this process may use, and the threads that torch takes."""
    import torch

    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    text = f"{count}, torch uses {torch.get_num_threads()} threads ({platform.processor() or platform.machine()})"
    if torch.get_num_threads() < count // 2:
        return note("cores", f"{text}; unset OMP_NUM_THREADS to use more")
    return good("cores", text)


def memory() -> Finding:
    """The machine's memory."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    free = available_bytes()
    text = f"{total / GB:.1f} GB, {free / GB:.1f} GB of it free"
    if free < LEAST_MEMORY:
        return note("memory", f"{text}: enough for the sample; real archives want {LEAST_MEMORY / GB:.0f} GB")
    return good("memory", text)


def available_bytes(meminfo: Path = MEMINFO) -> int:
    """Memory that can be had without swapping; all of it where the system does not say."""
    if meminfo.is_file():
        for line in meminfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def disk(root: Path) -> Finding:
    """Room beside the project."""
    free = shutil.disk_usage(root).free
    text = f"{free / GB:.1f} GB free"
    if free < LEAST_DISK:
        return note("disk", f"{text}: enough for the sample; real archives want {LEAST_DISK / GB:.0f} GB and more")
    return good("disk", text)


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
_MOST_NAMED = 4


def project_findings(root: Path) -> list[Finding]:
    """Everything about the folder."""
    findings = [packages(root / CONSTRAINTS), folders(root)]
    try:
        config = load_config(root / PARAMS_FILE)
    except ValueError as error:
        return [*findings, bad("params.yaml", str(error))]
    return [*findings, good("params.yaml", "valid"), *archives(config, root)]


def packages(constraints: Path) -> Finding:
    """Installed packages against the pins; what is pinned for development only may be missing."""
    if not constraints.is_file():
        return bad("packages", f"{constraints.name}: no such file; run this in the project's root")
    pins = dict(re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", constraints.read_text(encoding="utf-8"), flags=re.MULTILINE))
    missing = [name for name in _required() if _installed(name) is None]
    if missing:
        return bad("packages", f"not installed: {', '.join(missing)}; run `make setup`")
    found = {name: _installed(name) for name in pins}
    other = [
        f"{name} {has} (pinned: {pins[name]})"
        for name, has in found.items()
        # What follows the plus names the build: torch 2.13.0+cpu is torch 2.13.0.
        if has is not None and has.split("+")[0] != pins[name].split("+")[0]
    ]
    if other:
        more = f" and {len(other) - _MOST_NAMED} more" if len(other) > _MOST_NAMED else ""
        remedy = "numbers may differ a little; `make setup` installs the pinned ones"
        return note("packages", f"{', '.join(other[:_MOST_NAMED])}{more}: {remedy}")
    return good("packages", f"{sum(has is not None for has in found.values())} installed, all as pinned")


def folders(root: Path) -> Finding:
    """Whether results can be written."""
    problems = unwritable([root, root / "data", root / MODELS, *with_folders_below(root / METRICS)])
    if problems:
        return bad("folders", problems[0])
    return good("folders", "can be written")


def archives(config: Config, root: Path) -> list[Finding]:
    """Whether every corpus's archive is there, and how large."""
    return [_archive(name, config.corpora[name].path, root) for name in config.corpora]


def _archive(name: str, text: str, root: Path) -> Finding:
    about, path = f"archive of {name}", root / text
    if path.exists():
        return good(about, f"{text}, {_bytes(path) / 1e6:,.1f} MB")
    if Path(text).is_relative_to(SAMPLE):
        return good(about, f"{text}: the bundled sample, generated by `dvc repro`")
    return bad(about, f"{text} does not exist; correct corpora.{name}.path in params.yaml")


def _bytes(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum((Path(folder) / name).stat().st_size for folder, _, names in os.walk(path) for name in names)


def _required() -> list[str]:
    """The project's direct dependencies, without those of its extras."""
    names = [entry for entry in requires("hansard-bias") or [] if "extra ==" not in entry]
    return [re.split(r"[^A-Za-z0-9._-]", name)[0] for name in names]


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
