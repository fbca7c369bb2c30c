"""How fast a preset's model trains: measured, not guessed, and refused where memory is short."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from hansard_bias.operations import doctor as speed
from hansard_bias.operations.doctor import Estimate, duration, print_estimates, print_findings
from hansard_bias.operations.doctor_checks import bad, good
from hansard_bias.params import Config, load_config
from hansard_bias.training.state import LoopState
from helpers.project import ROOT


@pytest.fixture
def sample() -> Config:
    return load_config(ROOT / "params.yaml")


def test_the_trainer_itself_is_timed(sample: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "TemporaryDirectory", lambda prefix: Folder(tmp_path))
    large = replace(sample.train, batch_size=512)
    assert speed.tokens_per_second(replace(sample, train=large), 43, seconds=0.01) > 0
    assert list(tmp_path.iterdir()) == [], "a probe leaves nothing behind"


def test_the_first_update_does_not_count() -> None:
    watch, state = speed.Stopwatch(1.0), LoopState(micro_batch_tokens=1)
    for tokens, seconds in ((100, 5.0), (200, 5.5), (300, 6.0)):
        assert state.stopped_by == ""
        state.tokens, state.seconds = tokens, seconds
        watch.after_update(state, 0.0)
    assert state.stopped_by == "doctor"
    assert watch.rate() == 200.0


class Folder:
    """A temporary folder that a test can look into."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> str:
        return str(self.path)

    def __exit__(self, *_: object) -> None:
        """Keep it."""


def test_the_text_is_as_long_as_asked() -> None:
    text = speed.made_up_text(2048, 43, 2000, 128)
    assert text.windows.length.sum() == pytest.approx(2000 * 43, rel=0.1)
    pieces = text.corpora[0].tokens
    assert pieces.min() >= 5 and pieces.max() < 2048


def test_a_model_that_does_not_fit_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "available_bytes", lambda: 2_000_000_000)
    monkeypatch.setattr(speed.device, "has_gpu", lambda: False)
    monkeypatch.setattr(speed, "in_own_process", lambda config, pieces: 1000.0)
    found = {entry.preset: entry for entry in speed.estimates(ROOT / "params.yaml")}
    assert found["production"].problem.startswith("needs 2.")
    assert found["sample"].trainings == 9
    assert found["sample"].seconds == pytest.approx(3 * 86_000 * 6 * 3 / 1000)
    monkeypatch.setattr(speed, "in_own_process", lambda config, pieces: 0.0)
    assert next(speed.estimates(ROOT / "params.yaml")).problem == "ran out of memory"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "1 seconds"),
        (80, "80 seconds"),
        (100, "1.7 minutes"),
        (4000, "67 minutes"),
        (9000, "2.5 hours"),
        (9e6, "100 days"),
    ],
)
def test_durations_read_well(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_what_is_printed() -> None:
    file = io.StringIO()
    console = Console(file=file, width=120)
    assert print_findings([good("Python", "3.11.7")], console)
    assert not print_findings([bad("archive of [x]", "missing")], console)
    print_estimates(
        [Estimate("small", "text", 3, 4774.4, 3600.0), Estimate("production", "text", 9, 0, 0, "too large")], console
    )
    lines = file.getvalue().splitlines()
    assert lines[0] == "ok   Python: 3.11.7"
    assert lines[1] == "bad  archive of [x]: missing"
    small, production = (next(line for line in lines if name in line).split() for name in ("small", "production"))
    assert small == ["small", "text", "3", "4,774", "20", "minutes", "60", "minutes"]
    assert production[-2:] == ["too", "large"]
