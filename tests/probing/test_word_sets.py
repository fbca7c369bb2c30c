"""Word sets of the association tests: the project's own, and every mistake that a user's file can hold."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from hansard_bias.probing.files import load_associations
from hansard_bias.probing.prompts import Group, load_groups

PROBES = Path(__file__).parents[2] / "data" / "probes"
GROUPS = (Group("cold", "", "", ("icy", "snowy")), Group("warm", "", "", ("sunny", "mild")))
CONTENT: dict[str, Any] = {
    "sets": {
        "good": {"note": "for tests", "words": ["safe", "open"]},
        "bad": {"note": "for tests", "words": ["unsafe", "closed", "broken"]},
    },
    "templates": ["This is [WORD]."],
    "tests": [{"id": "roads", "targets": ["cold", "warm"], "attributes": ["good", "bad"]}],
    "pairs": [["icy", "road"]],
}


def written(folder: Path, content: object) -> Path:
    path = folder / "sets.yaml"
    YAML(typ="safe", pure=True).dump(content, path)
    return path


def test_the_projects_word_sets_fit_its_groups() -> None:
    found = load_associations(PROBES / "associations.yaml", load_groups(PROBES / "groups.yaml"))
    assert len(found.tests) == 4 and len(found.templates) >= 3 and len(found.pairs) >= 5
    assert all(len(part.terms) >= 8 for test in found.tests for part in (*test.targets, *test.attributes))


def test_targets_and_attributes_name_sets_or_groups(tmp_path: Path) -> None:
    found = load_associations(written(tmp_path, CONTENT), GROUPS)
    (test,) = found.tests
    assert [part.terms for part in test.targets] == [("icy", "snowy"), ("sunny", "mild")]
    assert test.names() == {"test": "roads", "targets": ["cold", "warm"], "attributes": ["good", "bad"]}
    assert found.templates == ("This is [MASK].",)
    assert found.words == ("icy", "snowy", "sunny", "mild", "safe", "open", "unsafe", "closed", "broken", "road")


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("sets", "good", "words"), [], "set good: words: is .*, expected a list of 2 or more"),
        (("sets", "good", "words"), ["safe"], "set good: words: is .*, expected a list of 2 or more"),
        (("sets", "good", "words"), ["safe", "Safe"], "set good: words: 'Safe' occurs more than once"),
        (("sets", "good", "words"), ["safe", "icy"], "test roads: 'icy' is in two of its sets"),
        (("sets", "good", "words"), ["safe", 3], "set good: words: entry 2: is 3, expected text"),
        (("sets", "good", "reason"), "x", "set good: unknown key 'reason'"),
        (("sets", "cold"), {"note": "n", "words": ["a", "b"]}, "set cold: a group of probe.groups has this name"),
        (("sets",), [], "sets is .*, expected"),
        (("templates",), [], "templates: is .*, expected a list of 1 or more"),
        (("templates",), ["This is it."], r"holds 0 \[WORD\], expected exactly one"),
        (("templates",), ["[WORD] is [WORD]."], r"holds 2 \[WORD\], expected exactly one"),
        (("templates",), ["un[WORD] roads"], "expected a space between"),
        (("tests", 0, "targets"), ["cold"], "test roads: targets: is .*, expected the names of two sets"),
        (("tests", 0, "targets"), ["cold", "hot"], "test roads: targets: no set is named 'hot', expected one of cold"),
        (("tests", 0, "target"), [], "test roads: unknown key 'target'"),
        (("tests",), [CONTENT["tests"][0]] * 2, "test roads: this id occurs more than once"),
        (("pairs",), [["icy"]], "pair 1: is .*, expected a list of 2"),
        (("pairs",), [["icy", "a", "b"]], "pair 1: is .*, expected two words"),
        (("pairs",), "icy", "pairs is 'icy'"),
        (("more",), 1, "unknown key 'more'"),
    ],
)
def test_a_mistake_is_told_by_file_and_entry(
    tmp_path: Path, place: tuple[Any, ...], value: object, message: str
) -> None:
    content = copy.deepcopy(CONTENT)
    inside: Any = content
    for step in place[:-1]:
        inside = inside[step]
    inside[place[-1]] = value
    path = written(tmp_path, content)
    with pytest.raises(ValueError, match=message) as caught:
        load_associations(path, GROUPS)
    assert str(caught.value).startswith(f"{path}: ") and "\n" not in str(caught.value)


def test_a_group_of_one_word_cannot_be_a_target(tmp_path: Path) -> None:
    groups = (GROUPS[0], Group("warm", "", "", ("sunny",)))
    with pytest.raises(ValueError, match="test roads: targets: warm holds 1 word, expected 2 or more"):
        load_associations(written(tmp_path, CONTENT), groups)
