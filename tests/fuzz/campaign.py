"""Coverage-guided fuzzing of every reader (`make fuzz`): atheris looks for bytes that reach new code.

    python tests/fuzz/campaign.py --minutes 60 [TARGET ...]

Every kind of failure is kept once, as a file under .fuzz/found/; what reached new code stays in .fuzz/corpus/ and is
where the next run begins. `--keep` writes the smallest set of these to tests/fuzz/corpus/, which the tests replay.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
WORK = ROOT / ".fuzz"
SLOWEST_SECONDS = 20
"""For one input of a few kilobytes."""
MEMORY_MEGABYTES = 1500
LARGEST_INPUT = 6000
INSTRUMENTED = ["hansard_bias", "tarfile", "html", "openpyxl", "zipfile"]
"""ruamel.yaml is left out: watched, it is ten times as slow."""


def main() -> int:
    """Fuzz the targets in turn; the exit status tells whether something was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    parser.add_argument("--minutes", type=float, default=60, help="in all (default: 60)")
    parser.add_argument("--keep", action="store_true", help="write tests/fuzz/corpus anew from what was found")
    parser.add_argument("--one", type=float, metavar="SECONDS", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        fuzz_one(chosen.targets[0], chosen.one)
    from fuzz.targets import TARGETS

    names = chosen.targets or list(TARGETS)
    if unknown := set(names) - set(TARGETS):
        parser.error(f"no target {', '.join(unknown)}, expected some of {', '.join(TARGETS)}")
    found = 0
    print(f"{'target':12} {'inputs':>9} {'seconds':>8} {'coverage':>9} {'kept':>6} {'found':>6}", flush=True)
    for name in names:
        found += fuzz(name, 60 * chosen.minutes / len(names))
        if chosen.keep:
            keep(name)
    return found > 0


def fuzz(name: str, seconds: float) -> int:
    """Fuzz one target in processes of its own: a time-out or a crash of a library ends one. Returns what was found."""
    from fuzz.seeds import SEEDS, WORDS

    corpus, found = WORK / "corpus" / name, WORK / "found" / name
    for folder in (corpus, found):
        folder.mkdir(parents=True, exist_ok=True)
    for seed in (*SEEDS[name], *kept(name)):
        (corpus / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    words = "".join(f'"{_quoted(word)}"\n' for word in WORDS[name])
    (WORK / f"{name}.dict").write_text(words, encoding="ascii")
    inputs, coverage, begun = 0, "", time.monotonic()
    while (left := begun + seconds - time.monotonic()) > 1:
        command = [sys.executable, __file__, name, "--one", str(left)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace")
        (WORK / f"{name}.log").write_text(done.stdout + done.stderr, encoding="utf-8")
        progress = re.findall(r"#(\d+)\s+\w+\s+cov: (\d+)", done.stderr)
        if not progress:
            raise SystemExit(f"{name} did not start:\n{done.stderr[-3000:]}")
        inputs, coverage = inputs + int(progress[-1][0]), progress[-1][1]
    took = time.monotonic() - begun
    failures = len(list(found.glob("*[!t]")))
    print(f"{name:12} {inputs:9,} {took:8.0f} {coverage:>9} {len(list(corpus.iterdir())):6} {failures:6}", flush=True)
    return failures


def _quoted(word: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word.encode())


def fuzz_one(name: str, seconds: float) -> None:
    """Never returns: libFuzzer ends the process."""
    import atheris

    with atheris.instrument_imports(include=INSTRUMENTED, enable_loader_override=False):
        from fuzz.targets import TARGETS
    from fuzz.oracle import watched

    target, found = TARGETS[name], WORK / "found" / name
    seen: set[str] = {path.name.partition("-")[0] for path in found.iterdir()}
    root = Path(tempfile.mkdtemp(prefix="fuzz-"))

    def once(data: bytes) -> None:
        folder = root / "case"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        try:
            with watched(folder):
                target(data, folder)
        except Exception as error:
            mark = hashlib.sha256(_place(error).encode()).hexdigest()[:8]
            if mark not in seen:
                seen.add(mark)
                (found / mark).write_bytes(data)
                (found / f"{mark}.txt").write_text("".join(traceback.format_exception(error))[-6000:], errors="replace")

    limits = [f"-timeout={SLOWEST_SECONDS}", f"-rss_limit_mb={MEMORY_MEGABYTES}", f"-max_len={LARGEST_INPUT}"]
    options = [f"-max_total_time={int(seconds) + 1}", f"-artifact_prefix={found}/", f"-dict={WORK / name}.dict"]
    atheris.Setup([name, *limits, *options, str(WORK / "corpus" / name)], once)
    atheris.Fuzz()


def _place(error: BaseException) -> str:
    """What tells one kind of failure from another: its type, and the last lines of the project and in all."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "hansard_bias" in frame.filename]
    places = [f"{frame.filename}:{frame.name}:{frame.line}" for frame in (*own[-2:], frames[-1])]
    said = re.sub(r"[^A-Za-z ]+.*", "", str(error))[:30] if type(error).__name__ == "FoundError" else ""
    return f"{type(error).__name__} {places} {said}"


def keep(name: str) -> None:
    """The smallest inputs that reach every line which the whole corpus reaches, as one file in git."""
    from fuzz.targets import TARGETS

    corpus = sorted((WORK / "corpus" / name).iterdir(), key=lambda path: (path.stat().st_size, path.name))
    known: set[tuple[str, int]] = set()
    chosen = []
    for path in corpus:
        lines = reached(TARGETS[name], path.read_bytes())
        if not lines <= known:
            known |= lines
            chosen.append(path)
    HERE.joinpath("corpus").mkdir(exist_ok=True)
    with zipfile.ZipFile(HERE / "corpus" / f"{name}.zip", "w") as file:
        for number, path in enumerate(chosen):
            # Without a date: the same bytes whenever it is written.
            file.writestr(zipfile.ZipInfo(f"{number:03d}"), path.read_bytes(), zipfile.ZIP_DEFLATED)
    print(f"{name}: {len(chosen)} of {len(corpus)} kept, {len(known)} lines", flush=True)


def reached(target: Callable[[bytes, Path], None], data: bytes) -> set[tuple[str, int]]:
    """The lines of the project that an input runs through."""
    lines: set[tuple[str, int]] = set()

    def trace(frame: FrameType, event: str, _: object) -> Any:
        if "hansard_bias" not in frame.f_code.co_filename:
            return None
        lines.add((frame.f_code.co_filename, frame.f_lineno))
        return trace

    with tempfile.TemporaryDirectory() as folder:
        sys.settrace(trace)
        try:
            target(data, Path(folder))
        finally:
            sys.settrace(None)
    return lines


def kept(name: str) -> list[bytes]:
    """The inputs that the tests replay."""
    path = HERE / "corpus" / f"{name}.zip"
    if not path.is_file():
        return []
    with zipfile.ZipFile(path) as file:
        return [file.read(entry) for entry in file.namelist()]


if __name__ == "__main__":
    sys.exit(main())
