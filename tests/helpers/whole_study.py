"""A made-up study: every table that `bias` reads, each number decided by the names of what it is about."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from hansard_bias.base.files import ENCODED, LIKELIHOODS, MIXTURES, write_table
from hansard_bias.params import Config
from hansard_bias.probing.files import PLANTED
from hansard_bias.probing.tables import Probed, write_probed
from hansard_bias.randomness import stable_hash
from helpers.project import write_encoded
from helpers.score_files import write_project

SETTINGS: dict[str, Any] = {
    "train": {"seeds": [1, 2]},
    "score": {"likelihood_speeches": 5},
    "bias": {"slice_sittings": 4},
    "probe": {"draws": 200, "prompts": "prompts.yaml", "groups": "groups.yaml", "benchmarks": [], "associations": ""},
}
PROMPTS = tuple(
    (name, theme, wordings)
    for name, theme, wordings in zip("kbhacgfed", ("roads", "snow", "roads") * 3, (6, 6, 5) * 3, strict=True)
)
"""Id, theme and number of wordings."""
ITEMS = tuple(("bench", f"{at} is [MASK]", f"good{at}", f"bad{at}", ("land", "ice")[at % 2]) for at in (3, 1, 4, 0, 2))
TARGETS = {"first": ("icy", "snowy", "cold"), "second": ("mild", "sunny", "warm")}
PAIRS = (("icy", "road"), ("road", "mild"), ("ice", "land"))
TERMS = {"northern": ("icy", "snowy"), "southern": ("mild", "sunny")}


FRAMES = {"slot-b": (0.8, 0.3), "slot-a": (0.4, 0.7), "even": (0.5, 0.5)}
"""What was planted: the probability of the first group in each legislature."""
CARRIERS = 3


def number(*about: object, spread: float = 2.0) -> float:
    """A made-up number that depends on what it is about and on nothing else."""
    return float(np.random.default_rng(stable_hash(*about)).normal(0, spread))


def write_study(config: Config, root: Path) -> None:
    """Scores, training text, likelihoods and probes of every run that the configuration names."""
    write_project(config, root)
    _write_training_text(config, root)
    _write_planted(root)
    classes = root / config.bias.word_classes
    classes.parent.mkdir(parents=True)
    classes.write_text("function_words: [the]\nprocedure: [housing]\n", encoding="utf-8")
    for model in config.models:
        for seed in config.train.seeds:
            _write_likelihoods(config, root, model, seed)
    write_probes(config, root, PROMPTS, ITEMS, TARGETS, PAIRS, TERMS)


def _write_planted(root: Path) -> None:
    frames = [
        {
            "id": frame,
            "topic": "snow",
            "prompts": [f"{frame} {at} [MASK]" for at in range(CARRIERS)],
            "groups": {"northern": ["icy"], "southern": ["mild"]},
            "probability_northern": dict(zip(("nunavut", "canada"), probability, strict=True)),
            "occurrences": {"nunavut": 30, "canada": 20},
        }
        for frame, probability in FRAMES.items()
    ]
    (root / PLANTED).parent.mkdir(parents=True)
    (root / PLANTED).write_text(json.dumps({"associations": frames}), encoding="utf-8")


def _write_training_text(config: Config, root: Path) -> None:
    rows = []
    for corpus in config.corpora:
        ids = [f"{corpus}-0", f"{corpus}-1"]
        index = {"speech_id": ids, "sitting": ["2001-01-01"] * 2, "split": ["train"] * 2, "bytes": [9, 9]}
        pieces = [np.arange(at % 3, 6, dtype=np.uint16) for at in (len(corpus), 1)]
        write_encoded(root / ENCODED / corpus, pa.table(index), pieces)
        models = [name for name, model in config.models.items() if corpus in model.mixture]
        rows += [(model, "train", corpus, name) for model in models for name in ids]
    write_table(root / MIXTURES, pd.DataFrame(rows, columns=["model", "split", "corpus", "speech_id"]))


def _write_likelihoods(config: Config, root: Path, model: str, seed: int) -> None:
    parts = []
    for corpus in config.corpora:
        nats = [-90 + number(model, seed, corpus, day, spread=9) for day in range(6)]
        days = [f"2001-02-{1 + day:02d}" for day in range(6)]
        columns: dict[str, Any] = {"corpus": [corpus] * 6, "sitting": days, "speeches": [1] * 6, "tokens": [20] * 6}
        parts.append(pa.table(columns | {"pll": nats, "pll_within_word": [each - 3 for each in nats]}))
    path = root / LIKELIHOODS / f"{model}-{seed}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    keys = {b"sample": b"a", b"tokenizer": b"b", b"texts": b"c"}
    pq.write_table(pa.concat_tables(parts).replace_schema_metadata(keys), path)


def write_probes(
    config: Config,
    root: Path,
    prompts: Sequence[tuple[str, str, int]],
    items: Sequence[tuple[str, ...]],
    targets: dict[str, tuple[str, ...]],
    pairs: Sequence[tuple[str, str]],
    terms: dict[str, tuple[str, ...]],
) -> None:
    """The groups, and what every run answered to these prompts, benchmarks and words."""
    groups = {name: {"label": name, "note": "n", "terms": dict.fromkeys(each, "why")} for name, each in terms.items()}
    (root / "groups.yaml").write_text(json.dumps(groups), encoding="utf-8")
    for model in config.models:
        for seed in config.train.seeds:
            tables = _prompts(prompts, model, seed), _items(items, model, seed), _words(targets, pairs, model, seed)
            test = {"test": "t", "targets": ["cold", "warm"], "attributes": ["good", "bad"]}
            planted = _prompts([(frame, "snow", CARRIERS) for frame in FRAMES], model, seed)
            write_probed(Probed(*tables, audit=[], words=[], tests=[test], planted=planted), model, seed, root)


def _prompts(prompts: Sequence[tuple[str, str, int]], model: str, seed: int) -> pd.DataFrame:
    rows = [(name, theme, n, f"{name} {n} [MASK]") for name, theme, wordings in prompts for n in range(wordings)]
    table = pd.DataFrame(rows, columns=["prompt", "theme", "paraphrase", "text"])
    level = [number(name) + number(model, name) / 2 + number(model, seed, text) / 2 for name, *_, text in rows]
    tokens = ("Icy", "road", "mild", "ice", "old", "snowy")
    tops = [
        sorted(
            ({"token": token, "probability": abs(number(model, seed, *row, token))} for token in tokens),
            key=lambda item: -float(str(item["probability"])),
        )
        for row in rows
    ]
    prior = [0.5 + number("prior", model, seed, text) / 4 for *_, text in rows]
    odds = {"log_odds": np.add(level, prior), "prior_log_odds": prior, "preference": level}
    return table.assign(**odds, p_first=0.2, p_second=0.1, top=pd.Series(tops, dtype=object))


def _items(items: Sequence[tuple[str, ...]], model: str, seed: int) -> pd.DataFrame:
    rows = [
        (name, line, theme, prompt, good, bad, 1, 1 + len(theme) % 2, number(model, seed, prompt), number(seed, prompt))
        for line, (name, prompt, good, bad, theme) in enumerate(items, 2)
    ]
    names = ["benchmark", "line", "theme", "prompt", "favorable", "unfavorable"]
    table = pd.DataFrame(rows, columns=[*names, "favorable_pieces", "unfavorable_pieces", "log_odds", "prior_log_odds"])
    return table.assign(preference=table["log_odds"] - table["prior_log_odds"])


def _words(
    targets: dict[str, tuple[str, ...]], pairs: Sequence[tuple[str, str]], model: str, seed: int
) -> pd.DataFrame:
    rows: list[tuple[object, ...]] = []
    for space in ("input", "contextual"):
        for side, words in targets.items():
            rows += [
                (space, "association", "t", side, word, "", number(model, seed, space, word, spread=0.3))
                for word in words
            ]
        rows += [(space, "cosine", "", "", *pair, number(model, seed, space, *pair, spread=0.3)) for pair in pairs]
    return pd.DataFrame(rows, columns=["space", "kind", "test", "side", "word", "other", "value"])
