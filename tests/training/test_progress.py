"""What a person sees: a bar on a terminal, lines in a log, and each warning once, with its remedy."""

from __future__ import annotations

import io
import os
import re

import pytest
from rich.console import Console

from hansard_bias.training import device
from hansard_bias.training.progress import LAST_TIMED_UPDATE, PlainProgress, ProgressBar, Speed, device_warnings, follow
from hansard_bias.training.state import CurvePoint, LoopState

SPEED = Speed(flops_per_token=1e6, peak_flops=1e12)
POINT = CurvePoint(20, 2.0, 0.001, 3.25, 3.5)


def states(updates: int, tokens_per_second: float) -> list[LoopState]:
    """A run's state after each of its updates of one second."""
    numbers = range(1, updates + 1)
    return [
        LoopState(update=n, tokens=int(n * tokens_per_second), seconds=float(n), loss_sum=7.5, loss_count=3)
        for n in numbers
    ]


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever else runs where the tests run."""
    monkeypatch.setattr(device.OtherWork, "cores", lambda self: 0.0)


def console(terminal: bool) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=100)


def test_lines_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    watch = follow(40, SPEED, console(False))
    with watch:
        watch.after_update(states(1, 900.0)[0], 0.001)
        watch.after_evaluation(POINT, 900.0)
    assert type(watch) is PlainProgress
    printed = capsys.readouterr().out
    assert printed == "update 20/40  epoch 2.0  train 3.250  validation 3.500  900 tokens/s\n"


def test_a_bar_on_a_terminal() -> None:
    screen = console(True)
    with follow(40, SPEED, screen) as watch:
        assert isinstance(watch, ProgressBar)
        watch.say("resumed at update 18 of 40")
        for state in states(20, 900.0)[18:]:
            watch.after_update(state, 0.00012)
        watch.after_evaluation(POINT, 900.0)
        watch.progress.refresh()
        shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.file.getvalue())
    assert "resumed at update 18 of 40\n" in shown
    assert "train 3.250  validation 3.500" in shown
    last = shown.splitlines()[-1]
    assert last.startswith("20/40")
    assert "loss 2.500 · rate 1.20e-04 · 900 tokens/s" in last
    assert re.search(r"[-\d]:[-\d]{2}", last), "time left"


@pytest.mark.parametrize(("tokens_per_second", "told"), [(90_000.0, 1), (110_000.0, 0)])
def test_low_throughput_is_told_once(tokens_per_second: float, told: int, capsys: pytest.CaptureFixture[str]) -> None:
    watch = PlainProgress(200, SPEED)
    for state in states(3 * LAST_TIMED_UPDATE, tokens_per_second):
        watch.after_update(state, 0.001)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == told
    assert all("use 9.0% of this device's 1,000 GFLOP/s; stop other work" in line for line in lines)


def test_a_busy_machine_is_told_instead(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(device.OtherWork, "cores", lambda self: 1.9)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    watch = PlainProgress(200, SPEED)
    for state in states(3 * LAST_TIMED_UPDATE, 155.0):
        watch.after_update(state, 0.001)
    (line,) = capsys.readouterr().err.splitlines()
    assert "this machine is busy: other processes use 1.9 of its 2 cores, and 155 tokens/s are less" in line


def test_slow_first_updates_are_not_held_against_the_device(capsys: pytest.CaptureFixture[str]) -> None:
    watch = PlainProgress(200, SPEED)
    for state in states(LAST_TIMED_UPDATE, 110_000.0):
        state.seconds += 60
        watch.after_update(state, 0.001)
    assert capsys.readouterr().err == ""


def test_no_gpu_is_missed_where_a_cpu_will_do() -> None:
    """The sample and `preset small` are made for a CPU: their runs begin without a warning."""
    for flops, told in ((2e7, 0), (5e8, 1)):
        assert len(device_warnings("auto", "bf16", False, True, flops)) == told


@pytest.mark.parametrize(
    ("asked", "precision", "gpu", "bf16", "said"),
    [
        ("auto", "bf16", True, True, []),
        ("fp32", "fp32", True, True, []),
        ("auto", "fp32", True, False, ["try train.precision=fp16"]),
        ("auto", "bf16", False, True, ["install the CUDA build of torch"]),
        ("auto", "fp32", False, False, ["install the CUDA build of torch", "one with AVX512-BF16 or AMX"]),
        ("bf16", "bf16", True, False, ["auto or fp32 is faster here"]),
    ],
)
def test_every_warning_names_a_remedy(asked: str, precision: str, gpu: bool, bf16: bool, said: list[str]) -> None:
    lines = device_warnings(asked, precision, gpu, bf16)
    assert len(lines) == len(said)
    assert all(part in line and "\n" not in line for part, line in zip(said, lines, strict=True))
