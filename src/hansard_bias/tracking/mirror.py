"""Finished results as MLflow runs, and their models in its registry; doing it twice changes nothing."""

from __future__ import annotations

import io
import json
import re
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hansard_bias.base.code import commit, git
from hansard_bias.base.files import METRICS, sha256
from hansard_bias.base.messages import warn
from hansard_bias.operations.integrity import restore
from hansard_bias.operations.lock import locked_config
from hansard_bias.params import Config
from hansard_bias.tracking.database import StoreError, alone
from hansard_bias.tracking.results import Dataset, Results, Training, flatten, read_json
from hansard_bias.tracking.store import Entry, Store

# As long as MLflow's databases take.
LONGEST_DESCRIPTION = 5000
# What a run of the comparison shows: some are numbers of a model and a column, some of a model.
MEASURES = ("perplexity", "bits_per_byte", "excess_nats", "bias_ratio", "tilt", "cultural_bias_rate")
# What an experiment's commit holds of a study: git has the numbers, DVC's cache the times, pages and models.
KEPT = (METRICS.as_posix(), "params.yaml", "dvc.lock")

# Trained models in the registry: references to the folders that DVC keeps, with their cards, without weights.


def register(store: Store, run_id: str, training: Training, weights: str) -> None:
    """List the weights (SHA-256 of model.safetensors) as a version of their model, once, with what DVC says of them."""
    name = registered_name(training.results.config.tracking.experiment, training.model)
    found = store.client.search_model_versions(f"name = '{name}' and tags.weights = '{weights}'")
    version = found[0] if found else _new_version(store, name, run_id, training, weights)
    known = training.dvc_digest()
    if known and version.tags.get("dvc_md5") != known:
        store.client.set_model_version_tag(name, version.version, "dvc_md5", known)


def registered_name(experiment: str, model: str) -> str:
    """`hansard-bias-mixed`: one entry a model, without what MLflow does not take in names."""
    return re.sub(r"[^\w.-]+", "-", f"{experiment}-{model}")


def _new_version(store: Store, name: str, run_id: str, training: Training, weights: str) -> Any:
    results, model = training.results, training.model
    if not store.client.search_registered_models(f"name = '{name}'"):
        settings = results.config.models[model]
        mixture = ", ".join(f"{share:.0%} {corpus}" for corpus, share in settings.mixture.items())
        about = f"Model {settings.label}, {model}: {mixture}. A version a run."
        store.client.create_registered_model(name, description=about)
    path = training.weights_folder.as_posix()
    tags = {"weights": weights, "path": path, "model": model, "seed": str(training.seed)}
    tags |= results.origin()
    text = description(training, weights)
    return store.client.create_model_version(name, source=f"dvc:/{path}", run_id=run_id, tags=tags, description=text)


def description(training: Training, weights: str) -> str:
    """Where the weights are and how to get them, then the card; it ends early rather than not fitting."""
    path = training.weights_folder
    revision = training.results.experiment or training.results.commit or "REVISION"
    # The card comes last, so that it is what is cut.
    text = (
        f"The weights are not here: `{path}` in the project's DVC (`dvc get REPOSITORY {path} --rev {revision}`),\n"
        f"SHA-256 of `model.safetensors`: `{weights}`.\n\n"
    ) + (training.card(weights) or f"Its card: `{path / 'README.md'}`.")
    return text if len(text) <= LONGEST_DESCRIPTION else text[: LONGEST_DESCRIPTION - 2] + " …"


# Runs: trainings, their perplexities, the comparison.


def create_training(store: Store, training: Training, key: str) -> str:
    """A run for one training, with its parameters, tags and data sets; returns its id."""
    run_id = store.create(training.title, training.tags() | ({"run_key": key} if key else {}), training.params())
    corpora = training.results.config.models[training.model].mixture
    log_datasets(store, run_id, training.results.datasets([*corpora]), "training")
    return run_id


def mirror_training(store: Store, run_id: str, training: Training, summary: Mapping[str, Any]) -> None:
    """Bring a training's run to its end: the rows of the curve that it lacks, summary, weights, registry."""
    logged = {point.step for point in store.client.get_metric_history(run_id, "train_loss")}
    rows = training.curve().items()
    store.log(run_id, [Entry(numbers, update) for update, numbers in rows if update not in logged])
    numbers = {key: value for key, value in summary.items() if isinstance(value, int | float)}
    store.log_changed(run_id, {f"summary.{key}": value for key, value in numbers.items()})
    words = {key: str(summary[key]) for key in ("device", "precision", "stopped_by")}
    with alone():
        register(store, run_id, training, summary["fingerprint"])
    # Only now: whoever finds a run by its weights takes it for complete.
    store.set_tags(run_id, words | {"weights": summary["fingerprint"]})
    store.client.set_terminated(run_id, "FINISHED")


def record_comparison(config: Config, root: Path = Path(".")) -> None:
    """Mirror a finished comparison; where the store cannot be used, a warning says what to do later."""
    try:
        mirror_results(Store(config.tracking.experiment), Results.here(config, root))
    except StoreError as error:
        warn(f"{error}; the results are in metrics/, and `hansard-bias backfill` logs them later")


def mirror_results(store: Store, results: Results) -> list[str]:
    """Give every training and the comparison a run, and the trainings their perplexities; returns the new titles."""
    new: list[str] = []
    file = results.metrics / "bias.json"
    bias = read_json(file) if file.is_file() else {"runs": {}}
    for training in results.trainings():
        run_id, is_new = _run_of_weights(store, training)
        new += [training.title] if is_new else []
        perplexities = bias["runs"].get(results.config.row_key(training.model), {}).get(str(training.seed), {})
        measures = {f"perplexity.{column}": value for column, value in perplexities.items()}
        # The bias ratio is the worst over the best of the single corpora.
        single = [perplexities[f"on_{corpus}"] for corpus in results.config.corpora if f"on_{corpus}" in perplexities]
        store.log_changed(run_id, measures | ({"bias_ratio": max(single) / min(single)} if len(single) > 1 else {}))
    if file.is_file() and _mirror_comparison(store, results, bias, sha256(file)):
        new.append(results.title("comparison"))
    return new


def _run_of_weights(store: Store, training: Training) -> tuple[str, bool]:
    """The run that made these weights and whether it had to be made, or completed, from the files in metrics/."""
    # A training that came from DVC's cache has no run yet.
    summary = training.summary()
    with alone():
        found = store.find("weights", summary["fingerprint"])
        if found is not None:
            register(store, found.info.run_id, training, summary["fingerprint"])
            return str(found.info.run_id), False
        key = str(summary.get("run", ""))
        begun = store.find("run_key", key) if key else None
        if begun is not None and begun.info.status != "FINISHED":
            run_id = str(begun.info.run_id)
            store.take_over(run_id)
        else:
            run_id = create_training(store, training, key)
    mirror_training(store, run_id, training, summary)
    return run_id, True


def _mirror_comparison(store: Store, results: Results, bias: Mapping[str, Any], digest: str) -> bool:
    """One run that holds the matrix, the page and the figures; the page of an earlier one is renewed."""
    with alone():
        known = store.find_all("comparison", digest)
        own = [run for run in known if run.data.tags.get("dvc_experiment", "") == results.experiment]
        # Of one that was cut off nobody knows what it lacks: it is made anew.
        for half in (run for run in own if run.info.status in ("KILLED", "FAILED")):
            store.client.delete_run(half.info.run_id)
        # Outside experiments, an applied one may have brought the results: its comparison is theirs.
        same = [run for run in own or ([] if results.experiment else known) if run.info.status == "FINISHED"]
        if same:
            # What this program did not log when the run was made.
            store.log_changed(same[0].info.run_id, comparison_measures(bias))
            _log_page(store, same[0].info.run_id, results)
            return False
        tags = results.tags("comparison", "report") | {"comparison": digest}
        run_id = store.create(results.title("comparison"), tags, results.params())
        log_datasets(store, run_id, results.datasets([*results.config.corpora]), "testing")
    store.log(run_id, [Entry(comparison_measures(bias))])
    store.client.log_artifact(run_id, str(results.metrics / "bias_matrix.json"))
    _log_page(store, run_id, results)
    store.client.set_terminated(run_id, "FINISHED")
    return True


def comparison_measures(bias: Mapping[str, Any]) -> dict[str, float]:
    """Every measure of the matrix, by measure, model and column or side: `perplexity.A_nunavut.on_canada`.

    Those of the companions, which results of an earlier version lack, begin with `companion_`.
    """
    companions = bias.get("companion", {"models": {}})["models"]
    return _measures(bias["models"]) | {f"companion_{name}": value for name, value in _measures(companions).items()}


def _measures(models: Mapping[str, Any]) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for row, measures in models.items():
        for key, value in flatten({measure: measures.get(measure, {}) for measure in MEASURES}).items():
            # A measure is an interval with its `value`; a rate of preferences keeps its interval beside its counts.
            measure, *below = key.split(".")
            if below[-1:] == ["value"]:
                numbers[".".join([measure, row, *(part for part in below[:-1] if part != "rate")])] = value
    return numbers


def log_datasets(store: Store, run_id: str, datasets: list[Dataset], context: str) -> None:
    """What a run has read, in MLflow's column Dataset; context: training or testing."""
    from mlflow.entities import Dataset as Entity
    from mlflow.entities import DatasetInput, InputTag

    tags = [InputTag("mlflow.data.context", context)]
    inputs = []
    for data in datasets:
        source, profile = json.dumps({"uri": data.path.as_posix()}), json.dumps(dict(data.profile))
        inputs.append(DatasetInput(Entity(data.name, data.digest, "local", source, None, profile), tags))
    if inputs:
        store.client.log_inputs(run_id, inputs)


def _log_page(store: Store, run_id: str, results: Results) -> None:
    folder = results.metrics / "report"
    if folder.is_dir():
        store.client.log_artifacts(run_id, str(folder), "report")


# Everything that has no run yet, of this workspace and of DVC's experiments.


def backfill(config: Config, root: Path = Path(".")) -> Iterator[str]:
    """Mirror what has no run yet; yields the titles of the new runs. Raises StoreError."""
    store = Store(config.tracking.experiment)
    # A result of several belongs to the one that made it: the commit that experiments start from, then they.
    for name, revision in [("", commit(root)), *experiments(root)]:
        with checked_out(root, revision) as folder:
            if folder is not None and (own := _configuration(folder, name or revision)):
                yield from mirror_results(store, Results(own, folder, name, revision, home=root))
    if own := _configuration(root, "what is in metrics/"):
        yield from mirror_results(store, Results.here(own, root))


def experiments(root: Path) -> list[tuple[str, str]]:
    """Name and commit of all DVC experiments of the repository; none outside git."""
    listed = git(root, "for-each-ref", "--format=%(refname) %(objectname)", "refs/exps")
    found = [line.rsplit(" ", 1) for line in listed.decode().splitlines()]
    # refs/exps/<2 digits>/<38 digits>/<name>; other references there are DVC's own.
    return [(ref.split("/")[4], commit) for ref, commit in found if len(ref.split("/")) == 5]


@contextmanager
def checked_out(root: Path, revision: str) -> Iterator[Path | None]:
    """A folder with the parameters and metrics of one commit; None where it has none."""
    there = git(root, "ls-tree", "--name-only", revision, *KEPT).decode().split()
    if not {METRICS.as_posix(), "params.yaml"} <= {*there}:
        yield None
        return
    archive = io.BytesIO(git(root, "archive", "--format=tar", revision, *there))
    with tempfile.TemporaryDirectory() as name, tarfile.open(fileobj=archive) as tar:
        folder = Path(name)
        # Files alone, and inside the folder; `extractall` filters from Python 3.11.4 on.
        for member in tar:
            content = tar.extractfile(member) if member.isfile() else None
            if content is not None and ".." not in Path(member.name).parts:
                target = folder / member.name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content.read())
        restore(folder, root)
        yield folder


def _configuration(folder: Path, name: str) -> Config | None:
    # They may be unknown, or those of another version of this program.
    try:
        return locked_config(folder)
    except ValueError as error:
        warn(f"{name} is left out: {error}")
        return None
