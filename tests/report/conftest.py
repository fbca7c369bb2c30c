"""A full metrics folder of made-up but consistent numbers, from a small deterministic function."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from hansard_bias.analysis.metrics import further_records
from hansard_bias.analysis.probe_records import ANY_PROMPT, SPLIT
from hansard_bias.analysis.record_files import columns
from hansard_bias.analysis.records import SCHEMA, BiasResults
from hansard_bias.params import Config, CorpusConfig, MixtureConfig, load_config
from hansard_bias.report.results import Results, load_results
from helpers import compared_records, probe_records
from helpers.probe_records import number
from helpers.report_page import training_summary

PARAMS = Path(__file__).parents[2] / "params.yaml"
EASE = {"nunavut": math.log(24.0), "canada": math.log(61.0), "yukon": math.log(38.0)}
THEMES = ("land", "money", "family")
FURTHER = further_records(columns(BiasResults))
NO_PAIRS: dict[str, Any] = {"covers": "items and seeds", "benchmarks": [], "left_out": []}
SHARES = {"seeds": 0.3, "sittings": 0.6, "speakers": 0.1}
FILLINGS = ("land", "caribou", "budget", "province", "elders", "highway")


@dataclass(frozen=True)
class World:
    """What the made-up numbers depend on."""

    config: Config
    excess: float = 0.6
    half: float | None = 0.1
    prompt: str = "Our people live from the [MASK]."
    prompts: int = 6
    gain: float = 2.0
    stick: float | None = 0.07
    """The yardstick of every legislature; None where there is none."""
    sign: float = 1.0
    """Of the companions' excess."""
    asked: bool = False
    """Whether there are benchmarks and associations."""
    planted: dict[str, float] | None = None
    """Options of the planted truth; None where nothing was planted."""

    @property
    def rows(self) -> list[str]:
        return [self.config.row_key(model) for model in self.config.models]

    def cost(self, model: str, corpus: str) -> float:
        """Excess: zero at home, less for who has read part of it."""
        mixture = self.config.models[model].mixture
        return self.excess * (1 - mixture.get(corpus, 0.0)) ** 2 * (1 + 0.2 * list(self.config.corpora).index(corpus))

    def column(self, value: Callable[[str], float], weights: dict[str, float]) -> float:
        return sum(weight * value(corpus) for corpus, weight in weights.items())

    def cells(self) -> list[dict[str, Any]]:
        records = []
        for model in self.config.models:
            for column, weights in self.config.columns().items():
                records.append(self.cell(model, column, weights))
        return records

    def cell(self, model: str, column: str, weights: dict[str, float]) -> dict[str, Any]:
        excess = self.column(lambda corpus: self.cost(model, corpus), weights)
        nats = self.column(lambda corpus: EASE.get(corpus, 3.5) + self.cost(model, corpus), weights)
        known = all(self.config.own_model(corpus) for corpus in weights)
        home = self.config.own_model(column) == model if column in self.config.corpora else False
        gap = number(excess, 0.0 if home and self.half is not None else self.half)
        return {
            "model": self.config.row_key(model),
            "corpus": column,
            "perplexity": math.exp(nats),
            "low": None if self.half is None else math.exp(nats - self.half / 2),
            "high": None if self.half is None else math.exp(nats + self.half / 2),
            "bits_per_byte": nats / 3.1,
            "excess_nats": gap["value"] if known else None,
            "excess_low": gap["low"] if known else None,
            "excess_high": gap["high"] if known else None,
        }

    def models(self) -> dict[str, Any]:
        rows: dict[str, Any] = {}
        for model, spec in self.config.models.items():
            key = self.config.row_key(model)
            own = [cell for cell in self.cells() if cell["model"] == key]
            single = [cell["perplexity"] for cell in own if cell["corpus"] in self.config.corpora]
            known = [cell for cell in own if cell["excess_nats"] is not None]
            bits = None if self.half is None else self.half / 3.1
            rows[key] = {
                "perplexity": {
                    f"on_{c['corpus']}": {"value": c["perplexity"], "low": c["low"], "high": c["high"]} for c in own
                },
                "bits_per_byte": {f"on_{c['corpus']}": number(c["bits_per_byte"], bits) for c in own},
                "excess_nats": {
                    f"on_{c['corpus']}": {"value": c["excess_nats"], "low": c["excess_low"], "high": c["excess_high"]}
                    for c in known
                },
                "excess_bits_per_byte": {f"on_{c['corpus']}": number(c["excess_nats"] / 3.1, 0.02) for c in known},
                "cultural_bias_rate": self.rate(),
            }
            if len(single) > 1:
                rows[key]["bias_ratio"] = number(max(single) / min(single), self.half)
            if len(spec.mixture) == 2:
                first, second = spec.mixture
                rows[key]["tilt"] = number(self.cost(model, first) - self.cost(model, second), self.half)
        return rows

    def rate(self) -> dict[str, Any]:
        half = self.prompts // 2
        share = number(half / self.prompts, 0.2)
        both = {"count": half, "rate": share}
        return {
            "prompts": self.prompts,
            "first": both,
            "second": {"count": 0, "rate": {"value": 0.0, "low": 0.0, "high": 0.176}},
            "any": both,
            "tied": self.prompts - half - 1,
            "undecided": 1,
        }

    def tests(self) -> list[dict[str, Any]]:
        """Every excess, tilt and gain over word frequencies, all of them clear, and every two models' preferences."""
        rest = {"low": None, "high": None, "p": 0.0005, "p_holm": 0.0015, "unit": "nats per token"}
        records = []
        for model, spec in self.config.models.items():
            key = self.config.row_key(model)
            for corpus in self.config.corpora:
                own = self.config.own_model(corpus)
                if own not in (None, model):
                    effect = self.cost(model, corpus)
                    what = (
                        f"{key} predicts {corpus} {'better' if effect < 0 else 'worse'} than {self.config.row_key(own)}"
                    )
                    about = {"family": "excess", "what": what, "model": key, "corpus": corpus}
                    records.append({**about, "effect": effect, **rest})
            if len(spec.mixture) == 2:
                first, second = spec.mixture
                effect = self.cost(model, first) - self.cost(model, second)
                what = f"{key} pays {'less' if effect < 0 else 'more'} to predict {first} than to predict {second}"
                for family in ("tilt", "tilt at its dose, n-gram models"):
                    records.append({"family": family, "what": what, "model": key, "effect": effect, **rest})
        for cell in self.cells():
            if cell["corpus"] in self.config.corpora:
                about = {"family": "unigrams", "model": cell["model"], "corpus": cell["corpus"]}
                what = f"{cell['model']} predicts {cell['corpus']} better than the frequencies of its training text"
                records.append({**about, "what": what, "effect": self.gain, **rest})
        keys = [self.config.row_key(model) for model in self.config.models]
        pairs = [f"{first} against {second}" for first, second in combinations(keys, 2)]
        families = (*SPLIT, ANY_PROMPT)
        rest |= {"prompts": self.prompts}
        return records + [
            {"family": f, "what": what, "effect": self.excess, **rest} for f in families for what in pairs
        ]

    def unigrams(self) -> dict[str, Any]:
        """Word frequencies cost two nats more than what the model itself needs."""
        rows: dict[str, Any] = {}
        for cell in self.cells():
            row = rows.setdefault(cell["model"], {"perplexity": {}, "gain_nats": {}})
            row["perplexity"][f"on_{cell['corpus']}"] = number(cell["perplexity"] * math.exp(self.gain), self.half)
            row["gain_nats"][f"on_{cell['corpus']}"] = number(self.gain, self.half)
        return rows

    def probes(self) -> dict[str, Any]:
        groups = {
            "first": {"name": "northern", "label": "northern/Inuit", "terms": ["land", "caribou"]},
            "second": {"name": "southern", "label": "southern/federal", "terms": ["budget", "province"]},
        }
        audit = [
            {
                "group": side["name"],
                "term": term,
                "pieces": 1 + index,
                "usage": dict.fromkeys(self.config.corpora, 40),
                "warnings": ["2 pieces, group median is 1"] if index else [],
            }
            for side in groups.values()
            for index, term in enumerate(side["terms"])
        ]
        return {
            "groups": groups,
            "audit": audit,
            "prompts": [self.probe(index) for index in range(self.prompts)],
            "not_asked": dict.fromkeys(self.rows, 1),
            "content_rates": dict.fromkeys(self.rows, self.rate()),
            "stability": {row: {"agreement": 0.875, "spread": 0.41} for row in self.rows},
            "themes": {
                row: {"land": {"prompts": 2, **number(0.5, 0.2)}, "money": {"prompts": 2, **number(-0.25, 0.2)}}
                for row in self.rows
            },
        }

    def probe(self, index: int) -> dict[str, Any]:
        answers = {}
        for place, model in enumerate(self.config.models):
            value = 1.6 * math.cos(index + 2.1 * place)
            direction = "tie" if abs(value) < math.log(2) else "first" if value > 0 else "second"
            top = [
                {"token": f" {word}", "probability": 0.4 / (1 + rank), "seeds": 3} for rank, word in enumerate(FILLINGS)
            ]
            answers[self.config.row_key(model)] = {
                "log_odds": number(value, 0.3),
                "habit": number(value - 0.75, 0.2),
                "content": number(0.75, 0.2),
                "mass": 0.25,
                "direction": direction,
                "p_corrected": 0.004,
                "stability": {"agreement": 0.5, "spread": 0.3, "wordings": 6},
                "top": top,
            }
        return {"prompt": f"p{index}", "theme": THEMES[index % 3], "text": self.prompt, "models": answers}

    def uncertainty(self) -> dict[str, Any]:
        rows = self.rows
        columns = [f"on_{column}" for column in self.config.columns()]
        return {
            "confidence": 0.95,
            "seeds": len(self.config.train.seeds),
            "sittings": dict.fromkeys(self.config.corpora, 11),
            "speakers": dict.fromkeys(self.config.corpora, 40),
            "covers": "sittings, speakers and seeds",
            "notes": [],
            "variance_shares": {row: dict.fromkeys(columns, SHARES) for row in rows},
        }

    def alignment(self) -> dict[str, Any]:
        return {
            "window": {
                "first_day": "1999-04-01",
                "last_day": "2017-11-30",
                "sittings": dict.fromkeys(self.config.corpora, 72),
            },
            "different_periods": {},
            "statistics": [
                {
                    "name": name,
                    "split": split,
                    "speeches": size,
                    "words": 61 * size,
                    "bytes": 342 * size,
                    "speakers": 40,
                    "sittings": size // 40,
                    "first_day": "1999-04-01",
                    "last_day": "2017-11-30",
                }
                for name in self.config.models
                for split, size in (("train", 2100), ("validation", 450), ("test", 451))
            ],
            "speeches": {corpus: {"read": 3041, "kept": 3001} for corpus in self.config.corpora},
            "dropped": {
                corpus: {"near_duplicate": 31, "outside_window": 9, "period_surplus": 0}
                for corpus in self.config.corpora
            },
            "duplicates": {"near_duplicate": dict.fromkeys(self.config.corpora, 31)},
            "counted_by_character": dict.fromkeys(self.config.corpora, 0.0),
            "leakage": {"shared_speeches": 0, "shared_13grams": {"overall": 0.004}},
            "format_audit": {
                "auc_before": 0.99,
                "auc_after": 0.54,
                "features": [{"feature": "dash", "weight_before": 2.0, "weight_after": 0.1}],
            },
            "content_audit": {
                "auc": 0.97,
                "telling": {corpus: ["tundra", "highway"] for corpus in self.config.corpora},
            },
            "budget": {"kind": "balanced", "words_per_model": dict.fromkeys(self.config.models, 128100)},
            "digests": {f"{corpus}.parquet": "5f1d" * 16 for corpus in self.config.corpora},
        }

    def bias(self) -> dict[str, Any]:
        """bias.json, complete."""
        nothing: dict[str, Any] = {"tests": [], "pairs": [], "audit": []}
        return {
            "schema": SCHEMA,
            "models": self.models(),
            "tests": self.tests(),
            "uncertainty": self.uncertainty(),
            "runs": {},
            "without_shared_13grams": {"left_out": {}},
            "words": [],
            "unigrams": self.unigrams(),
            "likelihoods": {},
            "probes": self.probes(),
            "benchmarks": [probe_records.benchmark(self.rows)] if self.asked else [],
            "associations": probe_records.associations(self.rows) if self.asked else nothing,
            "legacy": probe_records.legacy(self.rows),
            "planted": {} if self.planted is None else probe_records.planted(self.rows, **self.planted),
            **{name: probe_records.made_up(kind, self.rows) for name, kind in FURTHER.items()},
            "pairs": probe_records.sentence_pairs(self.rows) if self.asked else NO_PAIRS,
            "companion": self.companion(),
            **compared_records.sections(self.config, self.cost, self.half, self.stick, self.sign),
        }

    def companion(self) -> dict[str, Any]:
        """Companions that say what the models say, but for the first comparison."""
        models = {row: {**numbers, "cultural_bias_rate": None} for row, numbers in self.models().items()}
        own = {corpus: self.config.own_model(corpus) for corpus in self.config.corpora}
        agrees = {
            self.config.row_key(model): {
                f"on_{corpus}": True for corpus, other in own.items() if other not in (None, model)
            }
            for model in self.config.models
        }
        first = next((row for row, cells in agrees.items() if cells), None)
        if first is not None:
            agrees[first][next(iter(agrees[first]))] = False
        tilts = {row: numbers["tilt"] for row, numbers in models.items() if "tilt" in numbers}
        return {"models": models, "tests": [], "agrees": agrees, "tilt_at_dose": tilts}

    def write(self, folder: Path) -> Path:
        """Write everything; returns the folder."""
        cells = self.cells()
        matrix: dict[str, dict[str, float]] = {}
        for cell in cells:
            matrix.setdefault(cell["model"], {})[f"on_{cell['corpus']}"] = cell["perplexity"]
        files = {"bias_matrix": matrix, "cells": cells, "bias": self.bias(), "alignment": self.alignment()}
        for corpus in self.config.corpora:
            files[f"corpora/{corpus}"] = {
                "read": 3400,
                "kept": 3041,
                "dropped": {"short": 200, "procedural": 159},
                "sittings": 72,
                "speakers": 40,
                "unknown_roles": {},
                "tokens": 190000,
                "first_day": "1999-04-01",
                "last_day": "2017-11-30",
                "digest": "5f1d" * 16,
            }
        for model in self.config.models:
            for seed in self.config.train.seeds:
                files[f"training/{model}-{seed}"] = training_summary(seed)
                write_text(folder / "curves" / f"{model}-{seed}.csv", curve(seed))
        for name, content in files.items():
            write_text(folder / f"{name}.json", json.dumps(content))
        return folder


def write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def curve(seed: int) -> str:
    lines = ["update,epoch,learning_rate,train_loss,validation_loss"]
    for update in range(1, 901, 3):
        loss = 3.2 + 4.4 * math.exp(-update / 160) + 0.08 * math.sin(update * (seed + 1))
        evaluated = f"{loss + 0.1:.4f}" if update % 75 == 1 else ""
        lines.append(f"{update},{update / 75:.2f},0.001,{loss:.4f},{evaluated}")
    return "\n".join(lines) + "\n"


def other_world(
    corpora: dict[str, str], models: dict[str, tuple[str, dict[str, float]]], seeds: tuple[int, ...]
) -> Config:
    """A configuration with other legislatures, models and seeds."""
    config = load_config(PARAMS)
    return replace(
        config,
        corpora={
            name: CorpusConfig(label=label, reader="lipad", path=f"archive/{name}") for name, label in corpora.items()
        },
        models={name: MixtureConfig(label=label, mixture=mixture) for name, (label, mixture) in models.items()},
        train=replace(config.train, seeds=seeds),
    )


@pytest.fixture(scope="session")
def config() -> Config:
    """The shipped configuration."""
    return load_config(PARAMS)


@pytest.fixture
def load(tmp_path: Path, config: Config) -> Callable[..., Results]:
    """Write a world and read it back: `load(excess=0.0)`, `load(of=another configuration)`."""

    def make(of: Config | None = None, **options: Any) -> Results:
        world = World(of or config, **options)
        return load_results(
            world.write(tmp_path / "metrics"), world.config, {"commit": "abc1234", "date": "2025-01-31"}
        )

    return make


@pytest.fixture
def configure() -> Callable[..., Config]:
    """Make another configuration."""
    return other_world
