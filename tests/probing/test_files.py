"""All that the models are asked, read together, and what a known tokenizer must be able to write."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from hansard_bias.params import ProbeConfig, load_config
from hansard_bias.probing.files import check_writable, load_probing, probe_digests
from helpers.local_models import bert_tokenizer
from helpers.project import ROOT

PROBE = load_config(ROOT / "params.yaml").probe


def test_the_shipped_files_are_read_together() -> None:
    asked = load_probing(PROBE, ROOT)
    assert len(asked.prompts) >= 60 and len(asked.benchmarks) == 1
    assert {"northern", "Ottawa", "hunting"} <= set(asked.words)
    assert len(set(asked.words)) == len(asked.words)
    owners = {filling.owner for filling in asked.candidates}
    assert {"group northern: term", "probe.associations: word"} <= owners
    # A word of a benchmark that cannot be written is left out, and stops nothing.
    assert not any("north_and_south" in owner for owner in owners)


def test_benchmarks_and_associations_may_be_left_out() -> None:
    asked = load_probing(replace(PROBE, benchmarks=(), associations=""), ROOT)
    assert (list(asked.benchmarks), asked.associations.words) == ([], ())


SETS = {"targ1": ["ice", "Snow falls."], "targ2": ["sun", "Sand dries."], "attr1": ["joy", "ease"], "attr2": ["a", "b"]}


def test_word_lists_become_tests_whose_sentences_are_no_words(tmp_path: Path) -> None:
    path = tmp_path / "weat1.json"
    sets = {name: {"category": f"set {name}", "examples": words} for name, words in SETS.items()}
    path.write_text(json.dumps(sets), encoding="utf-8")
    asked = load_probing(replace(PROBE, benchmarks=(str(path),), associations=""), ROOT)
    (test,) = asked.associations.tests
    assert test.names() == {
        "test": "weat1",
        "targets": ["set targ1", "set targ2"],
        "attributes": ["set attr1", "set attr2"],
    }
    assert {"ice", "sun", "joy"} <= {*asked.words} and not {"Snow falls.", "Sand dries."} & {*asked.words}
    # Left out, and no reason to stop, where a tokenizer cannot write them.
    assert not any(candidate.term == "ice" for candidate in asked.candidates)
    own = load_probing(PROBE, ROOT).associations
    renamed = path.rename(tmp_path / f"{own.tests[0].id}.json")
    with pytest.raises(ValueError, match=f"a file is named '{own.tests[0].id}', as a test of probe.associations"):
        load_probing(replace(PROBE, benchmarks=(str(renamed),)), ROOT)


def test_digests_change_with_any_file(tmp_path: Path) -> None:
    names = {}
    for key in ("prompts", "groups", "associations"):
        source = ROOT / getattr(PROBE, key)
        names[key] = source.name
        (tmp_path / source.name).write_bytes(source.read_bytes())
    (tmp_path / "own.csv").write_text("x")
    probe = ProbeConfig(**names, benchmarks=("own.csv",), top_k=10, draws=200)
    before = probe_digests(probe, tmp_path)
    assert list(before) == ["prompts.yaml", "groups.yaml", "own.csv", "associations.yaml"]
    (tmp_path / "own.csv").write_text("y")
    assert [name for name, digest in probe_digests(probe, tmp_path).items() if digest != before[name]] == ["own.csv"]


def test_a_word_that_a_tokenizer_cannot_write_is_told_before_anything_is_trained(tmp_path: Path) -> None:
    asked = load_probing(PROBE, ROOT)
    words = [filling.term for filling in asked.candidates]
    path = tmp_path / "tokenizer.json"
    bert_tokenizer([" ".join(words)]).save(str(path))
    check_writable(asked, path, str)
    content = json.loads(path.read_text())
    # Without pieces for "i" no word with that letter can be written where it is no piece of its own.
    content["model"]["vocab"] = {p: n for p, n in content["model"]["vocab"].items() if p[-1] != "c" and p[:3] != "arc"}
    path.write_text(json.dumps(content))
    with pytest.raises(
        ValueError, match="group northern: term 'Arctic' encodes to an unknown token; remove it or reword"
    ):
        check_writable(asked, path, str)
