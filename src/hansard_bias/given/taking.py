"""What stages do of a model that is there already: its folder, made like all others, and a project around it.

Nothing is trained. Such a model has no seeds either: it stands under the first of `train.seeds`, and DVC, which asks
for every seed, gets empty files for the others.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hansard_bias.base import files
from hansard_bias.base.code import code_digest
from hansard_bias.base.files import run_name
from hansard_bias.base.work import checkpoint_root
from hansard_bias.given.folders import Folder, read_folder
from hansard_bias.models.architectures import CONFIG, WEIGHTS, initial_digests, usable_positions
from hansard_bias.params import Config
from hansard_bias.probing.tables import probed_paths
from hansard_bias.tokens.encoded import write_encoded_parts
from hansard_bias.tokens.tokenizer import encode_texts, load_tokenizer, save_tokenizer

ORIGIN = "given.json"
_INDEX = ["speech_id", "sitting", "split", "bytes"]
_CURVE = "update,epoch,learning_rate,train_loss,validation_loss\n"
_CARD = """# {name}

The masked language model of the folder `{folder}`, as it was found there, with its own tokenizer. It was not trained
here; its licence and its training text are those of the place where it was obtained.
"""


def run(
    stage: str, config: Config, name: str, seed: int, usual: Callable[[str], Callable[..., Any]], root: Path = Path(".")
) -> None:
    """Stage `train`, `score` or `probe` of such a model and a seed; usual: from a stage to what it is for others."""
    if stage == "train":
        take(config, name, seed, root)
    elif seed != config.read_once:
        leave_empty(stage, name, seed, root)
    elif stage == "score":
        with own_project(config, name, root) as own:
            usual(stage)(config, name, seed, own)
    else:
        usual(stage)(config, name, seed, root)


def taken_from(config: Config) -> dict[str, dict[str, Any]]:
    """Of every such model the digests of its files and of the code that takes it: with another one it is taken anew."""
    code = code_digest(__name__) if config.given else ""
    digests = {name: initial_digests(model.folder) for name, model in config.given.items()}
    return {name: {"files": found, "code": code} for name, found in digests.items()}


def take(config: Config, name: str, seed: int, root: Path = Path(".")) -> None:
    """Write the folder of a run, as a training would; an empty one for a seed that the model has not.

    Raises ValueError where the model has no such head, weights or tokenizer as are known here.
    """
    run = run_name(name, seed)
    summary: dict[str, Any] = {}
    with files.atomic_folder(root / files.MODELS / run) as new:
        if seed == config.read_once:
            given = read_folder(root / config.given[name].folder, f"params.yaml: models.{name}.folder")
            _write_model(given, new)
            files.write_json(new / ORIGIN, taken_from(config)[name])
            # What a training says of its weights: scores of others are refused.
            summary = {"fingerprint": files.sha256(new / WEIGHTS)}
        card = _CARD.format(name=name, folder=Path(config.given[name].folder).name)
        (new / "README.md").write_text(card, encoding="utf-8")
    with files.atomic_write(root / files.METRICS / "curves" / f"{run}.csv") as curve:
        curve.write_text(_CURVE, encoding="utf-8")
    files.write_json(root / files.METRICS / "training" / f"{run}.json", summary)


def _write_model(given: Folder, folder: Path) -> None:
    from safetensors.torch import save_file

    tokenizer = folder / "tokenizer"
    save_tokenizer(given.tokenizer, tokenizer, usable_positions(given.settings), given.names)
    for file in tokenizer.iterdir():
        file.rename(folder / file.name)
    tokenizer.rmdir()
    shutil.copyfile(given.path / CONFIG, folder / CONFIG)
    # Loaded once: a weight that no reading would look at is found now, and not after the first hour.
    given.scorer("cpu")
    save_file(given.weights(), folder / WEIGHTS, {"format": "pt"})


def leave_empty(stage: str, name: str, seed: int, root: Path = Path(".")) -> None:
    """Tables without a row, for a seed that a model has not."""
    scored = [kind / f"{run_name(name, seed)}.parquet" for kind in (files.SCORES, files.LIKELIHOODS)]
    for path in scored if stage == "score" else probed_paths(name, seed):
        with files.table_writer(root / path, pa.schema({})):
            pass


@contextmanager
def own_project(config: Config, name: str, root: Path = Path(".")) -> Iterator[Path]:
    """A project whose tokenizer and tokens are this model's own, for stage `score`; its scores come back at the end."""
    run = run_name(name, config.read_once)
    checkpoint_root().mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f"own-{run}-", dir=checkpoint_root()) as folder:
        own = Path(folder)
        model = files.require_path(root / files.MODELS / run, f"train@{run}").resolve()
        links = {files.MODELS / run: model, files.TOKENIZER: model, files.ALIGNED: (root / files.ALIGNED).resolve()}
        for link, target in links.items():
            (own / link).parent.mkdir(exist_ok=True)
            (own / link).symlink_to(target)
        for corpus in config.corpora:
            _encode(root / files.ALIGNED / f"{corpus}.parquet", model, own / files.ENCODED / corpus)
        yield own
        for kind in (files.SCORES, files.LIKELIHOODS):
            path = kind / f"{run}.parquet"
            # Of several processes the main one alone has written.
            if (own / path).is_file():
                with files.atomic_write(root / path) as partial:
                    shutil.copyfile(own / path, partial)


def _encode(aligned: Path, model: Path, output: Path) -> None:
    """The test speeches alone as the model's tokens: nothing else of the text is read."""
    tokenizer = load_tokenizer(model)
    table = pq.read_table(
        files.require_path(aligned, "align"), columns=[*_INDEX, "text"], filters=[("split", "=", "test")]
    )
    index = table.select(_INDEX)
    write_encoded_parts(output, index.schema, [(index, encode_texts(tokenizer, table["text"].to_pylist()))])
