"""`hb.score`: the study's own scores, minicons' for folders made elsewhere, and one line for what is no model."""

from __future__ import annotations

import json
import math
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file, save_file
from transformers import PreTrainedTokenizerBase

import hansard_bias as hb
from helpers.local_models import save_local_model
from helpers.project import Project, made_up_debates

TEXTS = [*made_up_debates("nunavut", 6), "Thank you, Mr. Speaker!"]


@pytest.fixture(scope="module", params=["bert", "roberta", "modernbert"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of random weights with a tokenizer of its own, made outside any project."""
    return save_local_model(request.param, tmp_path_factory.mktemp("given") / request.param, made_up_debates("canada"))


def test_test_speeches_have_the_scores_of_the_study(inside: Project) -> None:
    """Folds are dealt by the speech's id: the same call, with the same ids, gives the same bits."""
    study = hb.load_study(".")
    told = study.speeches("canada").query("split == 'test'")
    read = study.scores("mixed", seed=2, corpus="canada")
    scored = hb.score(told.text, "models/mixed-2", ids=told.speech_id)
    assert scored.texts.set_index("id").nats.to_dict() == read.set_index("speech_id").nats.to_dict()
    tokens = study.scores("mixed", seed=2, corpus="canada", by="token")
    np.testing.assert_array_equal(scored.tokens.nats, tokens.nats)
    assert scored.tokens.token.tolist() == tokens.token.astype(str).tolist()
    by_ngrams = hb.score(told.text, study.companion("mixed"))
    np.testing.assert_allclose(
        by_ngrams.texts.nats, study.scores("mixed", corpus="canada", companion=True).nats, rtol=1e-6
    )


@pytest.mark.parametrize(("method", "metric"), [("pll", "original"), ("pll_within_word", "within_word_l2r")])
def test_exact_scores_are_those_of_minicons(
    folder: Path, method: str, metric: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # minicons 0.3.39 calls what transformers 5 has dropped.
    restored = lambda self, *arguments, **named: self(*arguments, **named)  # noqa: E731
    monkeypatch.setattr(PreTrainedTokenizerBase, "batch_encode_plus", restored, raising=False)
    from minicons.scorer import MaskedLMScorer

    peer = MaskedLMScorer(str(folder), "cpu")
    # A tokenizer that was saved with the length of its last use cuts texts off there.
    peer.tokenizer.backend_tokenizer.no_truncation()
    short = [text for text in TEXTS if len(text) < 80]
    scored = hb.score(short, folder, method=method)
    total = lambda scores: scores.double().sum().item()  # noqa: E731
    theirs = [peer.sequence_score([text], reduction=total, PLL_metric=metric)[0] for text in short]
    assert len(short) > 3
    np.testing.assert_allclose(-scored.texts.nats, theirs, rtol=1e-5)
    np.testing.assert_allclose(-scored.texts.nats_per_token, theirs / scored.texts.tokens, rtol=0, atol=1e-5)


def test_words_and_texts_are_sums_of_tokens(folder: Path) -> None:
    scored = hb.score(["Ka ni, tu!", "", "\u00e9 \u65e5\u672c  x"], folder)
    for level in (scored.words, scored.texts):
        by_text = scored.tokens.groupby("text").nats.sum().reindex(range(3), fill_value=0.0)
        np.testing.assert_allclose(level.groupby("text").nats.sum().reindex(range(3), fill_value=0.0), by_text)
        assert level.tokens.sum() == len(scored.tokens)
    first = scored.words[scored.words.text == 0]
    assert [word.casefold() for word in first.word] == ["ka", "ni", ",", "tu", "!"]
    assert first.position.tolist() == [0, 1, 2, 3, 4]
    empty = scored.texts.iloc[1]
    assert (empty.tokens, empty.nats, empty.bytes) == (0, 0.0, 0) and math.isnan(empty.nats_per_token)
    bits = scored.texts.nats / math.log(2) / scored.texts.bytes
    np.testing.assert_allclose(scored.texts.bits_per_byte.drop(1), bits.drop(1))
    for token in scored.tokens[scored.tokens.text == 0].itertuples():
        assert token.token.strip("Ġ#").casefold() in "ka ni, tu!"[token.start : token.end]


def test_what_the_tokenizer_cannot_write_is_counted(tmp_path: Path) -> None:
    folder = save_local_model("bert", tmp_path / "bert", TEXTS)
    assert hb.score(["ka \u65e5 ni \u672c", "ka"], folder).texts.unknown.tolist() == [2, 0]


def test_equal_texts_are_scored_alike_in_any_order_and_batch(folder: Path) -> None:
    forwards = hb.score([*TEXTS, TEXTS[0]], folder)
    backwards = hb.score([*TEXTS, TEXTS[0]][::-1], folder, batch_tokens=64)
    np.testing.assert_allclose(backwards.texts.nats[::-1], forwards.texts.nats, rtol=1e-5)
    assert forwards.texts.nats.iloc[0] == pytest.approx(forwards.texts.nats.iloc[-1])
    assert hb.score(TEXTS, folder, seed=5).texts.nats[0] != forwards.texts.nats[0]


def test_a_text_longer_than_the_window_is_read_to_its_end(folder: Path) -> None:
    text = " ".join(TEXTS * 4)
    scored = hb.score([text], folder)
    assert len(scored.tokens) > 100 and scored.tokens.end.max() == len(text)
    assert scored.tokens.nats.notna().all() and not scored.tokens.nats.eq(0).any()


def test_a_folder_as_published_long_ago(tmp_path: Path) -> None:
    """Norms called gamma and beta, a head for pairs of sentences, special tokens that only the class knows."""
    folder = save_local_model("bert", tmp_path / "bert", TEXTS)
    expected = hb.score(TEXTS, folder).texts.nats
    weights = load_file(folder / "model.safetensors")
    old = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): value
        for name, value in weights.items()
    }
    assert set(old) != set(weights)
    extra = weights["bert.embeddings.LayerNorm.weight"]
    old |= {"cls.seq_relationship.weight": extra.clone(), "bert.pooler.dense.bias": extra.clone()}
    save_file(old, folder / "model.safetensors")
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": true}', encoding="utf-8")
    np.testing.assert_array_equal(hb.score(TEXTS, folder).texts.nats, expected)


def written(name: str, change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        content = json.loads((folder / name).read_text(encoding="utf-8"))
        change(content)
        (folder / name).write_text(json.dumps(content), encoding="utf-8")

    return damage


def without_head(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    save_file({name: each for name, each in weights.items() if "transform" not in name}, folder / "model.safetensors")


DAMAGES: dict[str, Callable[[Path], object]] = {
    "an existing Hugging Face folder": shutil.rmtree,
    "(no tokenizer.json there); save its fast tokenizer there": lambda folder: (folder / "tokenizer.json").unlink(),
    "save the model there as safetensors": lambda folder: (folder / "model.safetensors").unlink(),
    "(no config.json there)": lambda folder: (folder / "config.json").unlink(),
    "config.json is readable JSON": lambda folder: (folder / "config.json").write_text("{"),
    "(its model_type: 'gpt2')": written("config.json", lambda content: content.update(model_type="gpt2")),
    "a whole number for num_hidden_layers (there: None)": written(
        "config.json", lambda content: content.pop("num_hidden_layers")
    ),
    "no more tokens (": written("config.json", lambda content: content.update(vocab_size=100)),
    "a fast tokenizer in tokenizer.json": lambda folder: (folder / "tokenizer.json").write_text("{}"),
    "with its head (model.safetensors has no cls.predictions.transform.dense.weight)": without_head,
    "model.safetensors is whole": lambda folder: (folder / "model.safetensors").write_bytes(b"\x10\0\0"),
    "whose tokenizer has a mask_token (there: <mask>)": written(
        "tokenizer_config.json", lambda content: content.update(mask_token="<mask>")
    ),
}


@pytest.mark.parametrize("told", DAMAGES)
def test_what_is_no_model_is_told_in_one_line(tmp_path: Path, told: str) -> None:
    folder = save_local_model("bert", tmp_path / "bert", TEXTS)
    DAMAGES[told](folder)
    with pytest.raises(ValueError, match=re.escape(told)) as caught:
        hb.score(TEXTS, folder)
    assert str(caught.value).startswith(f"model is '{folder}', expected") and "\n" not in str(caught.value)


def test_what_is_no_list_of_texts_is_told_in_one_line(trained: Path) -> None:
    model = trained / "models" / "mixed-1"
    calls: dict[str, Callable[[], object]] = {
        "texts: a single text 'ka ni', expected a list": lambda: hb.score("ka ni", model),
        "texts: number 1 is nan, expected text": lambda: hb.score(["ka", math.nan], model),  # type: ignore[list-item]
        "texts: number 0 is b'ka', expected text": lambda: hb.score([b"ka"], model),  # type: ignore[list-item]
        "ids: 1 for 2 texts": lambda: hb.score(["ka", "ni"], model, ids=["a"]),
        "no method 'exact', expected one of folds, pll, pll_within_word": lambda: hb.score([], model, method="exact"),
        "score.mask_rate is 0.9, expected 0.01 to 0.5": lambda: hb.score(["ka"], model, mask_rate=0.9),
    }
    for told, call in calls.items():
        with pytest.raises(ValueError, match=re.escape(told)):
            call()
    assert hb.score([], model).texts.empty and hb.score([""], model).words.empty


def test_a_companion_has_one_method(inside: Project) -> None:
    companion = hb.load_study(".").companion("nunavut")
    assert repr(companion) == "<n-gram companion of nunavut>"
    with pytest.raises(ValueError, match="method is 'pll', expected none: a companion reads from left to right"):
        hb.score(["ka"], companion, method="pll")
