"""Models that are there already: read, probed and asked with their own tokenizers, and never trained."""

from __future__ import annotations

import io
import json
import math
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from transformers import PreTrainedTokenizerBase

import hansard_bias as hb
from hansard_bias import cli
from hansard_bias.base.files import run_name
from hansard_bias.params import Config, parse_config
from hansard_bias.probing.tables import probed_paths
from hansard_bias.report.results import load_results
from helpers.local_models import save_local_model
from helpers.project import Project, built_once, made_up_debates, merged, write_params

KINDS = ("bert", "roberta", "modernbert")
STAGES = (cli.train, cli.score, cli.probe)


def no_training(*_: Any, **__: Any) -> None:
    raise AssertionError("a model that is there already was trained")


def speeches(project: Project) -> list[str]:
    """What the tokenizers learn from: with words of other texts a prompt would be longer than a tiny model's window."""
    texts: list[str] = pd.read_parquet(project.root / "data/aligned/canada.parquet").text.tolist()
    return texts


def with_given(raw: dict[str, Any], folders: dict[str, Path], alone: bool = False) -> dict[str, Any]:
    """Parameters with models of these folders beside the trained ones, or instead of them."""
    entries = {f"my_{name}": {"label": name.upper(), "folder": str(path)} for name, path in folders.items()}
    changed = merged(raw, {})
    return changed | {"models": entries if alone else changed["models"] | entries}


def run_given(root: Path, raw: dict[str, Any]) -> Config:
    """What `dvc repro` runs for the models of folders, by the commands themselves, and what compares and shows."""
    (root / "params.yaml").unlink(missing_ok=True)
    write_params(root, raw)
    config = parse_config(raw)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setattr("hansard_bias.training.run.train", no_training)
        # MLflow takes longer than all the rest, and is told nothing of these models.
        patch.setattr("hansard_bias.tracking.record_comparison", lambda config: None)
        cli.check()
        for model in config.given:
            for seed in config.train.seeds:
                for stage in STAGES:
                    stage(model, seed)
        cli.bias()
        cli.report()
    return config


@pytest.fixture(scope="module")
def study(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny project with one model of each family, made outside of it."""

    def build(root: Path) -> None:
        subprocess.run(["cp", "-aT", str(project.root), str(root)], check=True)
        outside, texts = root / "outside", speeches(project)
        folders = {kind: save_local_model(kind, outside / kind, texts) for kind in KINDS}
        run_given(root, with_given(project.raw, folders))

    return built_once(tmp_path_factory, "given", build)


@pytest.fixture
def here(study: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(study)
    return study


def folder_of(kind: str) -> Path:
    return Path(hb.load_study(".").config.given[f"my_{kind}"].folder)


def test_what_was_compared_before_is_the_same(project: Project, here: Path) -> None:
    """Such a model stands apart: no number of the trained ones knows it."""
    before, after = (json.loads((root / "metrics/bias.json").read_text()) for root in (project.root, here))
    assert {row: found["folder"] for row, found in after.pop("given")["models"].items()} == {
        f"{kind.upper()}_my_{kind}": kind for kind in KINDS
    }
    assert before.pop("given") == {"models": {}} and before == after
    for name in ("bias_matrix.json", "cells.json", "slices.csv", "words.csv"):
        assert (project.root / "metrics" / name).read_bytes() == (here / "metrics" / name).read_bytes()


@pytest.mark.parametrize("kind", KINDS)
def test_exact_likelihoods_are_those_of_minicons(here: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder as it was made, by another program with its own tokenizer: 1e-5 nats a token."""
    # minicons 0.3.39 calls what transformers 5 has dropped.
    restored = lambda self, *arguments, **named: self(*arguments, **named)  # noqa: E731
    monkeypatch.setattr(PreTrainedTokenizerBase, "batch_encode_plus", restored, raising=False)
    from minicons.scorer import MaskedLMScorer

    peer = MaskedLMScorer(str(folder_of(kind)), "cpu")
    peer.tokenizer.backend_tokenizer.no_truncation()
    table = pq.read_table(f"data/likelihoods/my_{kind}-1.parquet").to_pandas()
    texts = pd.concat([pd.read_parquet(f"data/aligned/{corpus}.parquet") for corpus in ("nunavut", "canada")])
    texts = texts.set_index("speech_id").text
    # What fits a window: the peer cuts no text into several.
    short = table[table.tokens <= 60]
    assert len(short) > 1
    for form, metric in (("pll", "original"), ("pll_within_word", "within_word_l2r")):
        total = lambda scores: scores.double().sum().item()  # noqa: E731
        theirs = [
            peer.sequence_score([texts[speech]], reduction=total, PLL_metric=metric)[0] for speech in short.speech_id
        ]
        np.testing.assert_allclose(short[form] / short.tokens, theirs / short.tokens, rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_scores_are_those_of_the_folder_itself(here: Path, kind: str) -> None:
    found = hb.load_study(".")
    told = found.speeches("canada").query("split == 'test'")
    direct = hb.score(told.text, folder_of(kind), ids=told.speech_id)
    tokens = found.scores(f"my_{kind}", corpus="canada", by="token")
    np.testing.assert_allclose(direct.tokens.nats, tokens.nats, rtol=1e-6)
    assert direct.tokens.token.tolist() == tokens.token.astype(str).tolist()
    # The same test speeches as those of the models that were trained.
    assert set(direct.texts.id) == set(found.scores("mixed", corpus="canada").speech_id)
    row = found.given.query(f"model == 'my_{kind}' and corpus == 'canada'").iloc[0]
    assert row.bits_per_byte == pytest.approx(direct.texts.nats.sum() / math.log(2) / direct.texts.bytes.sum())
    assert row.tokens_per_byte == pytest.approx(direct.texts.tokens.sum() / direct.texts.bytes.sum())
    assert row.unknown == pytest.approx(direct.texts.unknown.sum() / direct.texts.tokens.sum())
    assert row.bits_per_byte_low < row.bits_per_byte < row.bits_per_byte_high


def test_it_is_asked_all_that_the_others_are_asked(here: Path) -> None:
    found = hb.load_study(".")
    by_model = found.prompts.groupby("model").prompt.apply(list)
    assert set(by_model.index) == {*found.models, *(f"my_{kind}" for kind in KINDS)}
    assert all(prompts == by_model["mixed"] for prompts in by_model)
    items = found.answers.groupby("model").line.apply(list)
    assert len(items) == 6 and all(lines == items["mixed"] for lines in items)
    effects = found.tests.query("family == 'association'")
    assert effects.model.value_counts().reindex([f"my_{kind}" for kind in KINDS]).nunique() == 1
    # Asked of the folder, by hand: the odds of two answers of one token each.
    asked = pd.read_parquet("data/probed/my_roberta-1.benchmarks.parquet")
    assert asked.log_odds.notna().all() and len(asked) == items.iloc[0].__len__()


def test_one_reading_decides_nothing_and_has_no_excess(here: Path) -> None:
    found = hb.load_study(".")
    own = [f"my_{kind}" for kind in KINDS]
    assert set(found.prompts[found.prompts.model.isin(own)].direction) <= {"undecided", "not_asked", "tie"}
    assert not found.excess.model.isin(own).any() and not found.matrix.model.isin(own).any()
    told = json.loads(Path("metrics/bias.json").read_text(encoding="utf-8"))["given"]["models"].values()
    assert all(not model["probes"]["content_rates"] for model in told)


def test_other_seeds_are_empty_and_never_looked_at(here: Path) -> None:
    for model in (f"my_{kind}" for kind in KINDS):
        scored = [Path("data") / kind / f"{run_name(model, 2)}.parquet" for kind in ("scores", "likelihoods")]
        for path in (*scored, *probed_paths(model, 2)):
            assert pq.read_table(path).num_rows == 0
        assert [path.name for path in Path(f"models/{model}-2").iterdir()] == ["README.md"]
        assert len(pd.read_csv(f"metrics/curves/{model}-1.csv")) == 0
    with pytest.raises(ValueError, match="no seed 2 of my_bert, expected one of 1"):
        hb.load_study(".").scores("my_bert", seed=2)
    assert not list(Path(".checkpoints").glob("own-*")), "what was made for one reading is gone"


def test_the_page_sets_it_apart(here: Path) -> None:
    page = (here / "metrics/report/index.html").read_text(encoding="utf-8")
    (section,) = re.findall(r'<section id="given".*?</section>', page, re.DOTALL)
    assert "BERT (My bert)" in section and "cannot be compared" in section
    assert "My bert" not in page[page.index('id="matrix"') : page.index('id="training"')]
    table = pd.read_csv("metrics/tables/given.csv")
    assert table["Folder"].tolist() == list(KINDS)
    bits = hb.load_study(".").given.query("corpus == 'nunavut'").bits_per_byte
    assert table["Reading Nunavut"].tolist() == pytest.approx(bits.tolist())
    assert (here / "metrics/report/given.svg").is_file()


def test_the_folder_loads_with_transformers(here: Path) -> None:
    from transformers import AutoModelForMaskedLM, AutoTokenizer

    for kind in KINDS:
        folder = f"models/my_{kind}-1"
        _, missing = AutoModelForMaskedLM.from_pretrained(folder, output_loading_info=True, local_files_only=True)
        assert not missing["missing_keys"] and not missing["unexpected_keys"]
        assert AutoTokenizer.from_pretrained(folder, local_files_only=True).mask_token in ("[MASK]", "<mask>")


def test_what_others_depend_on_is_not_touched(project: Project, here: Path) -> None:
    """The files that `check` writes for each kind of stage: one more, all others to the byte."""
    before, after = (
        {path.relative_to(root): path.read_bytes() for path in (root / "data/sections").rglob("*.json")}
        for root in (project.root, here)
    )
    assert {path.name for path in after.keys() - before.keys()} == {f"my_{kind}.json" for kind in KINDS}
    assert all(after[path] == content for path, content in before.items())


def test_another_file_in_the_folder_is_another_model(project: Project, tmp_path: Path) -> None:
    folder = save_local_model("bert", tmp_path / "bert", made_up_debates("canada"))
    config = parse_config(with_given(project.raw, {"bert": folder}))
    from hansard_bias.given.taking import taken_from

    before = taken_from(config)
    (folder / "config.json").write_text((folder / "config.json").read_text() + "\n", encoding="utf-8")
    assert taken_from(config) != before


# A study that trains nothing: from the archives to the page.


CROWS = """,sent_more,sent_less,stereo_antistereo,bias_type
0,The hunters told us about the land.,The hunters told us about the budget.,stereo,age
1,The minister answered our question.,The minister refused our question.,antistereo,gender
2,The staff discussed the road with us.,The staff discussed the land with us.,stereo,age
"""


@pytest.fixture(scope="module")
def untrained(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("untrained")
    folder = save_local_model("bert", root / "folder", speeches(project))
    raw = with_given(project.raw, {"bert": folder}, alone=True)
    crows = root / "crows.csv"
    crows.write_text(CROWS, encoding="utf-8")
    raw["probe"] = raw["probe"] | {"benchmarks": [*raw["probe"]["benchmarks"], str(crows)]}
    write_params(root, raw)
    for part in ("raw", "speeches"):
        shutil.copytree(project.root / "data" / part, root / "data" / part)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        (root / "metrics" / "corpora").mkdir(parents=True)
        for corpus in project.config.corpora:
            shutil.copy(project.root / "metrics/corpora" / f"{corpus}.json", root / "metrics/corpora")
        cli.check()
        cli.align()
        cli.tokenizer()
        for corpus in project.config.corpora:
            cli.encode(corpus)
        cli.companion()
        cli.halvings()
    run_given(root, raw)
    yield root


def test_nothing_needs_to_be_trained(untrained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = hb.load_study(untrained)
    assert found.models == () and found.matrix.empty and found.tests.model.eq("my_bert").all()
    assert len(found.given) == 2 and len(found.prompts) >= 60 and len(found.answers) == 24
    assert found.answer.startswith("No model was trained here")
    shares = found.pairs.query("score == 'likelihood'").set_index("of")
    assert shares.form.eq("crows_pairs").all() and shares["items"].to_dict() == {
        "all": 3,
        "stereo": 2,
        "antistereo": 1,
        "age": 2,
        "gender": 1,
    }
    # By hand: the pseudo-log-likelihood over the words that both sentences share, of the folder itself.
    asked = pd.read_csv(io.StringIO(CROWS))
    folder = found.config.given["my_bert"].folder
    scores = [hb.score(asked[column], folder, method="pll").tokens for column in ("sent_more", "sent_less")]
    shared = [[t[t.text == at].copy() for t in scores] for at in range(3)]
    differences = []
    for first, second in shared:
        same = {t for t in first.token} & {t for t in second.token}
        differences.append(-first[first.token.isin(same)].nats.sum() + second[second.token.isin(same)].nats.sum())
    assert shares.preferring["all"] == pytest.approx(np.mean([each > 0 for each in differences]))
    assert shares.difference["all"] == pytest.approx(np.mean(differences), abs=1e-4)
    page = (untrained / "metrics/report/index.html").read_text(encoding="utf-8")
    assert 'id="given"' in page and 'id="matrix"' not in page and 'id="training"' not in page
    for link in re.findall(r'href="#([\w-]+)"', page):
        assert f'id="{link}"' in page, link
    assert (untrained / "metrics/matrix.svg").read_text(encoding="utf-8").startswith("<svg")
    assert json.loads((untrained / "metrics/bias_matrix.json").read_text()) == {"companion": {}}
    assert load_results(untrained / "metrics", found.config).runs == ()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(untrained)
        cli.summary()
    assert "No model was trained here" in capsys.readouterr().out


# Mistakes are found before anything is read, by the name of their key.


def no_folder(folder: Path) -> None:
    shutil.rmtree(folder)


def too_many_tokens(folder: Path) -> None:
    content = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps(content | {"vocab_size": 250_002}), encoding="utf-8")


def no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (no_folder, "expected an existing Hugging Face folder on this machine"),
        (too_many_tokens, "a vocabulary of at most 65535 tokens (it has 250002)"),
        (no_weights, "save the model there as safetensors"),
    ],
)
def test_a_wrong_folder_is_told_by_check(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: Callable[[Path], None], told: str
) -> None:
    folder = save_local_model("bert", tmp_path / "bert", made_up_debates("canada"))
    damage(folder)
    monkeypatch.chdir(write_params(tmp_path, with_given(project.raw, {"bert": folder})))
    with pytest.raises(ValueError, match=re.escape(told)) as caught:
        cli.check()
    assert str(caught.value).startswith("params.yaml: models.my_bert.folder is ") and "\n" not in str(caught.value)
