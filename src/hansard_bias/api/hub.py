"""To the Hugging Face Hub: a model, or a study as a data set; shown first, sent only where that is asked for.

No text of an archive is sent, nor what it could be put together from (tokens), nor who spoke on what. What remains of
it are words: those of a tokenizer's vocabulary, and those behind the gaps.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from hansard_bias.api.cards import model_card, study_card
from hansard_bias.api.frames import FRAMES
from hansard_bias.api.study import Study, load_study
from hansard_bias.base.files import MODELS, require_path, run_name, write_table
from hansard_bias.base.messages import one_line, require_known
from hansard_bias.params.validation import mistake

CARD = "README.md"
MODEL_FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
# Frames that are made of results alone, and what of them is an archive's: its headings and people.
TABLES = tuple(name for name in FRAMES if name.isidentifier() and name not in ("speeches", "scores"))
PRIVATE_SLICES = ("topic", "speaker")
SCORES = ["speech_id", "corpus", "sitting", "role", "tokens", "bytes", "nats"]
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")


@dataclass(frozen=True)
class Parcel:
    """What is sent."""

    kind: str
    """`model` or `dataset`."""
    files: Mapping[str, Path]
    """By their paths in the repository."""
    told: str
    """What a person must know of it, in a line."""


def push(
    root: Path, to: str, model: str = "", *, study: bool = False, seed: int | None = None, yes: bool, public: bool
) -> Iterator[str]:
    """Lines on what would be sent; with `yes` it is sent, to a repository of one's own that is made if need be.

    Raises ValueError for what is neither a model nor a study, a name that the Hub does not know, a missing token, and
    whatever the Hub refuses.
    """
    if bool(model) == study:
        raise ValueError(
            "expected a model or --study: `hansard-bias push mixed --to ORG/NAME`, or `push --study --to …`"
        )
    if not _NAME.fullmatch(to):
        raise ValueError(mistake("--to", to, "the name of a repository, ORG/NAME"))
    found = load_study(root)
    with TemporaryDirectory() as folder:
        parcel = pack_study(found, Path(folder)) if study else pack_model(found, model, seed, Path(folder))
        yield from _lines(parcel, to, public)
        if yes:
            yield f"sent: {send(parcel, to, public)}"
        else:
            yield "nothing was sent; the same with --yes sends it" + (f" ({NO_TOKEN})" if not _token() else "")


def pack_model(study: Study, model: str, seed: int | None, folder: Path) -> Parcel:
    """One training's folder, with what was measured of it on its card."""
    require_known("model", model, study.config.all_models)
    if model in study.config.given:
        problem = f"{model} is not of this study: it was taken from {study.config.given[model].folder}"
        raise ValueError(f"{problem}; push a model that was trained here ({', '.join(study.models)})")
    seed = study.seeds[0] if seed is None else seed
    require_known("seed", str(seed), map(str, study.seeds), f" of {model}")
    run = run_name(model, seed)
    files = {name: require_path(study.folder / MODELS / run / name, f"train@{run}") for name in (CARD, *MODEL_FILES)}
    card = folder / CARD
    card.write_text(model_card(study, model, seed, files[CARD].read_text(encoding="utf-8")), encoding="utf-8")
    told = "the tokenizer holds words of the archives, names among them; weights may repeat what they have read"
    return Parcel("model", files | {CARD: card}, told)


def pack_study(study: Study, folder: Path) -> Parcel:
    """Every frame of the results, and every run's scores by speech, as Parquet with a card."""
    frames = {name: getattr(study, name) for name in TABLES}
    slices = frames["slices"]
    frames["slices"] = slices[~slices["slice"].isin(PRIVATE_SLICES)]
    files = {f"data/{name}.parquet": frame for name, frame in frames.items() if len(frame)}
    runs: dict[str, tuple[str, int | None]] = {
        run_name(model, seed): (model, seed) for model in study.models for seed in study.seeds
    }
    runs |= {run_name(model, study.config.read_once): (model, None) for model in study.config.given}
    files |= {f"data/scores/{run}.parquet": study.scores(*which)[SCORES] for run, which in runs.items()}
    companions = {model: study.scores(model, companion=True)[SCORES] for model in study.models}
    files |= {f"data/companion/{model}.parquet": frame for model, frame in companions.items()}
    for name, frame in files.items():
        write_table(folder / name, frame)
    (folder / CARD).write_text(study_card(study, {name: len(frame) for name, frame in files.items()}), encoding="utf-8")
    told = "no speech, token, speaker or topic; single words of the archives are in words"
    return Parcel("dataset", {name: folder / name for name in (CARD, *files)}, told)


def _lines(parcel: Parcel, to: str, public: bool) -> Iterator[str]:
    from huggingface_hub import constants

    who = "public: everybody can read it" if public else "private (--public for everybody)"
    yield f"{parcel.kind} {to} on {constants.ENDPOINT}, {who}; {parcel.told}"
    for name, path in parcel.files.items():
        yield f"  {name}  {path.stat().st_size:,} bytes"


# The only part that speaks with a network.

NO_TOKEN = (
    "no token: `hf auth login`, or set HF_TOKEN to one that may write, from https://huggingface.co/settings/tokens"
)


def _token() -> str | None:
    from huggingface_hub import get_token

    return get_token()


def send(parcel: Parcel, to: str, public: bool) -> str:
    """Make the repository if need be, and commit all files at once; returns the address of the commit."""
    import httpx2
    from huggingface_hub import CommitOperationAdd, HfApi
    from huggingface_hub.utils.tqdm import disable_progress_bars

    token = _token()
    if token is None:
        raise ValueError(NO_TOKEN)
    if not sys.stderr.isatty():
        disable_progress_bars()
    api = HfApi(token=token, library_name="hansard-bias")
    try:
        api.create_repo(to, repo_type=parcel.kind, private=not public, exist_ok=True)
        added = [CommitOperationAdd(name, str(path)) for name, path in parcel.files.items()]
        made = api.create_commit(to, added, commit_message="A study of hansard-bias", repo_type=parcel.kind)
    # Refused, out of reach, switched off, or broken off within the library's threads.
    except (httpx2.HTTPError, OSError, RuntimeError) as error:
        expected = "a network, and a token that may write there (`hf auth whoami`)"
        raise ValueError(f"{to}: not sent, expected {expected}; what was said: {one_line(str(error))}") from None
    return str(made.commit_url)
