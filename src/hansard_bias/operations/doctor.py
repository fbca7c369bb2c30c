"""The doctor: its findings, and what this machine can train in what time, by a few updates of every preset's model."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from hansard_bias.models.batches import MaskedText
from hansard_bias.models.network import build_model
from hansard_bias.operations.doctor_checks import (
    GB,
    available_bytes,
    machine_findings,
    print_findings,
    project_findings,
)
from hansard_bias.operations.presets import preset_config
from hansard_bias.params import PARAMS_FILE, Config, ConfigError, ModelConfig
from hansard_bias.tokens.encoded import EncodedCorpus, Windows, cut_windows
from hansard_bias.tokens.tokenizer import OWN_IDS
from hansard_bias.training import device
from hansard_bias.training.loop import Trainer
from hansard_bias.training.progress import PlainProgress
from hansard_bias.training.run_key import RunSpec
from hansard_bias.training.state import CurvePoint, LoopState, Silent


def examine(speed: bool, root: Path = Path("."), console: Console | None = None) -> bool:
    """Print every finding and, where `speed` is asked for, the estimates; returns whether nothing is bad."""
    console = console or Console(highlight=False, width=max(120, Console().width))
    healthy = print_findings([*machine_findings(root), *project_findings(root)], console)
    if not speed:
        return healthy
    try:
        print_estimates(estimates(root / PARAMS_FILE), console)
    except (ConfigError, OSError):
        console.print("No estimate without a valid params.yaml.")
    return healthy


def print_estimates(found: Iterable[Estimate], console: Console) -> None:
    """A table of what can be trained in what time."""
    title = "What this machine can train (an estimate from a few updates of each model, training alone)"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for column in ("preset", "text", "trainings", "pieces a second", "one training", "all trainings"):
        table.add_column(column, justify="left" if column in ("preset", "text") else "right")
    for entry in found:
        one, every = duration(entry.seconds / entry.trainings), duration(entry.seconds)
        times = ("-", "-", entry.problem) if entry.problem else (f"{entry.tokens_per_second:,.0f}", one, every)
        table.add_row(entry.preset, entry.text, str(entry.trainings), *times)
    console.print(table)
    console.print("More or less text takes proportionally longer or shorter; patience may end a training sooner.")


def duration(seconds: float) -> str:
    """A length of time with two digits, as a person would say it."""
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 1.5 * length:
            return f"{float(f'{seconds / length:.2g}'):g} {unit}"
    return f"{max(1, round(seconds))} seconds"


# The estimates.

# Windows of a probing update on a CPU, at most: a whole one of `production` may take half a minute.
CPU_WINDOWS = 8
LEAST_SECONDS, LEAST_MARKS = 2.0, 2
# Of every parameter: the weight, its gradient and AdamW's two moments, in fp32.
OPTIMIZER_BYTES = 16


@dataclass(frozen=True)
class Text:
    """How much text a preset is meant for."""

    tokens: float  # training tokens of all its models together, in one epoch and with one seed
    tokens_per_speech: int
    words: str


TEXTS = {
    "sample": Text(3 * 86_000, 43, "the bundled sample"),
    "small": Text(3 * 0.5e6, 104, "0.4 million words a model"),
    # 80 and 195 words a speech of 1.3 tokens each, C of both (benchmarks/memory.py).
    "production": Text(121_886 * 104 + 374_817 * 253 + 125_666 * 178, 209, "the study's 622,369 training speeches"),
}


@dataclass(frozen=True)
class Estimate:
    """How long the trainings of one preset take here."""

    preset: str
    text: str
    trainings: int
    tokens_per_second: float  # 0 where the model was not tried
    seconds: float
    problem: str = ""


def estimates(file: Path = PARAMS_FILE) -> Iterator[Estimate]:
    """One estimate a preset, as soon as it is measured."""
    for name, text in TEXTS.items():
        config = preset_config(name, file)
        seeds = len(config.train.seeds)
        problem = memory_problem(config.model, config.tokenizer.vocab_size)
        rate = 0.0 if problem else in_own_process(config, text.tokens_per_speech)
        problem = problem or ("" if rate else "ran out of memory")
        seconds = text.tokens * config.train.epochs * seeds / rate if rate else 0.0
        yield Estimate(name, text.words, 3 * seeds, rate, seconds, problem)


def in_own_process(config: Config, tokens_per_speech: int) -> float:
    """`tokens_per_second` where no other model's precision and memory linger; 0.0 where the system killed it."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        try:
            return pool.submit(tokens_per_second, config, tokens_per_speech).result()
        except BrokenProcessPool:
            return 0.0


def memory_problem(model: ModelConfig, vocabulary: int) -> str:
    """Why the model is better not tried here, or nothing."""
    # ModernBERT's inner layer has a gate.
    inner = (3 if model.architecture == "modernbert" else 2) * model.hidden_size * model.intermediate_size
    layer = 4 * model.hidden_size**2 + inner
    weights = model.num_hidden_layers * layer + (vocabulary + model.max_position_embeddings) * model.hidden_size
    needed = weights * OPTIMIZER_BYTES + 1 * GB
    if device.has_gpu() or needed < available_bytes():
        return ""
    return f"needs {needed / GB:.1f} GB of memory, {available_bytes() / GB:.1f} GB are free"


def tokens_per_second(config: Config, tokens_per_speech: int, seconds: float = LEAST_SECONDS) -> float:
    """Tokens that the trainer reads in a second, after its first update; it trains for at least so many seconds."""
    vocabulary, batch = config.tokenizer.vocab_size, config.train.batch_size
    if not device.has_gpu():
        batch = min(batch, CPU_WINDOWS)
    train = replace(config.train, batch_size=batch, max_steps=0, epochs=1000, eval_every=10**9, save_every=10**9)
    text = made_up_text(vocabulary, tokens_per_speech, 16 * batch, config.model.max_position_embeddings)
    watch = Stopwatch(seconds)
    # The project's own trainer, so that the estimate holds what a real update costs.
    with TemporaryDirectory(prefix="hansard-bias-doctor-") as folder:
        spec = RunSpec(train, 0, text, text, 16, Path(folder) / "checkpoints", Path(folder) / "curve.csv")
        precision = device.choose_precision(train.precision)
        trainer = Trainer(spec, build_model(config.model, vocabulary, seed=0), precision, Silent())
        trainer.progress = watch
        trainer.run()
    return watch.rate()


def made_up_text(vocabulary: int, tokens: int, speeches: int, positions: int) -> MaskedText:
    """Random tokens in speeches of exponentially distributed length, as parliaments roughly have them."""
    draw = np.random.default_rng(0)
    lengths = np.maximum(4, draw.exponential(tokens, speeches)).astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    drawn = draw.integers(len(OWN_IDS.every), vocabulary, int(lengths.sum())).astype(np.uint16)
    corpus = EncodedCorpus(drawn, starts, lengths, pa.table({"speech_id": [str(row) for row in range(speeches)]}))
    windows: Windows = cut_windows([corpus], [np.arange(speeches)], positions)
    return MaskedText([corpus], windows, 0, 0.15, vocabulary, OWN_IDS)


class Stopwatch(PlainProgress):
    """Follows a training in silence and ends it when enough of it was seen."""

    def __init__(self, seconds: float) -> None:
        super().__init__(0)
        self.seconds = seconds
        self._marks: list[tuple[int, float]] = []

    def say(self, line: str) -> None:
        """Nothing."""

    def after_evaluation(self, point: CurvePoint, tokens_per_second: float) -> None:
        """Nothing."""

    def after_update(self, state: LoopState, learning_rate: float) -> None:
        """Note the time; end the run."""
        self._marks.append((state.tokens, state.seconds))
        if len(self._marks) >= LEAST_MARKS and state.seconds - self._marks[0][1] >= self.seconds:
            state.stopped_by = "doctor"

    def rate(self) -> float:
        """Tokens a second, after the first update."""
        (before, begun), (tokens, ended) = self._marks[0], self._marks[-1]
        return (tokens - before) / (ended - begun)
