"""The pipeline end to end on a tiny sample: contracts, leaks, and a matrix that an independent scorer confirms."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from hansard_bias.randomness import stable_hashes
from hansard_bias.scoring.scoring import deal_folds
from helpers.project import Project


def read(project: Project, name: str) -> Any:
    return json.loads((project.root / "metrics" / name).read_text(encoding="utf-8"))


def aligned(project: Project, corpus: str) -> pd.DataFrame:
    return pd.read_parquet(project.root / "data" / "aligned" / f"{corpus}.parquet")


def test_contracts_of_the_metrics(project: Project) -> None:
    rows, columns = ["A_nunavut", "B_canada", "C_mixed"], ["on_nunavut", "on_canada", "on_mixed"]
    matrix, bias = read(project, "bias_matrix.json"), read(project, "bias.json")
    companions = matrix.pop("companion")
    for found, told in ((matrix, bias["models"]), (companions, bias["companion"]["models"])):
        assert list(found) == rows
        assert all(list(cells) == columns and all(value > 1 for value in cells.values()) for cells in found.values())
        numbers = {
            row: {name: round(cell["value"], 3) for name, cell in told[row]["perplexity"].items()} for row in rows
        }
        assert found == numbers
    assert list(bias["models"]) == rows
    assert bias["models"]["A_nunavut"]["excess_nats"]["on_nunavut"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert set(bias["models"]["C_mixed"]["tilt"]) == {"value", "low", "high"}
    exact = bias["likelihoods"]["C_mixed"]["on_canada"]
    assert exact["speeches"] == 10
    assert set(exact["pll"]) == set(exact["pll_within_word"]) == {"value", "low", "high"}
    assert {"what", "effect", "low", "high", "p", "p_holm"} <= set(bias["tests"][0])
    # No prompt asks models that have learned next to nothing: there is no preference to be tested.
    assert "association" in {test["family"] for test in bias["tests"]}
    assert len(bias["probes"]["prompts"]) >= 60 and len(bias["benchmarks"]) == 1
    assert all(set(test["models"]) == set(rows) for test in bias["associations"]["tests"])
    assert set(bias["legacy"]["models"]) == set(rows)
    assert len(bias["planted"]["associations"]) == 18 * 3
    assert set(bias["planted"]["summary"]) == {"log_odds", "preference"}
    assert len(read(project, "cells.json")) == 9
    summary = read(project, "training/mixed-2.json")
    assert {"tokens", "updates", "wall_seconds", "model_flop_utilisation", "fingerprint", "parameters"} <= set(summary)
    page = (project.root / "metrics" / "report" / "index.html").read_text(encoding="utf-8")
    assert "A (Nunavut)" in page and "Is the truth recovered?" in page


def test_every_record_is_accounted_for(project: Project) -> None:
    for corpus in project.config.corpora:
        counts = read(project, f"corpora/{corpus}.json")
        assert counts["read"] == counts["kept"] + sum(counts["dropped"].values())
        kept = pd.read_parquet(project.root / "data" / "speeches" / f"{corpus}.parquet")
        rejected = pd.read_parquet(project.root / "data" / "speeches" / f"{corpus}.rejected.parquet")
        assert (len(kept), len(rejected)) == (counts["kept"], sum(counts["dropped"].values()))
        assert kept["speech_id"].is_unique


def test_no_test_speech_is_in_any_training_or_tokenizer_text(project: Project) -> None:
    tables = pd.concat([aligned(project, corpus) for corpus in project.config.corpora])
    mixtures = pd.read_parquet(project.root / "data" / "aligned" / "mixtures.parquet")
    tests = tables[tables["split"] == "test"]
    used = mixtures[mixtures["split"] != "test"].merge(tables, on="speech_id", suffixes=("", "_corpus"))
    tokenizer_text = tables[tables["split"] == "train"]
    assert len(tests) > 50
    for seen in (used, tokenizer_text):
        assert not set(tests["speech_id"]) & set(seen["speech_id"])
        assert not set(tests["text"].str.casefold()) & set(seen["text"].str.casefold())
    assert (used["split"] == used["split_corpus"]).all(), "a mixture has its parents' splits"
    days = tables.groupby("sitting")["split"].nunique()
    assert (days == 1).all(), "a sitting day is in one split, in every corpus"


def reference_cross_entropy(project: Project, name: str, corpus: str) -> float:
    """Nats per piece of the test speeches, with nothing of the project's scorer but the dealing of folds."""
    from transformers import AutoModelForMaskedLM, AutoTokenizer

    folder = str(project.root / "models" / name)
    model, tokenizer = AutoModelForMaskedLM.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    table = aligned(project, corpus)
    nats, count = 0.0, 0
    for speech in table[table["split"] == "test"].itertuples():
        ids = torch.tensor(tokenizer(speech.text, add_special_tokens=False)["input_ids"])
        fold = torch.tensor(deal_folds(17, stable_hashes([speech.speech_id]), torch.arange(len(ids))[None].numpy(), 7))[
            0
        ]
        for part, dealt in zip(ids.split(62), fold.split(62), strict=True):
            for k in range(7):
                inputs = torch.cat([torch.tensor([2]), torch.where(dealt == k, 4, part), torch.tensor([3])])
                logits = model(input_ids=inputs[None]).logits[0, 1:-1].log_softmax(-1)
                nats -= float(logits[dealt == k, part[dealt == k]].double().sum())
        count += len(ids)
    return nats / count


@torch.inference_mode()
def test_the_matrix_agrees_with_a_reference_scorer(project: Project) -> None:
    matrix = read(project, "bias_matrix.json")
    losses = {
        corpus: sum(reference_cross_entropy(project, f"mixed-{seed}", corpus) for seed in (1, 2)) / 2
        for corpus in ("nunavut", "canada")
    }
    assert matrix["C_mixed"]["on_nunavut"] == pytest.approx(math.exp(losses["nunavut"]), rel=1e-5)
    assert matrix["C_mixed"]["on_canada"] == pytest.approx(math.exp(losses["canada"]), rel=1e-5)
    both = (losses["nunavut"] + losses["canada"]) / 2
    assert matrix["C_mixed"]["on_mixed"] == pytest.approx(math.exp(both), rel=1e-5)


def test_a_model_folder_is_a_plain_hugging_face_model(project: Project) -> None:
    from transformers import pipeline

    folder = project.root / "models" / "nunavut-1"
    fill = pipeline("fill-mask", model=str(folder), tokenizer=str(folder))
    answers = fill("The [MASK] language is essential for cultural identity.")
    assert len(answers) == 5
    assert sum(answer["score"] for answer in answers) <= 1
    names = {path.name for path in folder.iterdir()}
    assert {"model.safetensors", "config.json", "tokenizer.json", "README.md"} <= names
    assert not any(Path(name).suffix in (".bin", ".pt", ".pkl") for name in names)


def test_every_model_sees_as_much_text_and_as_many_updates(project: Project) -> None:
    runs = [read(project, f"training/{model}-1.json") for model in project.config.models]
    assert len({run["updates"] for run in runs}) == 1
    tokens = [run["tokens"] for run in runs]
    assert max(tokens) - min(tokens) <= 0.01 * max(tokens)


def test_a_repeated_stage_writes_the_same_bytes(inside: Project) -> None:
    from hansard_bias.pipeline import align, bias, encode, score, tokenizer

    watched = ["metrics/bias.json", "data/aligned/mixtures.parquet", "models/tokenizer/tokenizer.json"]
    watched += ["data/encoded/nunavut/pieces.npy", "data/scores/canada-1.parquet"]
    watched += ["data/likelihoods/canada-1.parquet"]
    before = [(inside.root / name).read_bytes() for name in watched]
    align.run(inside.config)
    tokenizer.run(inside.config)
    encode.run("nunavut")
    score.run(inside.config, "canada", 1)
    bias.run(inside.config)
    assert [(inside.root / name).read_bytes() for name in watched] == before


def test_models_of_other_archives_are_asked_no_planted_frames(project: Project, tmp_path: Path) -> None:
    from hansard_bias.pipeline import probe

    for name in ("models", "data/aligned", "data/probes"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).symlink_to(project.root / name)
    corpora = {name: replace(corpus, path=f"archive/{name}") for name, corpus in project.config.corpora.items()}
    probe.run(replace(project.config, corpora=corpora), "nunavut", 1, tmp_path)
    asked = [pd.read_parquet(root / "data/probed/nunavut-1.planted.parquet") for root in (tmp_path, project.root)]
    assert asked[0].empty and len(asked[1]) == 18 * 3
    assert not (tmp_path / "data/raw").exists()


CROWS = """,sent_more,sent_less,stereo_antistereo,bias_type,annotations
0,"Northern towns, they say, need roads.","Southern towns, they say, need roads.",stereo,place,[['place']]
1,"The people of the north want work.","The people of the south want work.",antistereo,work,"[['work'], []]"
2,The same.,The same.,stereo,place,[]
3,The land is cold.,The land is warm.,stereo,place,[]
"""
OWN = "preferred;other;theme\nThe house sits today.;The house sits now.;time\nWe agree.;We do not agree.;votes\n"
OPTIONS = {"stereotype": "cold", "anti-stereotype": "warm", "unrelated": "seven"}
STEREOSET = {
    "data": {
        "intrasentence": [
            {
                "id": f"a{n}",
                "target": "land" if n < 2 else "sea",
                "bias_type": "place",
                "context": context,
                "sentences": [
                    {"gold_label": label, "sentence": context.replace("BLANK", word)}
                    for label, word in list(OPTIONS.items())[: 3 - (n == 3)]
                ],
            }
            for n, context in enumerate(("The land is BLANK.", 'A "BLANK" land.', "The sea is BLANK.", "It is BLANK."))
        ],
        "intersentence": [
            {
                "id": "b0",
                "target": "sea",
                "bias_type": "place",
                "context": "I saw the sea.",
                "sentences": [{"gold_label": label, "sentence": f"It was {word}."} for label, word in OPTIONS.items()],
            }
        ],
    }
}
SEAT = {
    "targ1": {"category": "North", "examples": ["This is ice.", "That is snow.", "This is ICE."]},
    "targ2": {"category": "South", "examples": ["This is sun.", "That is sand."]},
    "attr1": {"category": "Good", "examples": ["safe", "good"]},
    "attr2": {"category": "Bad", "examples": ["bad", "unsafe"]},
}


def test_published_benchmarks_from_their_files_to_the_page(project: Project, tmp_path: Path) -> None:
    from hansard_bias.pipeline import bias, probe, report

    for name in ("models", "data"):
        for path in (project.root / name).iterdir():
            if path.name != "probed":
                (tmp_path / name).mkdir(exist_ok=True)
                (tmp_path / name / path.name).symlink_to(path)
    shutil.copytree(project.root / "metrics", tmp_path / "metrics")
    files = {"crows": CROWS, "own": OWN, "dev": json.dumps(STEREOSET), "seat": json.dumps(SEAT)}
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    config = replace(project.config, probe=replace(project.config.probe, benchmarks=tuple(files)))
    for model in config.models:
        for seed in config.train.seeds:
            probe.run(config, model, seed, tmp_path)
    bias.run(config, tmp_path)
    found = json.loads((tmp_path / "metrics/bias.json").read_text(encoding="utf-8"))
    benchmarks = {each["name"]: each for each in found["pairs"]["benchmarks"]}
    assert {name: each["form"] for name, each in benchmarks.items()} == {
        "crows": "crows_pairs",
        "own": "pairs",
        "dev": "stereoset",
    }
    assert found["benchmarks"] == [] and found["pairs"]["covers"] == "items and seeds"
    crows = benchmarks["crows"]["models"]["A_nunavut"]["likelihood"]
    assert {name: each["items"] for name, each in crows["parts"].items()} == {"stereo": 2, "antistereo": 1}
    assert {name: each["items"] for name, each in crows["themes"].items()} == {"place": 2, "work": 1}
    tables = [pd.read_parquet(tmp_path / f"data/probed/nunavut-{seed}.pairs.parquet") for seed in (1, 2)]
    own = [table[table["benchmark"] == "crows"] for table in tables]
    shares = [float((table["score_first"] > table["score_second"]).mean()) for table in own]
    assert crows["all"]["preferring"]["value"] == pytest.approx(sum(shares) / 2)
    dev = benchmarks["dev"]["models"]["C_mixed"]
    assert dev["aul"]["all"]["items"] == 4 and set(dev["aul"]["all"]["stereoset"]) == {"ss", "lms", "icat"}
    assert {name: each["items"] for name, each in dev["likelihood"]["parts"].items()} == {
        "intrasentence": 3,
        "intersentence": 1,
    }
    (seat,) = {test["test"] for test in found["associations"]["tests"]} - {
        test["test"] for test in read(project, "bias.json")["associations"]["tests"]
    }
    assert seat == "seat"
    problems = {
        (each["benchmark"], each["problem"].removeprefix(f"{tmp_path}/")) for each in found["pairs"]["left_out"]
    }
    assert problems == {
        ("crows", "crows:4: both sentences are 'The same.'; expected two that differ"),
        ("dev", "dev: item a3: its options are stereotype, anti-stereotype; expected one each of stereotype, "
         "anti-stereotype, unrelated"),
        ("seat", "seat: targ1: example 3: 'This is ICE.' is in one of the sets already; keep one of them"),
    }  # fmt: skip
    report.run(config, tmp_path)
    page = (tmp_path / "metrics/report/index.html").read_text(encoding="utf-8")
    assert all(f"Sentences of the benchmark \u201c{name}\u201d" in page for name in ("Crows", "Own", "Dev"))
    assert "Items of benchmarks that are left out" in page
    told = pd.read_csv(tmp_path / "metrics/report/tables/pairs-2.csv")
    assert len(told) == 3 * 2 * 3 and "Preferred higher" in told.columns
