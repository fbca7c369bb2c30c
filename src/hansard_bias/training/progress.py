"""What a person sees of a training: a bar on a terminal, lines in a log, and warnings that name a remedy."""

from __future__ import annotations

import math
import os
import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from hansard_bias.training import device
from hansard_bias.training.state import CurvePoint, LoopState

LEAST_UTILISATION = 0.10
SUITS_A_CPU = 1e8
"""Operations a token of models that a CPU trains in an hour: `sample` has 0.7 million, `small` 20, `production` 540."""
FIRST_TIMED_UPDATE, LAST_TIMED_UPDATE = 10, 50
"""Throughput is judged once, between these updates of a session: the first ones are slower on most devices."""


@dataclass(frozen=True)
class Speed:
    """What one token costs, and what the device could do."""

    flops_per_token: float
    peak_flops: float
    """Floating-point operations per second of matrix products, timed on the same devices and added up."""

    def utilisation(self, tokens_per_second: float) -> float:
        """Share of the device's rate that the model's own operations use."""
        return tokens_per_second * self.flops_per_token / self.peak_flops


class PlainProgress(AbstractContextManager["PlainProgress"]):
    """Follows a run in plain lines, as a log file wants them: one an evaluation."""

    def __init__(self, total: int, speed: Speed | None = None, processes: int = 1) -> None:
        self.total, self.speed, self.processes = total, speed, processes
        self._updates = 0
        self._timed_from = (0, 0.0)
        self._others = device.OtherWork()

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""

    def say(self, line: str) -> None:
        """Print one line."""
        print(line, flush=True)

    def after_update(self, state: LoopState, learning_rate: float) -> None:
        """Count the update; warn once where the device has much more to give."""
        self._updates += 1
        if self._updates == FIRST_TIMED_UPDATE:
            self._timed_from = (state.tokens, state.seconds)
            self._others = device.OtherWork(self.processes)
        if self._updates == LAST_TIMED_UPDATE and self.speed is not None:
            tokens, seconds = self._timed_from
            rate = (state.tokens - tokens) / max(1e-9, state.seconds - seconds)
            others = self._others.cores()
            warn([busy_warning(rate, others) or throughput_warning(self.speed, rate)])

    def after_evaluation(self, point: CurvePoint, tokens_per_second: float) -> None:
        """Print the curve's newest row."""
        self.say(
            f"update {point.update}/{self.total}  epoch {point.epoch:.1f}  train {point.train_loss:.3f}  "
            f"validation {point.validation_loss:.3f}  {tokens_per_second:,.0f} tokens/s"
        )


class ProgressBar(PlainProgress):
    """Follows a run with a progress bar under the lines."""

    def __init__(self, total: int, speed: Speed | None, console: Console, processes: int = 1) -> None:
        super().__init__(total, speed, processes)
        columns = (MofNCompleteColumn(), BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
        self.progress = Progress(*columns, console=console, refresh_per_second=2, transient=True)
        self._task = TaskID(0)
        self._session: tuple[int, float] | None = None

    def __enter__(self) -> ProgressBar:
        self.progress.start()
        self._task = self.progress.add_task("", total=self.total)
        return self

    def __exit__(self, *_: object) -> None:
        """Take the bar away; the lines stay."""
        self.progress.stop()

    def say(self, line: str) -> None:
        """Print one line above the bar."""
        self.progress.console.print(line, highlight=False, markup=False, soft_wrap=True)

    def after_update(self, state: LoopState, learning_rate: float) -> None:
        """Move the bar: mean loss since the last evaluation, learning rate, speed of this session."""
        super().after_update(state, learning_rate)
        # A resumed run's bar begins where the run stands, and its speed is that of this session.
        if self._session is None:
            self._session = (state.tokens, state.seconds)
            self.progress.reset(self._task, completed=state.update)
        tokens, seconds = self._session
        elapsed = state.seconds - seconds
        rate = f"{(state.tokens - tokens) / elapsed:,.0f} tokens/s" if elapsed else "-"
        loss = f"{state.loss_sum / state.loss_count:.3f}" if state.loss_count else "-"
        text = f"loss {loss} · rate {learning_rate:.2e} · {rate} ·"
        self.progress.update(self._task, completed=state.update, description=text)


def follow(total: int, speed: Speed, console: Console | None = None, processes: int = 1) -> PlainProgress:
    """A bar where standard output is a terminal, else lines."""
    console = console or Console()
    if console.is_terminal:
        return ProgressBar(total, speed, console, processes)
    return PlainProgress(total, speed, processes)


def warn(lines: list[str]) -> None:
    """Print warnings on standard error, one line each."""
    for line in filter(None, lines):
        print(f"hansard-bias: warning: {line}", file=sys.stderr, flush=True)


def device_warnings(
    asked: str, precision: str, gpu: bool, fast_bf16: bool, flops_per_token: float = math.inf
) -> list[str]:
    """What this device lacks, and what to do about it.

    asked, precision: `train.precision` and what came of it. gpu, fast_bf16: what the device has. flops_per_token: what
    the model costs; one that suits a CPU wants no GPU.
    """
    lines = []
    if not gpu and flops_per_token > SUITS_A_CPU:
        lines.append(
            f"no GPU is used, training runs on {device.device_name()}; if this machine has one, look at `nvidia-smi` "
            "and install the CUDA build of torch; if not, `hansard-bias preset small` fits a CPU"
        )
    if asked == "auto" and precision == "fp32":
        remedy = "one with AVX512-BF16 or AMX, or a GPU, is several times as fast"
        kind, remedy = ("GPU", "try train.precision=fp16") if gpu else ("CPU", remedy)
        lines.append(f"train.precision auto fell back to fp32: this {kind} does not compute bf16; {remedy}")
    if precision == "bf16" and not fast_bf16:
        lines.append("train.precision is bf16, which this device only imitates slowly; auto or fp32 is faster here")
    return lines


def busy_warning(tokens_per_second: float, others: float) -> str:
    """A line where other processes use more than a quarter of the cores, else nothing; others: the cores they use."""
    cores = os.cpu_count() or 1
    # On a GPU the processor hardly matters.
    if others < device.BUSY * cores or device.has_gpu():
        return ""
    return (
        f"this machine is busy: other processes use {others:.1f} of its {cores} cores, and {tokens_per_second:,.0f} "
        "tokens/s are less than it gives alone; stop them or wait, nothing is lost by Ctrl-C and the same command later"
    )


def throughput_warning(speed: Speed, tokens_per_second: float) -> str:
    """A line when the model uses less than a tenth of what the device can do, else nothing."""
    utilisation = speed.utilisation(tokens_per_second)
    if utilisation >= LEAST_UTILISATION:
        return ""
    return (
        f"{tokens_per_second:,.0f} tokens/s use {utilisation:.1%} of this device's {speed.peak_flops / 1e9:,.0f} "
        "GFLOP/s; stop other work on it, set train.gradient_accumulation to 1, or try a larger train.batch_size "
        "(small models and updates cannot fill a device)"
    )
