"""What determines a training run: its parameters, data and code; only a checkpoint of the same ones is its own."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from hansard_bias.base.code import code_digest
from hansard_bias.base.files import ENCODED, MIXTURES, TOKENIZER, require_path, run_name, sha256
from hansard_bias.models.architectures import check_initial, initial_digests
from hansard_bias.models.batches import MaskedText
from hansard_bias.params import Config, TrainConfig
from hansard_bias.training.checkpoints import manifest_digest, named_manifest

_WORDS = {
    "name": "model or seed",
    "parameters": "parameters",
    "data": "data",
    "code": "code",
    "origin": "starting point",
}


@dataclass(frozen=True)
class RunIdentity:
    """Digests of everything that a run's result depends on."""

    name: str = ""
    parameters: str = ""
    data: str = ""
    code: str = ""
    origin: str = ""
    """The checkpoint of another run that this one goes on from, '' for random weights."""

    @property
    def key(self) -> str:
        """One name for the run, for its folder of checkpoints and its place in MLflow."""
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()[:16]

    @property
    def folder(self) -> str:
        """The name of its folder of checkpoints."""
        return f"train-{self.key}"

    def continuing(self, run: Mapping[str, str], digest: str) -> RunIdentity:
        """This run if the checkpoint with this digest is its own, else the run that starts from that checkpoint."""
        return self if dict(run) == asdict(self) else replace(self, origin=digest)

    def differences(self, run: Mapping[str, str]) -> str:
        """In words, what another run has otherwise."""
        return ", ".join(words for name, words in _WORDS.items() if run.get(name) != getattr(self, name))


def identify(
    config: Config, model: str, seed: int, root: Path = Path("."), resume_from: Path | None = None
) -> RunIdentity:
    """The identity of one model and seed of params.yaml; a named checkpoint of another run is part of it.

    Raises ValueError that names the stage to run where its data are missing.
    """
    check_initial(config.model.init, root)
    # The other seeds of params.yaml are no part of this run: adding one must not begin all anew.
    settings: dict[str, object] = {"model": config.model.own(), "train": asdict(config.train) | {"seeds": None}}
    settings |= {"mixture": config.models[model].mixture, "budget": config.align.budget}
    settings |= {"initial": initial_digests(config.model.init, root)}
    # The files themselves: a stage that ran again and wrote the same bytes has changed nothing.
    data = [require_path(root / TOKENIZER / "tokenizer.json", "tokenizer"), require_path(root / MIXTURES, "align")]
    for corpus in config.corpora:
        data += sorted(require_path(root / ENCODED / corpus, f"encode@{corpus}").iterdir())
    parameters = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
    # DVC compares the stage's folders; an unfinished run has no DVC to ask.
    code = code_digest("hansard_bias.pipeline.train")
    identity = RunIdentity(run_name(model, seed), parameters, _digest(data), code)
    if resume_from is None:
        return identity
    return identity.continuing(named_manifest(resume_from)["run"], manifest_digest(resume_from))


def _digest(paths: Iterable[Path]) -> str:
    """One hash of the contents of files in their order."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(bytes.fromhex(sha256(path)))
    return digest.hexdigest()


@dataclass(frozen=True)
class RunSpec:
    """What to train: text, seed and where its files are."""

    config: TrainConfig
    seed: int
    training: MaskedText
    validation: MaskedText
    updates_per_epoch: int
    checkpoints: Path
    curve: Path
    run: RunIdentity = field(default_factory=RunIdentity)
    """Whose checkpoints are resumed."""
    resume_from: Path | None = None
    """A named checkpoint, of this run or of another."""
    unigram_loss: float = math.inf
    """The validation loss of the training text's token frequencies alone, in nats: the plateau of a model that has
    learned nothing else."""

    def on_plateau(self, update: int, loss: float) -> str:
        """What to change in a run that has learned token frequencies only."""
        return (
            f"{self.run.name} has not left the word-frequency plateau at update {update}: validation {loss:.2f} nats, "
            f"token frequencies alone {self.unigram_loss:.2f}; try model.architecture=modernbert, "
            f"train.batch_size below {self.config.batch_size}, train.lr 1.0e-3 (now {self.config.lr}), or more text"
        )

    def diverged(self, what: str, update: int, saved: int) -> ValueError:
        """What to try after divergence at this update; the checkpoint of update `saved` stays (0: there is none)."""
        kept = f"; the checkpoint of update {saved} is kept" if saved else ""
        return ValueError(
            f"training diverged: {what} (update {update}); lower train.lr ({self.config.lr}) or raise "
            f"train.warmup ({self.config.warmup}){kept}"
        )
