"""What a model answers does not depend, to the last bit, on the order in which prompts, terms and words are listed."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pandas as pd
import pytest

from hansard_bias.models.scorer import TransformersScorer
from hansard_bias.probing.benchmarks import Benchmark, Item
from hansard_bias.probing.cloze import ClozeEncoder
from hansard_bias.probing.files import Associations, AssociationTest
from hansard_bias.probing.probes import measure_associations, probe_benchmarks, probe_model
from hansard_bias.probing.prompts import Group, Prompt
from helpers.local_models import NAMES, ROBERTA_TOKENS, model_of, roberta_tokenizer

SENTENCES = [
    "The icy roads of the town are often closed.",
    "In the snowy town the old bridge is open; the road is not.",
]
FRAMES = [
    (f"{first} [MASK] {thing} is {state}.", f"{thing}-{state}-{first}")
    for first, thing, state in product(
        ("The", "In towns the", "Often a"), ("road", "bridge"), ("open", "closed", "warm")
    )
]
PROMPTS = tuple(Prompt(name, "roads", text, (f"Now {text}", f"{text} So it is.")) for text, name in FRAMES)
GROUPS = (
    Group("cold", "", "", ("icy", "snowy", "Arctic", "frostbitten", "cold", "white")),
    Group("warm", "", "", ("sunny", "warm", "tropical", "mild", "hot")),
)
ITEMS = tuple(
    Item(line, text, *answers, "roads")
    for line, ((text, _), answers) in enumerate(product(FRAMES, (("open", "closed"), ("warm", "cold"))), 2)
)
SETS = tuple(
    Group(name, "", "", words)
    for name, words in (
        ("cold", ("icy", "snowy", "frozen", "white")),
        ("warm", ("sunny", "warm", "hot", "mild")),
        ("town", ("town", "street", "bridge", "house", "roads")),
        ("land", ("land", "ice", "sea", "tundra", "rock")),
    )
)
TEMPLATES = tuple(text for text, _ in FRAMES[::2])
PAIRS = (("icy", "road"), ("mild", "sea"), ("rock", "ice"))


@pytest.fixture(scope="module")
def made() -> tuple[Any, Any]:
    from transformers import PreTrainedTokenizerFast

    tokenizer = roberta_tokenizer(SENTENCES * 2)
    names: Any = dict(zip(NAMES, ROBERTA_TOKENS, strict=True))
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)
    model = model_of("roberta", tokenizer.get_vocab_size(), fast.pad_token_id)
    return TransformersScorer(model), ClozeEncoder(fast, str)


def same_bits(one: pd.DataFrame, other: pd.DataFrame, by: list[str]) -> None:
    left, right = (table.sort_values(by).reset_index(drop=True) for table in (one, other))
    pd.testing.assert_frame_equal(left, right, check_exact=True)


@pytest.mark.parametrize("what", ["prompts", "terms", "paraphrases"])
def test_prompts_terms_and_paraphrases(made: tuple[Any, Any], what: str) -> None:
    asked: dict[str, Any] = {"prompts": PROMPTS, "groups": GROUPS}
    before = probe_model(*made, **asked, top_k=5, batch_size=7)
    if what == "prompts":
        asked["prompts"] = PROMPTS[::-1]
    elif what == "terms":
        asked["groups"] = tuple(replace(group, terms=group.terms[::-1]) for group in GROUPS)
    else:
        asked["prompts"] = [replace(prompt, paraphrases=prompt.paraphrases[::-1]) for prompt in PROMPTS]
    after = probe_model(*made, **asked, top_k=5, batch_size=7)
    same_bits(*(table.drop(columns="paraphrase") for table in (before, after)), by=["prompt", "text"])
    if what == "prompts":
        assert list(dict.fromkeys(after["prompt"])) == [prompt.id for prompt in PROMPTS[::-1]]


def test_benchmarks_and_their_lines(made: tuple[Any, Any]) -> None:
    one, two = Benchmark("one", "one.csv", ITEMS), Benchmark("two", "two.csv", ITEMS[::5])
    before, _ = probe_benchmarks(*made, [one, two], batch_size=7)
    after, _ = probe_benchmarks(*made, [two, replace(one, items=ITEMS[::-1])], batch_size=7)
    same_bits(before, after, ["benchmark", "line"])


@pytest.mark.parametrize("what", ["words", "tests", "templates", "pairs"])
def test_words_sets_templates_and_pairs(made: tuple[Any, Any], what: str) -> None:
    def asked(sets: tuple[Group, ...]) -> Associations:
        tests = AssociationTest("t", sets[:2], sets[2:]), AssociationTest("u", sets[2:], sets[:2])  # type: ignore[arg-type]
        return Associations(tests, TEMPLATES, PAIRS)

    before = asked(SETS)
    after = asked(tuple(replace(each, terms=each.terms[::-1]) for each in SETS)) if what == "words" else before
    if what != "words":
        after = replace(before, **{what: getattr(before, what)[::-1]})
    tables = (measure_associations(*made, each, batch_size=7) for each in (before, after))
    same_bits(*tables, by=["space", "kind", "test", "side", "word", "other"])
