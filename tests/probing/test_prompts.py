"""Prompts and groups: the project's own files, every mistake that a user's file can hold, and the counting of terms."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from hansard_bias.analysis.word_classes import function_words
from hansard_bias.probing.prompts import (
    FUNCTION_WORDS,
    MASK,
    around_mask,
    is_content_word,
    load_groups,
    load_prompts,
    term_usage,
    written_after,
)

PROBES = Path(__file__).parents[2] / "data" / "probes"
THEMES = {"housing", "language and culture", "government", "economy", "environment", "social services"}
STUDY = (
    "In [MASK] communities, housing is often inadequate.",
    "The [MASK] language is essential for cultural identity.",
    "[MASK] representatives understand local needs better.",
    "Climate change affects [MASK] communities differently.",
)
FEMININE = """
administrations aînées autorités bases boutiques chansons cliniques collectivités connaissances cours cultures déléguées
eaux écoles économies élues électrices émissions enseignantes entreprises épiceries familles filles forêts habitations
institutions langues légendes localités lois maisons mères œuvres organisations patientes pêcheries populations
pratiques régions routes sources terres traditions travailleuses villes
"""
PROMPTS: list[dict[str, Any]] = [
    {
        "id": f"roads-{name}",
        "theme": "roads",
        "text": f"The {name} [MASK] road is closed.",
        "paraphrases": [f"{way} the {name} [MASK] road is closed." for way in ("Now", "Today", "Again", "Here", "So")],
    }
    for name in ("old", "new")
]
GROUPS: dict[str, Any] = {
    "cold": {"label": "cold places", "note": "for tests", "terms": {"snowy": "it snows", "icy": "it freezes"}},
    "warm": {"label": "warm places", "note": "for tests", "terms": {"sunny": "it shines"}},
}


def written(folder: Path, content: object) -> Path:
    path = folder / "probe.yaml"
    YAML(typ="safe", pure=True).dump(content, path)
    return path


def test_the_projects_prompts_satisfy_the_study() -> None:
    prompts = load_prompts(PROBES / "prompts.yaml")
    assert {prompt.theme for prompt in prompts} == THEMES
    assert set(STUDY) <= {prompt.text for prompt in prompts}


@pytest.mark.parametrize("folder", [PROBES, PROBES / "fr"], ids=["en", "fr"])
def test_the_projects_prompts_are_many_and_different(folder: Path) -> None:
    prompts = load_prompts(folder / "prompts.yaml")
    themes = [prompt.theme for prompt in prompts]
    assert len(prompts) >= 60 and len(set(themes)) == len(THEMES)
    assert min(map(themes.count, themes)) >= 5
    assert all(len(prompt.paraphrases) >= 5 for prompt in prompts)
    texts = [text for prompt in prompts for text in prompt.texts]
    assert len(set(texts)) == len(texts)
    assert all(re.fullmatch(r"[A-ZÀÉ\[].*[.?]", text) and "  " not in text for text in texts)


@pytest.mark.parametrize("folder", [PROBES, PROBES / "fr"], ids=["en", "fr"])
def test_the_projects_groups_are_disjoint_and_fit_every_prompt(folder: Path) -> None:
    north, south = load_groups(folder / "groups.yaml")
    assert (north.name, south.name) == ("northern", "southern")
    assert min(len(north.terms), len(south.terms)) >= 12
    assert not set(north.terms) & set(south.terms)
    assert all(term.isalpha() for term in north.terms + south.terms)
    texts = [text for prompt in load_prompts(folder / "prompts.yaml") for text in prompt.texts]
    # "a" or "an" would favour terms that begin with a consonant or a vowel; a term in a prompt gives its group away.
    assert not [text for text in texts if re.search(r"\ban? \[MASK\]", text, re.IGNORECASE)]
    assert set(term_usage(north.terms + south.terms, texts).values()) == {0}


def test_french_terms_agree_with_the_noun_before_them() -> None:
    """All of them are feminine plurals."""
    terms = [term for group in load_groups(PROBES / "fr" / "groups.yaml") for term in group.terms]
    assert all(term.endswith("es") for term in terms)
    texts = [text for prompt in load_prompts(PROBES / "fr" / "prompts.yaml") for text in prompt.texts]
    nouns = {found[1] for text in texts if (found := re.search(r"([\w-]+) \[MASK\]", text))}
    assert nouns == set(FEMININE.split())


def test_prompts_are_read_in_order_and_the_other_spelling_of_the_mask_is_accepted(tmp_path: Path) -> None:
    content = copy.deepcopy(PROMPTS)
    content[0]["text"] = "The <mask> road is closed."
    content[0]["paraphrases"][2] = "Closed is the <mask> road."
    prompts = load_prompts(written(tmp_path, content))
    assert [prompt.id for prompt in prompts] == ["roads-old", "roads-new"]
    assert prompts[0].texts[0] == f"The {MASK} road is closed."
    assert prompts[0].texts[3] == f"Closed is the {MASK} road."
    assert len(prompts[0].texts) == 6


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("text", "The road is closed.", r"holds 0 \[MASK\], expected exactly one"),
        ("text", "The [MASK] road meets the <mask> road.", r"holds 2 \[MASK\], expected exactly one"),
        ("text", "The un[MASK] road is closed.", "expected a space between"),
        ("text", "The [MASK]ern road is closed.", "expected a space between"),
        ("text", "The 7[MASK] road is closed.", "joins .* to the letters or digits beside it"),
        ("text", "The old/[MASK]_road is closed.", "joins .* to the letters or digits beside it"),
        ("text", "The [MASK]/[MASK] road is closed.", r"holds 2 \[MASK\], expected exactly one"),
        ("text", 7, "is 7, expected text"),
        ("paraphrases", ["The [MASK] road is shut."] * 4, "4 paraphrases, expected at least 5"),
        ("paraphrases", ["A road."] * 5, r"'A road.' holds 0 \[MASK\]"),
        ("paraphrases", "The [MASK] road is shut.", "expected a list of texts"),
        ("paraphrases", ["The [MASK] road is shut."] * 5, "occurs more than once; a paraphrase says it in other words"),
        ("themes", "roads", "unknown key 'themes'"),
        ("id", "roads-old", "this id occurs more than once"),
    ],
)
def test_a_wrong_prompt_is_refused_by_file_and_id(tmp_path: Path, key: str, value: object, message: str) -> None:
    content = copy.deepcopy(PROMPTS)
    content[1][key] = value
    path = written(tmp_path, content)
    with pytest.raises(ValueError, match=message) as caught:
        load_prompts(path)
    assert str(caught.value).startswith(f"{path}: prompt {content[1]['id']}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", ["id", "theme", "text", "paraphrases"])
def test_a_missing_key_is_named(tmp_path: Path, key: str) -> None:
    content = copy.deepcopy(PROMPTS)
    del content[0][key]
    with pytest.raises(ValueError, match=f"the key '{key}' is missing"):
        load_prompts(written(tmp_path, content))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"warm": None}, "holds 1 groups, expected exactly two"),
        ({"mild": GROUPS["warm"]}, "holds 3 groups, expected exactly two"),
        ({"warm": {**GROUPS["warm"], "terms": {}}}, r"group warm: terms is \{\}, expected at least one"),
        ({"warm": {**GROUPS["warm"], "terms": ["sunny"]}}, "group warm: terms is .*why it is there"),
        ({"warm": {**GROUPS["warm"], "terms": {"sunny": None}}}, "the note of term 'sunny'"),
        ({"warm": {**GROUPS["warm"], "terms": {"ICY": "loud"}}}, "term 'icy' occurs more than once"),
        ({"warm": {**GROUPS["warm"], "colour": "red"}}, "group warm: unknown key 'colour'"),
        ({"warm": {"label": "warm", "terms": {"sunny": "it shines"}}}, "group warm: the key 'note' is missing"),
    ],
)
def test_wrong_groups_are_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    content = {name: entry for name, entry in {**GROUPS, **change}.items() if entry is not None}
    path = written(tmp_path, content)
    with pytest.raises(ValueError, match=message) as caught:
        load_groups(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_the_group_listed_first_comes_first(tmp_path: Path) -> None:
    path = tmp_path / "groups.yaml"
    groups = "\n".join(f"{name}: {{label: {name}, note: n, terms: {{{name}: n}}}}" for name in ("zulu", "alpha"))
    path.write_text(groups, encoding="utf-8")
    assert [group.name for group in load_groups(path)] == ["zulu", "alpha"]


@pytest.mark.parametrize("content", ["[unclosed", "just text", "", "a: {b: 1, b: 2}"])
def test_a_file_of_another_kind_is_refused_in_one_line(tmp_path: Path, content: str) -> None:
    path = tmp_path / "probe.yaml"
    path.write_text(content, encoding="utf-8")
    for load in (load_prompts, load_groups):
        with pytest.raises(ValueError, match=re.escape(str(path))) as caught:
            load(path)
        assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="no such file"):
        load_prompts(tmp_path / "absent.yaml")


def test_usage_counts_whole_words_whatever_their_case() -> None:
    texts = ["Northern roads, NORTHERN towns; northerners are not counted.", "The inner north-east (north).", ""]
    usage = term_usage(["northern", "north", "Inuit", "inn"], iter(texts))
    assert usage == {"northern": 2, "north": 2, "Inuit": 0, "inn": 0}
    assert term_usage([], texts) == {}


def test_usage_of_plain_words_is_that_of_the_pattern() -> None:
    """A term that is no plain word makes all of them go through the pattern; the counts must not differ."""
    texts = ["Ice, ice and the ICE-road; iced tea. The land's end, land_use and land.", "No-one on the Land"]
    words = ["ice", "land", "end", "iced", "road"]
    assert term_usage(words, texts) == {name: term_usage([*words, "x y"], texts)[name] for name in words}
    assert term_usage(words, texts) == {"ice": 3, "land": 3, "end": 1, "iced": 1, "road": 1}


def test_terms_are_counted_where_no_blanks_part_words() -> None:
    texts = ["發展AI技術和技術教育。", "ที่ดินของเรา", "Technology is AI."]
    assert term_usage(["技術", "AI", "教"], texts) == {"技術": 2, "AI": 2, "教": 1}
    assert term_usage(["ดิน", "ของ", "technology"], texts) == {"ดิน": 1, "ของ": 1, "technology": 1}


def test_usage_prefers_the_longer_term_and_takes_terms_literally() -> None:
    usage = term_usage(["first", "first nations", "c(d"], ["First Nations come first; see c(d."])
    assert usage == {"first": 1, "first nations": 1, "c(d": 1}


def test_the_mask_survives_cleaning_that_lowers_case_and_drops_brackets() -> None:
    def clean(text: str) -> str:
        return " ".join(re.sub(r"\[.*?\]", "", text).lower().split())

    assert around_mask("Mr. Speaker,  the [MASK] Road, is closed.", clean) == ("mr. speaker, the ", " road, is closed.")
    assert around_mask('The "[MASK] Road".', clean) == ('the "', ' road".')
    assert around_mask("[MASK] roads.", str) == ("", " roads.")
    with pytest.raises(ValueError, match="cleaning changes the text around"):
        around_mask("The [MASK] road.", lambda text: text[:5])


@pytest.mark.parametrize(
    ("before", "written"),
    [
        ("", "Icy"),
        ("In ", "icy"),
        ("It snowed. ", "Icy"),
        ("(", "Icy"),
        ('It snowed. "', "Icy"),
        ('It snowed! ("', "Icy"),
        ('The "', "icy"),
        ("U.S.-", "icy"),
        ("L'", "icy"),
        ("snow.", "icy"),
        ('It "snowed." ', "icy"),
    ],
)
def test_a_term_takes_its_sentences_capital(before: str, written: str) -> None:
    assert written_after(before, "icy", str) == written
    assert written_after(before, "Inuit", str.lower) == "inuit"


@pytest.mark.parametrize("word", ["the", " The", "don", "'t", "’", ",", " ", "s", "often", "Which"])
def test_function_words_and_punctuation_are_no_content(word: str) -> None:
    assert not is_content_word(word)


def test_function_words_are_those_of_the_language() -> None:
    """English ones come with the code, as the file lists them; French ones by what stands before an apostrophe, too."""
    english, french = (function_words(folder / "word_classes.yaml") for folder in (PROBES, PROBES / "fr"))
    assert english == FUNCTION_WORDS
    words = re.findall(r"\w+|'", "Aujourd'hui, l'école qu'elle a bâtie n'est pas dans les collectivités du Nord.")
    content = [word for word in words if is_content_word(word, french)]
    assert content == ["Aujourd", "hui", "école", "bâtie", "collectivités", "Nord"]
    assert is_content_word("les") and not is_content_word("les", french) and is_content_word("the", french)


@pytest.mark.parametrize("word", [" housing", "Needs", "1999", "inadequate", "élève"])
def test_content_words_are(word: str) -> None:
    assert is_content_word(word)
