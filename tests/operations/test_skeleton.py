"""Probes for another language: files to fill in, and `check`, which names the line of what is wrong in them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hansard_bias.base.yaml import read_plain_yaml
from hansard_bias.operations.skeleton import new_probes
from hansard_bias.params import Config, ProbeConfig, load_config
from hansard_bias.pipeline.check import check_probes
from hansard_bias.probing.files import load_probing

ROOT = Path(__file__).parents[2]
FILLED = {  # In Inuktitut, where nouns change: every term in the form that its place asks for.
    "prompts": [
        ("id: first-prompt", "id: iglu"),
        ('text: ""', 'text: "Nunalingni [MASK] igluit namakpasinngittut."'),
        *(
            ('- ""', f'- "Igluit {way} [MASK] namanngittut."')
            for way in ("maanna", "uumi", "ullumi", "tamaani", "suli")
        ),
    ],
    "groups": [
        *(('label: ""', f'label: "{name}"') for name in ("ukiuqtaqtumi", "qallunaat nunangani")),
        *(('note: ""', f'note: "{name}"') for name in ("words of the North", "words of the South")),
        ('"": ""', 'ukiuqtaqtumi: "the North"\n    nunavummi: "Nunavut"'),
        ('"": ""', 'kanatami: "Canada"\n    aatuvaami: "Ottawa"'),
    ],
    "associations": [
        *(('note: ""', f'note: "{name}"') for name in ("the land", "the office")),
        *(('words: ["", ""]', f"words: [{names}]") for names in ("nuna, siku", "titiraqvik, maligaq")),
        ('- ""', '- "Una uqausiq: [WORD]."'),
    ],
    "word_classes": [("function_words: []", "function_words: [una, taanna, amma]")],
}


def fill(folder: Path) -> None:
    for name, changes in FILLED.items():
        path = folder / f"{name}.yaml"
        text = path.read_text(encoding="utf-8")
        for old, new in changes:
            # Past the comments, which show the same.
            start = text.index("\n\n")
            assert old in text[start:], (name, old)
            text = text[:start] + text[start:].replace(old, new, 1)
        path.write_text(text, encoding="utf-8")


def config_of(folder: Path) -> Config:
    config = load_config(ROOT / "params.yaml")
    paths = {name: str(folder / f"{name}.yaml") for name in ("prompts", "groups", "associations")}
    bias = replace(config.bias, word_classes=str(folder / "word_classes.yaml"))
    return replace(config, probe=replace(config.probe, benchmarks=(), **paths), bias=bias)


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    list(new_probes(tmp_path / "iu"))
    fill(tmp_path / "iu")
    return tmp_path / "iu"


def test_the_files_are_told_with_what_params_must_say(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "iu"
    told = list(new_probes(folder))
    assert sorted(path.name for path in folder.iterdir()) == [f"{name}.yaml" for name in sorted(FILLED)]
    # What is to be pasted is itself YAML, and names the files.
    (tmp_path / "paste.yaml").write_text("\n".join(told[1:]), encoding="utf-8")
    pasted = read_plain_yaml(tmp_path / "paste.yaml")
    listed = {name: (folder / f"{name}.yaml").as_posix() for name in ("prompts", "groups", "associations")}
    assert pasted["probe"] == {**listed, "benchmarks": []}
    assert pasted["bias"]["word_classes"] == (folder / "word_classes.yaml").as_posix()


@pytest.mark.parametrize("name", FILLED)
def test_nothing_is_overwritten(tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.yaml").write_text("mine", encoding="utf-8")
    with pytest.raises(ValueError, match=rf"{name}\.yaml: is there already, and is not overwritten"):
        list(new_probes(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == [f"{name}.yaml"], "all or nothing"
    assert (tmp_path / f"{name}.yaml").read_text(encoding="utf-8") == "mine"


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "iu").write_text("mine", encoding="utf-8")
    with pytest.raises(ValueError, match="iu: is a file, expected a folder"):
        list(new_probes(tmp_path / "iu"))


def test_as_written_every_file_asks_to_be_filled_in(tmp_path: Path) -> None:
    list(new_probes(tmp_path))
    with pytest.raises(ValueError, match=r"groups\.yaml:11: group first_group: label: is '', expected text"):
        check_probes(config_of(tmp_path))


def test_filled_in_they_are_valid(filled: Path) -> None:
    config = config_of(filled)
    check_probes(config)
    asked = load_probing(config.probe)
    assert [prompt.id for prompt in asked.prompts] == ["iglu"] and len(asked.prompts[0].paraphrases) == 5
    assert "siku" in asked.words and asked.groups[1].terms == ("kanatami", "aatuvaami")


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("prompts", "Igluit suli [MASK]", "Igluit suli", r"prompt iglu: .*holds 0 \[MASK\]"),
        ("prompts", "theme: first theme", "them: first theme", "prompt iglu: unknown key 'them'"),
        ("prompts", "Igluit suli", "Igluit maanna", "prompt iglu: .*occurs more than once; a paraphrase"),
        ("groups", 'aatuvaami: "Ottawa"', "aatuvaami: 7", "group second_group: the note of term 'aatuvaami'"),
        ("groups", "kanatami:", "Nunavummi:", "term 'nunavummi' occurs more than once"),
        ("groups", 'note: "words of the South"', "", "group second_group: the key 'note' is missing"),
        ("associations", "[titiraqvik, maligaq]", "[titiraqvik]", "set second_attributes: words"),
        (
            "associations",
            "targets: [first_group,",
            "targets: [first,",
            "test first-test: targets: no set is named 'first'",
        ),
        ("associations", "uqausiq: [WORD]", "uqausiq", r"templates: .*holds 0 \[WORD\]"),
        ("associations", "pairs: []", "pairs:\n  - [nuna, siku]\n  - [nuna]", "pair 2"),
        ("word_classes", "[una, taanna,", "[una, 7,", "function_words holds 7"),
    ],
)
def test_a_mistake_is_told_by_file_and_line(filled: Path, name: str, old: str, new: str, message: str) -> None:
    path = filled / f"{name}.yaml"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    # Where the mistake is: the changed line, or the beginning of the entry that lacks something.
    line = text[: text.index(old)].count("\n") + 1 + (new.count("\n") if "pair" in message else 0)
    line = text[: text.index("second_group")].count("\n") + 1 if "missing" in message else line
    with pytest.raises(ValueError, match=message) as caught:
        check_probes(config_of(filled))
    assert str(caught.value).startswith(f"{path}:{line}: "), caught.value


def test_what_is_no_yaml_or_no_list_is_told_without_a_line_of_ours(filled: Path) -> None:
    (filled / "groups.yaml").write_text("a: [1\nb: 2", encoding="utf-8")
    with pytest.raises(ValueError, match=r"groups\.yaml: not valid YAML: .*line 2"):
        check_probes(config_of(filled))
    (filled / "groups.yaml").write_text("", encoding="utf-8")
    with pytest.raises(ValueError, match=r"groups\.yaml: holds 0 groups"):
        check_probes(config_of(filled))


def test_bundled_files_follow_the_language_and_a_path_of_one_s_own_wins() -> None:
    probe = load_config(ROOT / "params.yaml").probe
    assert probe.in_language() == probe and probe.language == "en"
    french: ProbeConfig = replace(probe, language="fr", groups="data/probes/mine.yaml").in_language()
    assert french.prompts == "data/probes/fr/prompts.yaml" and french.groups == "data/probes/mine.yaml"
    assert french.benchmarks == ("data/probes/fr/north_and_south.csv",)
    assert french.associations == "data/probes/fr/associations.yaml"
    assert replace(probe, language="fr", associations="").in_language().associations == ""
