"""The command line: what dvc.yaml calls is what a person can call. Everything heavy is imported where it is used."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from safetensors import SafetensorError

from hansard_bias.base.messages import one_line
from hansard_bias.base.work import Interrupted, Interruption, die_with_dvc
from hansard_bias.operations.commands import commands
from hansard_bias.operations.integrity import require_integrity
from hansard_bias.operations.lock import CALIBRATION
from hansard_bias.params import load_config
from hansard_bias.pipeline.arguments import corpus_config, known_part, run_config, stage_config

if TYPE_CHECKING:
    from hansard_bias.tracking.training import TrainingRun

app = typer.Typer(
    help="Does a language model that learned from one legislature's speech misread another's?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

KILLED = "the experiment was killed: its folder is gone; queue it again, and it goes on from its last checkpoint"

CorpusName = Annotated[str, typer.Argument(metavar="CORPUS", help="A corpus of params.yaml, for example nunavut.")]
ModelName = Annotated[str, typer.Argument(metavar="MODEL", help="A model of params.yaml, for example mixed.")]
Seed = Annotated[int, typer.Argument(metavar="SEED", help="One of train.seeds.")]


def main() -> None:
    """Run a command; a user's mistake is one line and exit status 2, an interruption one line and 130 or 143."""
    # Before anything heavy is imported: both must hold while that lasts, too.
    die_with_dvc()
    folder = Path.cwd()
    share_cores(folder)
    try:
        app()
    except Interrupted as stop:
        print(f"hansard-bias: {stop}", file=sys.stderr)
        sys.exit(stop.status)
    except (ValueError, OSError, SafetensorError) as error:
        if os.environ.get("HANSARD_BIAS_DEBUG") or not _is_for_users(error):
            raise
        message = KILLED if _was_removed(folder) else one_line(str(error), longest=2000)
        print(f"hansard-bias: {message}", file=sys.stderr)
        sys.exit(2)


def share_cores(folder: Path) -> None:
    """In the workspace of a DVC experiment, beside which others may run, let OpenMP's threads spin only briefly.

    GCC's OpenMP lets a waiting thread spin 300,000 times, on a core that the other experiment needs: two of the
    sample's trainings on two cores then ran at a tenth of their speed each, with 1,000 turns at two fifths (LOG.md).
    Alone it costs up to a tenth. It is read when torch is imported, and no bit of a result depends on it.
    """
    if _is_workspace(folder):
        os.environ.setdefault("GOMP_SPINCOUNT", "1000")


def _is_workspace(folder: Path) -> bool:
    return ".dvc/tmp/exps" in folder.as_posix()


def _was_removed(folder: Path) -> bool:
    """Whether DVC took the experiment's workspace away, as `dvc queue kill` does while the stage still runs."""
    return _is_workspace(folder) and not all((folder / name).exists() for name in ("dvc.yaml", "metrics"))


@app.command()
def check() -> None:
    """Validate params.yaml, the archives' paths and the probes; mend what a killed dvc broke off."""
    from hansard_bias.operations.integrity import repair
    from hansard_bias.pipeline import check as stage

    for line in repair():
        print(line)
    config = load_config()
    stage.run(config)
    trainings = f"{len(config.models)} models x {len(config.train.seeds)} seeds"
    print(f"params.yaml is valid: {len(config.corpora)} corpora, {trainings}")


@app.command()
def sample() -> None:
    """Generate the bundled sample: two legislatures in the real archive formats."""
    from hansard_bias.pipeline import sample as stage

    stage.run(stage_config("sample"))


@app.command()
def corpus(name: CorpusName) -> None:
    """Read one archive into a table of speeches."""
    from hansard_bias.pipeline import corpus as stage

    stage.run(corpus_config("corpus", name), name)


@app.command()
def align() -> None:
    """Align the corpora: window, duplicates, splits, mixtures, audits."""
    from hansard_bias.pipeline import align as stage

    stage.run(stage_config("align"))


@app.command()
def tokenizer() -> None:
    """Train the tokenizer that all models share."""
    from hansard_bias.pipeline import tokenizer as stage

    stage.run(stage_config("tokenizer"))


@app.command()
def encode(name: CorpusName) -> None:
    """Encode one aligned corpus as word pieces."""
    from hansard_bias.pipeline import encode as stage

    corpus_config("encode", name)
    stage.run(name)


@app.command()
def train(
    model: ModelName,
    seed: Seed,
    resume_from: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Go on from this checkpoint folder, also one of another run.")
    ] = None,
) -> None:
    """Train one model with one seed; goes on from the last checkpoint after an interruption."""
    config = run_config("train", model, seed)
    # Read by torch when it is imported: large tensors in large pages, which trains a few per cent faster.
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    interruption = Interruption()
    with interruption.caught():
        from hansard_bias.pipeline import train as stage

        def mlflow_run(key: str) -> AbstractContextManager[TrainingRun]:
            """Only the main process tracks, and only it waits for MLflow's import."""
            from hansard_bias.tracking import training_run

            return training_run(config, model, seed, key)

        stage.run(config, model, seed, resume_from=resume_from, interruption=interruption, log=mlflow_run)


@app.command()
def score(model: ModelName, seed: Seed) -> None:
    """Score every test speech of every corpus with one model; goes on where it was after an interruption."""
    config = run_config("score", model, seed)
    with Interruption().caught():
        from hansard_bias.pipeline import score as stage

        stage.run(config, model, seed)


@app.command()
def probe(model: ModelName, seed: Seed) -> None:
    """Ask one model what fills the prompts' gaps."""
    config = run_config("probe", model, seed)
    from hansard_bias.pipeline import probe as stage

    stage.run(config, model, seed)


@app.command()
def bias() -> None:
    """Compute the matrix, the measures, their intervals and tests."""
    from hansard_bias.pipeline import bias as stage

    stage.run(stage_config("bias"))


@app.command()
def report() -> None:
    """Build the page and mirror the comparison to MLflow."""
    from hansard_bias.operations.lock import require_parameters
    from hansard_bias.pipeline import report as stage

    config = stage_config("report")
    require_parameters(config)
    stage.run(config)
    from hansard_bias.tracking import record_comparison

    record_comparison(config)


@app.command()
def calibrate(
    part: Annotated[str, typer.Argument(metavar="[PART]", help="base, halves, dose or verdict; without it: all.")] = "",
) -> None:
    """Check the instrument on studies with a known answer (settings: calibration/params.yaml)."""
    from hansard_bias.calibration.config import load_calibration

    parts = ("base", "halves", "dose", "verdict")
    if part:
        known_part(part, parts)
    settings = load_calibration()
    for each in (part,) if part else parts:
        require_integrity(each, {}, pipeline=CALIBRATION)
        if each == "verdict":
            from hansard_bias.pipeline import verdict

            for metric, word in verdict.run(settings).items():
                print(f"{metric}: {word}")
        else:
            from hansard_bias.pipeline import calibrate as stage

            stage.run(each, settings)


@app.command()
def summary() -> None:
    """Print the matrix, the measures with intervals, and where the page and the runs are."""
    from hansard_bias.operations.summary import print_summary

    print_summary(load_config())


# Without a name its commands stand among these.
app.add_typer(commands)


@app.command(hidden=True)
def plots_page() -> None:
    """Write the offline page for `dvc plots` (done by `make setup`)."""
    from hansard_bias.operations.commands import write_plots_page

    write_plots_page()


@app.command()
def doctor(
    speed: Annotated[bool, typer.Option(help="Measure how fast each preset's model trains: half a minute.")] = True,
) -> None:
    """Check machine, packages, archives and folders, and estimate what can be trained here in what time."""
    from hansard_bias.operations.doctor import examine

    if not examine(speed):
        raise typer.Exit(1)


@app.command()
def preset(
    name: Annotated[str, typer.Argument(metavar="NAME", help="sample, small or production.")],
    path: Annotated[
        list[str] | None, typer.Option(metavar="CORPUS=PATH", help="Where a corpus's archive lies; repeatable.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite settings that you changed yourself, too.")] = False,
) -> None:
    """Write a set of settings into params.yaml and print the difference; comments stay, and so do your own edits."""
    from hansard_bias.operations.presets import apply_preset

    for line in apply_preset(name, path or [], force=force):
        print(line)


def _is_for_users(error: ValueError | OSError | SafetensorError) -> bool:
    """Whether a person can mend it: a wrong value, a missing file, a read-only folder, a full disk or quota."""
    mendable = (errno.ENOENT, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    if isinstance(error, SafetensorError):  # has the number in its text alone
        return any(f"(os error {number})" in str(error) for number in mendable)
    return isinstance(error, ValueError) or error.errno in mendable


if __name__ == "__main__":
    main()
