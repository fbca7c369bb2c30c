"""The command line: what dvc.yaml calls is what a person can call. Everything heavy is imported where it is used."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hansard_bias.base.command import run_command
from hansard_bias.base.messages import require_known, say
from hansard_bias.base.work import Interruption
from hansard_bias.operations.integrity import repair, require_integrity, verified
from hansard_bias.operations.lock import CALIBRATION
from hansard_bias.operations.skeleton import probes
from hansard_bias.params import Config, load_config
from hansard_bias.pipeline.arguments import corpus_config, run_config, stage_config

if TYPE_CHECKING:
    from hansard_bias.tracking.training import TrainingRun

app = typer.Typer(
    help="Does a language model that learned from one legislature's debates predict another's worse?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.add_typer(probes, name="probes")

PARTS = ("base", "halves", "dose", "verdict")

CorpusName = Annotated[str, typer.Argument(metavar="CORPUS", help="A corpus of params.yaml, for example nunavut.")]
ModelName = Annotated[str, typer.Argument(metavar="MODEL", help="A model of params.yaml, for example mixed.")]
Seed = Annotated[int, typer.Argument(metavar="SEED", help="One of train.seeds.")]
Checkpoint = Annotated[
    Path | None, typer.Option(metavar="PATH", help="Go on from this checkpoint folder, also one of another run.")
]
Part = Annotated[str, typer.Argument(metavar="[PART]", help="base, halves, dose or verdict; without it: all.")]
Speed = Annotated[bool, typer.Option(help="Measure how fast each preset's model trains: half a minute.")]
PresetName = Annotated[str, typer.Argument(metavar="NAME", help="sample, small or production.")]
Archives = Annotated[list[str] | None, typer.Option(metavar="CORPUS=PATH", help="An archive's path; repeatable.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite settings that you changed yourself, too.")]
Days = Annotated[float, typer.Option(help="Remove what nobody has touched for so many days.")]
Everything = Annotated[bool, typer.Option("--all", help="DVC's whole cache too, that of experiments.")]
Remove = Annotated[bool, typer.Option("--remove", help="Delete what is damaged; DVC then brings it back.")]
PushedModel = Annotated[str, typer.Argument(metavar="[MODEL]", help="A model that was trained here.")]
Repository = Annotated[str, typer.Option("--to", metavar="ORG/NAME", help="The repository, made where there is none.")]
WholeStudy = Annotated[bool, typer.Option("--study", help="Results and scores by speech, as a data set, not a model.")]
PushedSeed = Annotated[int | None, typer.Option("--seed", metavar="SEED", help="Which training; else the first.")]
Yes = Annotated[bool, typer.Option("--yes", help="Send it; without this nothing leaves the machine.")]
Public = Annotated[bool, typer.Option("--public", help="Let everybody read a repository that is made.")]


def main() -> None:
    """Run a command; a user's mistake is one line and exit status 2, an interruption one line and 130 or 143."""
    run_command(app)


def _stage(name: str) -> Callable[..., Any]:
    """The `run` of a stage, whose imports take longer than the whole command line does."""
    run: Callable[..., Any] = import_module(f"hansard_bias.pipeline.{name}").run
    return run


def _run(stage: str, config: Config, model: str, seed: int) -> None:
    """A stage of one model and seed, in its own way where the model is there already."""
    if model in config.given:
        import_module("hansard_bias.given.taking").run(stage, config, model, seed, _stage)
    else:
        _stage(stage)(config, model, seed)


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)


@app.command()
def check() -> None:
    """Validate params.yaml, the archives' paths and the probes; mend what a killed dvc broke off."""
    _print(repair())
    config = load_config()
    _stage("check")(config)
    trainings = f"{len(config.models)} models x {len(config.train.seeds)} seeds"
    already = f", {len(config.given)} models that are there already" * bool(config.given)
    print(f"params.yaml is valid: {len(config.corpora)} corpora, {trainings}{already}")


@app.command()
def sample() -> None:
    """Generate the bundled sample: two legislatures in the real archive formats."""
    _stage("sample")(stage_config("sample"))


@app.command()
def corpus(name: CorpusName) -> None:
    """Read one archive into a table of speeches."""
    _stage("corpus")(corpus_config("corpus", name), name)


@app.command()
def align() -> None:
    """Align the corpora: window, duplicates, splits, mixtures, audits."""
    _stage("align")(stage_config("align"))


@app.command()
def tokenizer() -> None:
    """Train the tokenizer that all models share."""
    _stage("tokenizer")(stage_config("tokenizer"))


@app.command()
def encode(name: CorpusName) -> None:
    """Encode one aligned corpus as word pieces."""
    corpus_config("encode", name)
    _stage("encode")(name)


@app.command()
def train(model: ModelName, seed: Seed, resume_from: Checkpoint = None) -> None:
    """Train one model with one seed; goes on from the last checkpoint after an interruption."""
    config = run_config("train", model, seed)
    if model in config.given:
        return _run("train", config, model, seed)
    # Read by torch when it is imported: large tensors in large pages, which trains a few per cent faster.
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")

    def mlflow_run(key: str) -> AbstractContextManager[TrainingRun]:
        # Only the main process tracks, and only it waits for MLflow's import.
        from hansard_bias.tracking import training_run

        return training_run(config, model, seed, key)

    interruption = Interruption()
    # Imports take seconds: a signal that comes meanwhile must be caught, too.
    with interruption.caught():
        _stage("train")(config, model, seed, resume_from=resume_from, interruption=interruption, log=mlflow_run)


@app.command()
def score(model: ModelName, seed: Seed) -> None:
    """Score every test speech of every corpus with one model; goes on where it was after an interruption."""
    config = run_config("score", model, seed)
    with Interruption().caught():
        _run("score", config, model, seed)


@app.command()
def companion() -> None:
    """Score the test speeches with n-gram models of the same training texts."""
    _stage("companion")(stage_config("companion"))


@app.command()
def halvings() -> None:
    """Ask of random halves of one legislature what the study asks of two."""
    _stage("halvings")(stage_config("halvings"))


@app.command()
def probe(model: ModelName, seed: Seed) -> None:
    """Ask one model what fills the prompts' gaps."""
    _run("probe", run_config("probe", model, seed), model, seed)


@app.command()
def bias() -> None:
    """Compute the matrix, the measures, their intervals and tests."""
    _stage("bias")(stage_config("bias"))


@app.command()
def report() -> None:
    """Build the page and mirror the comparison to MLflow."""
    from hansard_bias.operations.lock import require_parameters

    config = stage_config("report")
    require_parameters(config)
    _stage("report")(config)
    from hansard_bias.tracking import record_comparison

    record_comparison(config)


@app.command()
def calibrate(part: Part = "") -> None:
    """Check the instrument on studies with a known answer (settings: calibration/params.yaml)."""
    from hansard_bias.calibration.config import load_calibration

    if part:
        require_known("part", part, PARTS, " of the calibration")
    settings = load_calibration()
    for each in (part,) if part else PARTS:
        require_integrity(each, {}, pipeline=CALIBRATION)
        if each != "verdict":
            _stage("calibrate")(each, settings)
            continue
        for metric, word in _stage("verdict")(settings).items():
            print(f"{metric}: {word}")


@app.command()
def summary() -> None:
    """Print the matrix, the measures with intervals, and where the page and the runs are."""
    from hansard_bias.operations.summary import print_summary

    print_summary(load_config())


@app.command(hidden=True)
def plots_page() -> None:
    """Write the offline page for `dvc plots` (done by `make setup`)."""
    from hansard_bias.operations.plots import write_plots_page

    write_plots_page()


@app.command()
def look(path: Path) -> None:
    """Show what an archive is, before any setting, and print its entry for params.yaml."""
    _print(import_module("hansard_bias.operations.look").look(path))


@app.command()
def doctor(speed: Speed = True) -> None:
    """Check machine, packages, archives and folders, and estimate what can be trained here in what time."""
    from hansard_bias.operations.doctor import examine

    if not examine(speed):
        raise typer.Exit(1)


@app.command()
def preset(name: PresetName, path: Archives = None, force: Force = False) -> None:
    """Write a set of settings into params.yaml and print the difference; comments stay, and so do your own edits."""
    from hansard_bias.operations.presets import apply_preset

    _print(apply_preset(name, path or [], force=force))


@app.command()
def push(
    model: PushedModel = "",
    to: Repository = "",
    study: WholeStudy = False,
    seed: PushedSeed = None,
    yes: Yes = False,
    public: Public = False,
) -> None:
    """Show what of this study would go to the Hugging Face Hub, and with --yes send it; no text of an archive does."""
    from hansard_bias.api.hub import push as pushed

    _print(pushed(Path(), to, model, study=study, seed=seed, yes=yes, public=public))


@app.command()
def backfill() -> None:
    """Log every result of metrics/, and of DVC's experiments, that has no run in MLflow yet."""
    from hansard_bias.tracking import backfill as missing_runs
    from hansard_bias.tracking import store_uri

    titles = []
    for title in missing_runs(load_config()):
        titles.append(title)
        say(title)
    print(f"{len(titles)} new runs in {store_uri()}")


@app.command()
def ui(port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 5000) -> None:
    """Open MLflow's pages on 127.0.0.1."""
    from hansard_bias.tracking import serve

    serve(load_config().tracking.experiment, port)


@app.command()
def clean(days: Days = 7.0) -> None:
    """Remove stale checkpoints, orphaned workspaces of experiments and broken-off files; say what was freed."""
    from hansard_bias.operations.clean_up import cleaned

    _print(repair())
    _print(cleaned(days, load_config()))


@app.command()
def verify(everything: Everything = False, remove: Remove = False) -> None:
    """Check that data, models and metrics, and DVC's cache of them, hold what dvc.lock promises."""
    _print(verified(everything, remove))


if __name__ == "__main__":
    main()
