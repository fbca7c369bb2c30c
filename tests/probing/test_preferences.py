"""Preference probes against a slow computation of their own, models with a preference built in, and real prompts."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import BertConfig, BertForMaskedLM, PreTrainedTokenizerFast

from hansard_bias.base import messages
from hansard_bias.models.scorer import TransformersScorer
from hansard_bias.probing.benchmarks import Benchmark, Item
from hansard_bias.probing.cloze import Cloze, ClozeEncoder
from hansard_bias.probing.files import Associations, PlantedFrame
from hansard_bias.probing.probes import (
    COLUMNS,
    audit_terms,
    audit_words,
    probe_benchmarks,
    probe_model,
    probe_planted,
)
from hansard_bias.probing.prompts import Candidate, Group, Prompt, load_groups, load_prompts

PROBES = Path(__file__).parents[2] / "data" / "probes"
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
SENTENCES = (
    "The icy roads of the town are often closed, and the sunny roads are not.",
    "Icy roads are closed in the town. Sunny roads are closed in the towns.",
    "In the snowy town, the old bridge is closed; the warm road is open.",
)
PROMPTS = (
    Prompt("mid", "roads", "The [MASK] roads are often closed.", ("In [MASK], the bridge is closed.",)),
    Prompt("start", "towns", "[MASK] towns are open; the bridge is not.", ("It is warm. [MASK] roads are open.",)),
)
# Which words of PROMPTS carry content, by hand.
CONTENT = {"roads", "closed", "bridge", "towns", "open", "warm"}
COLD = Group("cold", "cold", "for tests", ("icy", "snowy", "Arctic", "frostbitten"))
WARM = Group("warm", "warm", "for tests", ("sunny", "warm", "warms", "warmed", "tropical"))
GROUPS = (COLD, WARM)


@cache
def tokenizer_of(prefix_space: bool, all_bytes: bool = True) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix_space)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet() if all_bytes else []
    trainer = trainers.BpeTrainer(
        vocab_size=360, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(SENTENCES * 2, trainer)
    around = [(token, SPECIAL.index(token)) for token in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=around)
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), SPECIAL, strict=True))
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)


def model_of(tokenizer: PreTrainedTokenizerFast, positions: int = 64) -> Any:
    torch.manual_seed(5)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=positions,
        initializer_range=0.5,
    )
    return BertForMaskedLM(config)


def probe(model: Any, tokenizer: PreTrainedTokenizerFast, **changes: Any) -> pd.DataFrame:
    options: dict[str, Any] = {"prompts": PROMPTS, "groups": GROUPS, "top_k": 5}
    return probe_model(TransformersScorer(model), ClozeEncoder(tokenizer, str), **{**options, **changes})


def clozes_of(tokenizer: PreTrainedTokenizerFast, groups: Any, text: str, surface: Any) -> tuple[Cloze, Cloze]:
    candidates = [Candidate(group.name, term) for group in groups for term in group.terms]
    return ClozeEncoder(tokenizer, surface).cloze_and_prior(text, candidates, "prompt")


def log_p(model: Any, ids: list[int], position: int, token: int) -> float:
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([ids])).logits[0, position].double()
    return float(logits[token] - logits.exp().sum().log())


def slow_term(model: Any, tokenizer: PreTrainedTokenizerFast, text: str, term: str, prior: bool) -> float:
    """log P of a term: the filled sentence is tokenised whole, the term found in it by its word number."""
    start = text.index("[MASK]")
    term = term[0].upper() + term[1:] if start == 0 or text[start - 2] == "." else term
    filled = text.replace("[MASK]", term)
    encoding = tokenizer(filled)
    ids, words = list(encoding["input_ids"]), encoding.word_ids()
    places = [index for index, word in enumerate(words) if word == encoding.char_to_word(start)]
    if prior:
        spans = {word: encoding.word_to_chars(word) for word in words if word is not None}
        content = {word for word, span in spans.items() if filled[span.start : span.end].strip().lower() in CONTENT}
        ids = [SPECIAL.index("[MASK]") if word in content else token for token, word in zip(ids, words, strict=True)]
    pieces = [encoding["input_ids"][place] for place in places]
    for place in places:
        ids[place] = SPECIAL.index("[MASK]")
    total = 0.0
    for place, piece in zip(places, pieces, strict=True):
        total += log_p(model, ids, place, piece)
        ids[place] = piece
    return total


@pytest.mark.parametrize("prefix_space", [True, False])
def test_log_odds_equal_a_slow_computation_term_by_term(prefix_space: bool) -> None:
    tokenizer = tokenizer_of(prefix_space)
    lengths = {len(tokenizer.encode(f" {term}", add_special_tokens=False)) for term in COLD.terms + WARM.terms}
    assert 1 in lengths and 2 in lengths and max(lengths) > 3, lengths
    model = model_of(tokenizer).eval()
    frame = probe(model, tokenizer)
    for row in frame.itertuples():
        logs = {}
        for prior in (False, True):
            p = [[slow_term(model, tokenizer, row.text, t, prior) for t in group.terms] for group in GROUPS]
            logs[prior] = [np.log(np.exp(np.array(group)).sum()) for group in p]
        assert row.log_odds == pytest.approx(logs[False][0] - logs[False][1], abs=1e-5)
        assert row.prior_log_odds == pytest.approx(logs[True][0] - logs[True][1], abs=1e-5)
        assert row.preference == pytest.approx(row.log_odds - row.prior_log_odds, abs=1e-12)
        assert row.p_first == pytest.approx(np.exp(logs[False][0]), rel=1e-4)
        assert row.p_second == pytest.approx(np.exp(logs[False][1]), rel=1e-4)
    # The numbers must differ between texts, or equality above would show little.
    assert frame["preference"].abs().min() > 1e-3
    assert frame["log_odds"].nunique() == 4


def test_rows_name_prompt_theme_and_paraphrase() -> None:
    frame = probe(model_of(tokenizer_of(True)), tokenizer_of(True))
    assert frame["prompt"].tolist() == ["mid", "mid", "start", "start"]
    assert frame["theme"].tolist() == ["roads", "roads", "towns", "towns"]
    assert frame["paraphrase"].tolist() == [0, 1, 0, 1]
    assert frame["text"].tolist() == [text for prompt in PROMPTS for text in prompt.texts]


def test_answers_do_not_depend_on_the_batch_nor_on_dropout() -> None:
    tokenizer = tokenizer_of(True)
    model = model_of(tokenizer)
    model.train()
    numbers = [probe(model, tokenizer, batch_size=size).select_dtypes("number") for size in (1, 3, 64)]
    for other in numbers[1:]:
        np.testing.assert_allclose(other, numbers[0], atol=1e-5)
    assert not model.training, "a scorer only reads"


class Wrapped(torch.nn.Module):
    """Any masked language model that is no BERT; `lift` nats are added to some tokens where a sign is in the text."""

    def __init__(self, model: Any, tokens: list[int], lift: float, sign: int | None) -> None:
        super().__init__()
        self.inner, self.config, self.device = model, model.config, model.device
        self.tokens, self.lift, self.sign = tokens, lift, sign

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> SimpleNamespace:
        logits = self.inner(input_ids=input_ids, attention_mask=attention_mask).logits
        seen = (input_ids == self.sign).any(dim=1) if self.sign is not None else torch.zeros(len(input_ids))
        logits[..., self.tokens] += self.lift * seen.float()[:, None, None]
        return SimpleNamespace(logits=logits)


def single_pieces(tokenizer: PreTrainedTokenizerFast, *terms: str) -> list[int]:
    pieces = [tokenizer.encode(f" {term}", add_special_tokens=False) for term in terms]
    assert all(len(ids) == 1 for ids in pieces)
    return [ids[0] for ids in pieces]


def test_another_architecture_gives_the_same_numbers() -> None:
    tokenizer = tokenizer_of(True)
    model = model_of(tokenizer).eval()
    other = probe(Wrapped(model, [], 0.0, None), tokenizer).select_dtypes("number")
    np.testing.assert_allclose(other, probe(model, tokenizer).select_dtypes("number"), atol=1e-5)


@pytest.mark.parametrize("lift", [2.0, -2.0])
def test_a_preference_that_depends_on_the_text_is_found_with_its_size(lift: float) -> None:
    tokenizer = tokenizer_of(True)
    groups = (Group("cold", "", "", ("icy",)), Group("warm", "", "", ("sunny",)))
    model = model_of(tokenizer).eval()
    (roads,) = single_pieces(tokenizer, "roads")
    doctored = Wrapped(model, single_pieces(tokenizer, "icy"), lift, sign=roads)
    prompts = (Prompt("p", "t", "The [MASK] roads are closed.", ("The [MASK] town is closed.",)),)
    plain = probe(model, tokenizer, prompts=prompts, groups=groups)
    found = probe(doctored, tokenizer, prompts=prompts, groups=groups)
    shift = found["preference"] - plain["preference"]
    np.testing.assert_allclose(shift, [lift, 0.0], atol=1e-5)


def test_the_prior_removes_what_holds_in_every_text() -> None:
    tokenizer = tokenizer_of(True)
    groups = (Group("cold", "", "", ("icy", "snowy")), Group("warm", "", "", ("sunny",)))
    model = model_of(tokenizer).eval()
    prompts = (Prompt("p", "t", "The [MASK] roads are closed.", ()),)
    plain = probe(model, tokenizer, prompts=prompts, groups=groups)
    with torch.no_grad():
        model.cls.predictions.decoder.bias[single_pieces(tokenizer, "icy", "snowy")] += 3.0
    doctored = probe(model, tokenizer, prompts=prompts, groups=groups)
    np.testing.assert_allclose(doctored["log_odds"] - plain["log_odds"], 3.0, atol=1e-5)
    np.testing.assert_allclose(doctored["preference"], plain["preference"], atol=1e-5)


def test_fillings_are_the_most_probable_pieces_in_order() -> None:
    tokenizer = tokenizer_of(True)
    model = model_of(tokenizer).eval()
    top = probe(model, tokenizer)["top"][0]
    ids = tokenizer("The icy roads are often closed.")["input_ids"]
    ids[2] = tokenizer.mask_token_id
    with torch.no_grad():
        p = model(input_ids=torch.tensor([ids])).logits[0, 2].softmax(dim=-1)
    best = sorted(range(len(SPECIAL), len(p)), key=lambda token: -p[token])[:5]
    assert [filling["token"] for filling in top] == [tokenizer.decode([token]).strip() for token in best]
    assert [filling["probability"] for filling in top] == pytest.approx(p[best].tolist(), rel=1e-4)
    everything = probe(model, tokenizer, top_k=10_000)["top"][0]
    assert sum(filling["probability"] for filling in everything) == pytest.approx(1 - float(p[:5].sum()), abs=1e-5)


@pytest.mark.parametrize("prefix_space", [True, False])
@pytest.mark.parametrize("surface", [str, str.lower])
def test_pieces_around_the_mask_are_those_of_the_filled_sentence(prefix_space: bool, surface: Any) -> None:
    tokenizer = tokenizer_of(prefix_space)
    groups = load_groups(PROBES / "groups.yaml")
    terms = [term for group in groups for term in group.terms]
    prompts = [*load_prompts(PROBES / "prompts.yaml")[::3], *PROMPTS]
    for prompt in prompts:
        for text in prompt.texts:
            starts = re.search(r"(^|[.!?] )\[MASK\]", text)
            cased = [term[0].upper() + term[1:] if starts else term for term in terms]
            filled = tokenizer([surface(text.replace("[MASK]", term)) for term in cased])["input_ids"]
            frame, prior = clozes_of(tokenizer, groups, text, surface)
            assert [[*head, *pieces, *tail] for head, pieces, tail in frame.fillings] == filled
            for plain, masked in zip(frame.fillings, prior.fillings, strict=True):
                assert (len(masked.head), len(masked.tail)) == (len(plain.head), len(plain.tail))
                assert masked.tokens == plain.tokens


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("In [MASK] communities, housing is often inadequate.", "In", " *, * is often *."),
        ("The [MASK] language is essential for cultural identity.", "The", " * is * for * *."),
        ("[MASK] representatives understand local needs better.", "", " * * * * *."),
        ("Climate change affects [MASK] communities differently.", " * * *", " * *."),
        (
            "The minister doesn't self-govern; we won't let the [MASK] town's mayor.",
            "The * doesn't *-*; we won't let the",
            " *'s *.",
        ),
    ],
)
def test_the_prior_keeps_function_words_and_punctuation_alone(text: str, before: str, after: str) -> None:
    tokenizer = tokenizer_of(True)
    frame, prior = (cloze.fillings[0] for cloze in clozes_of(tokenizer, GROUPS, text, str))

    def shown(pieces: tuple[int, ...]) -> str:
        """The text of the pieces, a star for each word; words are told apart by the leading space of the original."""
        original = frame.head if pieces is prior.head else frame.tail
        tokens = [
            ("Ġ" * old.startswith("Ġ") + "*" if new == "[MASK]" else new)
            for new, old in zip(
                tokenizer.convert_ids_to_tokens(list(pieces)),
                tokenizer.convert_ids_to_tokens(list(original)),
                strict=True,
            )
        ]
        joined = "".join(token for token in tokens if token not in SPECIAL).replace("Ġ", " ")
        return re.sub(r"\*+", "*", joined)

    assert shown(prior.head).strip() == before.strip()
    assert shown(prior.tail) == after


def test_the_audit_reports_pieces_usage_and_what_is_odd() -> None:
    tokenizer = tokenizer_of(True)
    usage = {
        "north": {term: 3 for term in COLD.terms + WARM.terms},
        "south": {term: 0 if term == "icy" else 2 for term in COLD.terms + WARM.terms},
    }
    records = {record["term"]: record for record in audit_terms(GROUPS, ClozeEncoder(tokenizer, str), usage)}
    assert list(records) == [*COLD.terms, *WARM.terms]
    assert records["icy"] == {
        "group": "cold",
        "term": "icy",
        "pieces": 1,
        "usage": {"north": 3, "south": 0},
        "warnings": ["never used in south"],
    }
    assert records["warmed"]["warnings"] == []
    assert records["sunny"]["warnings"] == ["1 piece, group median is 2"]
    long = records["frostbitten"]
    assert long["pieces"] == len(tokenizer.encode(" frostbitten", add_special_tokens=False)) > 3
    assert long["warnings"] == [f"{long['pieces']} pieces, group median is 1"]


def test_a_term_that_cannot_be_written_stops_the_run() -> None:
    tokenizer = tokenizer_of(True, all_bytes=False)
    groups = (Group("cold", "", "", ("icy",)), Group("warm", "", "", ("sunny", "été")))
    usage = {"north": {"icy": 1, "sunny": 1, "été": 1}}
    with pytest.raises(ValueError, match="group warm: term 'été' encodes to an unknown token"):
        audit_terms(groups, ClozeEncoder(tokenizer, str), usage)
    with pytest.raises(ValueError, match="group warm: term 'été' encodes to an unknown token"):
        probe(model_of(tokenizer), tokenizer, groups=groups)


def test_a_prompt_longer_than_the_window_is_refused() -> None:
    tokenizer = tokenizer_of(True)
    with pytest.raises(
        ValueError, match=r"^prompt (mid|start): takes \d+ tokens, the model reads 12; shorten the prompt"
    ):
        probe(model_of(tokenizer, positions=12), tokenizer)


def test_terms_that_are_written_alike_or_as_a_special_token_stop_the_run() -> None:
    tokenizer = tokenizer_of(True)
    groups = (Group("cold", "", "", ("icy",)), Group("warm", "", "", ("sunny", "ICY")))
    usage = {"north": {"icy": 1, "sunny": 1, "ICY": 1}}
    with pytest.raises(ValueError, match="group warm: term 'ICY' encodes to the pieces of 'icy'; keep one of them"):
        audit_terms(groups, ClozeEncoder(tokenizer, str.lower), usage)
    groups = (Group("cold", "", "", ("icy",)), Group("warm", "", "", ("[SEP]",)))
    with pytest.raises(ValueError, match=r"group warm: term '\[SEP\]' encodes to a special token"):
        audit_terms(groups, ClozeEncoder(tokenizer, str), {})


def asked_words(*words: str) -> Associations:
    """Associations that ask for these words and no other."""
    return Associations((), (), tuple((word, word) for word in words))


def test_words_of_the_association_tests_are_audited_too() -> None:
    usage = {"north": {"icy": 3, "warm": 1}, "south": {"icy": 0, "warm": 2}}
    records = audit_words(asked_words("icy", "warm"), ClozeEncoder(tokenizer_of(True), str), usage)
    assert [record["warnings"] for record in records] == [["never used in south"], []]
    assert records[0]["usage"] == {"north": 3, "south": 0}
    with pytest.raises(ValueError, match=r"probe\.associations: word 'été' encodes to an unknown token"):
        audit_words(asked_words("été"), ClozeEncoder(tokenizer_of(True, all_bytes=False), str), {})


ITEMS = (
    Item(2, "The [MASK] roads are often closed.", "icy", "tropical", "roads"),
    Item(3, "[MASK] towns are open.", "Frostbitten", "sunny", "towns"),
)


@pytest.mark.parametrize("prefix_space", [True, False])
def test_benchmarks_equal_a_slow_computation(prefix_space: bool) -> None:
    tokenizer = tokenizer_of(prefix_space)
    model = model_of(tokenizer).eval()
    scorer, encoder = TransformersScorer(model), ClozeEncoder(tokenizer, str)
    table, left_out = probe_benchmarks(scorer, encoder, [Benchmark("b", "b.csv", items=ITEMS)])
    assert not left_out
    assert table["benchmark"].tolist() == ["b", "b"] and table["line"].tolist() == [2, 3]
    pieces = [len(tokenizer.encode(f" {answer}", add_special_tokens=False)) for answer in ("icy", "tropical")]
    assert table.loc[0, ["favorable_pieces", "unfavorable_pieces"]].tolist() == pieces and pieces[0] < pieces[1]
    for row, item in zip(table.itertuples(), ITEMS, strict=True):
        odds = {
            prior: slow_term(model, tokenizer, item.prompt, item.favorable, prior)
            - slow_term(model, tokenizer, item.prompt, item.unfavorable, prior)
            for prior in (False, True)
        }
        assert row.log_odds == pytest.approx(odds[False], abs=1e-5)
        assert row.prior_log_odds == pytest.approx(odds[True], abs=1e-5)
        assert row.preference == pytest.approx(odds[False] - odds[True], abs=2e-5)
    assert table["preference"].abs().min() > 1e-3


def test_no_benchmark_is_an_empty_table_and_a_bad_item_is_named_by_its_line() -> None:
    tokenizer = tokenizer_of(True, all_bytes=False)
    asked = TransformersScorer(model_of(tokenizer, positions=12)), ClozeEncoder(tokenizer, str)
    empty, left_out = probe_benchmarks(*asked, [])
    assert len(empty) == 0 and not left_out and {"benchmark", "log_odds", "preference"} <= set(empty)
    items = [
        Item(7, "The [MASK] roads.", "icy", "\u00e9t\u00e9", "roads"),
        Item(8, "The [MASK] roads.", "icy", "[SEP]", "roads"),
        Item(9, "The [MASK] roads of the town are often closed, and the roads are not.", "icy", "sunny", "roads"),
        Item(10, "The [MASK] roads.", "icy", "sunny", "roads"),
    ]
    table, left_out = probe_benchmarks(*asked, [Benchmark("b", "b.csv", items=tuple(items))])
    assert table["line"].tolist() == [10] and {name for name, _ in left_out} == {"b"}
    messages = (
        r"b\.csv:7: answer '\u00e9t\u00e9' encodes to an unknown token",
        r"b\.csv:8: answer '\[SEP\]' encodes to a special token",
        r"b\.csv:9: takes \d+ tokens, the model reads 12",
    )
    assert all(re.match(wanted, problem) for wanted, (_, problem) in zip(messages, left_out, strict=True))


def test_long_probing_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    tokenizer = tokenizer_of(True)
    probe(model_of(tokenizer), tokenizer)
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(messages, "LINE_SECONDS", 0.0)
    probe(model_of(tokenizer), tokenizer, batch_size=8)
    lines = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"asked 8 of \d+ questions, about 1 min left", lines[0])


def test_planted_frames_are_asked_as_prompts_are_each_with_its_own_groups() -> None:
    tokenizer = tokenizer_of(True)
    model = model_of(tokenizer)
    terms = ({"cold": COLD.terms, "warm": WARM.terms}, {"cold": ("snowy",), "warm": ("sunny", "warm")})
    frames = [
        PlantedFrame(prompt.id, prompt.theme, prompt.texts, groups, {}, {})
        for prompt, groups in zip(PROMPTS, terms, strict=True)
    ]
    found = probe_planted(TransformersScorer(model), ClozeEncoder(tokenizer, str), frames)
    assert list(found.columns) == COLUMNS and found["paraphrase"].tolist() == [0, 1, 0, 1]
    for prompt, groups in zip(PROMPTS, terms, strict=True):
        sides = tuple(Group(name, name, "for tests", tuple(own)) for name, own in groups.items())
        alone = probe_model(TransformersScorer(model), ClozeEncoder(tokenizer, str), [prompt], (sides[0], sides[1]), 1)[
            COLUMNS
        ]
        own = found[found["prompt"] == prompt.id].reset_index(drop=True)
        pd.testing.assert_frame_equal(own, alone)


def test_without_planted_frames_there_are_the_columns_and_no_rows() -> None:
    tokenizer = tokenizer_of(True)
    found = probe_planted(model_of(tokenizer), ClozeEncoder(tokenizer, str), ())
    assert list(found.columns) == COLUMNS and found.empty
