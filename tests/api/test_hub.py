"""A push to a server on 127.0.0.1 that speaks the Hub's API: what it gets, and what it must never get."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from ruamel.yaml import YAML

import hansard_bias as hb
from hansard_bias.api.frames import FRAMES
from hansard_bias.api.hub import push
from helpers.hub_server import TOKEN, Hub, serving
from helpers.project import Project

MODEL, STUDY = "model north/mixed", "dataset north/study"


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with serving(Hub()) as running:
        yield running


def pushed(project: Project, hub: Hub, home: Path, *arguments: str, token: str = TOKEN) -> tuple[int, str, str]:
    """The command as a person calls it, whose Hub is the server; status, output, errors."""
    # Read when the library is imported, so in a process of its own. Xet's own protocol needs servers of its own.
    given = {"HF_ENDPOINT": hub.url, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    others = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))}
    environment = others | given | ({"HF_TOKEN": token} if token else {})
    command = [sys.executable, "-m", "hansard_bias.cli", "push", *arguments]
    done = subprocess.run(command, cwd=project.root, env=environment, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def front_matter(content: bytes) -> Any:
    """The metadata of a card, as the Hub reads it."""
    return YAML(typ="safe", pure=True).load(content.decode().split("---\n")[1])


@pytest.fixture(scope="module")
def sent(project: Project, hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Hub:
    """Both kinds, sent."""
    home = tmp_path_factory.mktemp("home")
    for arguments in (["mixed", "--seed", "2", "--to", "north/mixed"], ["--study", "--to", "north/study", "--public"]):
        status, said, errors = pushed(project, hub, home, *arguments, "--yes")
        assert (status, errors) == (0, "")
        assert TOKEN not in said
        assert f"sent: {hub.url}/north/" in said.splitlines()[-1]
    return hub


def test_without_yes_nothing_leaves_the_machine(project: Project, tmp_path: Path) -> None:
    with serving(Hub()) as silent:
        for arguments, told in (
            (["mixed", "--to", "north/mixed"], "model north/mixed on"),
            (["--study", "--to", "north/study"], "dataset north/study on"),
        ):
            status, said, errors = pushed(project, silent, tmp_path, *arguments)
            assert (status, errors) == (0, "")
            assert said.startswith(told) and "private (--public for everybody)" in said
            assert said.splitlines()[-1] == "nothing was sent; the same with --yes sends it"
        assert silent.requests == []


def test_a_model_is_sent_whole(project: Project, sent: Hub, tmp_path: Path) -> None:
    from transformers import AutoModelForMaskedLM, AutoTokenizer

    files = sent.files[MODEL]
    assert set(files) == {"README.md", "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
    local = project.root / "models/mixed-2"
    assert all(files[name] == (local / name).read_bytes() for name in files if name != "README.md")
    folder = sent.write(MODEL, tmp_path)
    AutoTokenizer.from_pretrained(folder), AutoModelForMaskedLM.from_pretrained(folder)
    text = ["Mr. Speaker, thank you."]
    assert hb.score(text, folder).texts.equals(hb.score(text, local).texts)
    assert sent.private == {MODEL: True, STUDY: False}


def test_a_model_s_card_says_what_was_measured(project: Project, sent: Hub) -> None:
    card = sent.files[MODEL]["README.md"].decode()
    assert card.startswith((project.root / "models/mixed-2/README.md").read_text(encoding="utf-8").rstrip())
    assert front_matter(sent.files[MODEL]["README.md"])["pipeline_tag"] == "fill-mask"
    row = hb.load_study(project.root).matrix.query("model == 'mixed' and corpus == 'canada'").iloc[0]
    assert f"| canada | {row.perplexity:.2f} ({row.perplexity_low:.2f} to {row.perplexity_high:.2f}) |" in card
    assert "this is seed 2" in card and "words and names of the debates stand in it" in card


def test_a_study_has_the_layout_of_load_dataset(project: Project, sent: Hub) -> None:
    """Every configuration names files that are there, and every file is in one; splits are words."""
    files = sent.files[STUDY]
    told = front_matter(files["README.md"])
    named: list[str] = []
    for config in told["configs"]:
        data = config["data_files"]
        parts = [{"split": "train", "path": data}] if isinstance(data, str) else data
        assert all(re.fullmatch(r"\w+", part["split"]) for part in parts)
        named += [part["path"] for part in parts]
    assert sorted(named) == sorted(set(files) - {"README.md"})
    assert [config["config_name"] for config in told["configs"] if config.get("default")] == ["matrix"]
    assert told["license"] == "unknown" and told["pretty_name"] == project.config.report.title
    found = hb.load_study(project.root)
    for name in ("matrix", "excess", "tests", "prompts", "curves"):
        table = pd.read_parquet(io.BytesIO(files[f"data/{name}.parquet"]))
        pd.testing.assert_frame_equal(table, getattr(found, name))
        assert f"| `{name}` | {len(table):,} |" in files["README.md"].decode()
    scores = pd.read_parquet(io.BytesIO(files["data/scores/canada-2.parquet"]))
    assert scores.nats.tolist() == found.scores("canada", seed=2).nats.tolist()
    assert "data/companion/mixed.parquet" in files


def sentences(project: Project) -> set[str]:
    """Every sentence of four words or more of the archives, as they were read and as they were cleaned."""
    found: set[str] = set()
    for corpus in project.config.corpora:
        for table in ("speeches", "aligned"):
            frame = pd.read_parquet(project.root / "data" / table / f"{corpus}.parquet")
            for column in {"text", "raw"} & set(frame.columns):
                found |= {part.strip() for text in frame[column] for part in re.split(r"[.?!\n]+", text)}
    return {sentence for sentence in found if len(sentence.split()) >= 4}


def contents(name: str, content: bytes) -> str:
    """All that can be read of a file: Parquet packs its texts."""
    if not name.endswith(".parquet"):
        return content.decode("utf-8", "replace")
    return "\n".join(map(str, pq.read_table(io.BytesIO(content)).to_pylist()))


def test_no_sentence_of_an_archive_is_sent(project: Project, sent: Hub) -> None:
    asked = sentences(project)
    assert len(asked) > 1000
    for repository, files in sent.files.items():
        everything = "\n".join(contents(name, content) for name, content in files.items())
        assert "perplexity" in everything
        assert not [sentence for sentence in asked if sentence in everything], repository


def test_nobody_and_no_heading_is_sent_with_a_study(project: Project, sent: Hub) -> None:
    everything = "\n".join(contents(name, content) for name, content in sent.files[STUDY].items())
    for corpus in project.config.corpora:
        frame = pd.read_parquet(project.root / "data/aligned" / f"{corpus}.parquet")
        for column in ("speaker", "topic"):
            names = {name for name in frame[column].dropna() if len(name.split()) > 1}
            assert len(names) > 5 and not [name for name in names if name in everything]
    for name, content in sent.files[STUDY].items():
        if "scores" in name or "companion/" in name:
            columns = pq.read_schema(io.BytesIO(content)).names
            assert columns == ["speech_id", "corpus", "sitting", "role", "tokens", "bytes", "nats"]
    assert set(FRAMES["slices"]) == set(pq.read_schema(io.BytesIO(sent.files[STUDY]["data/slices.parquet"])).names)


def test_without_a_token_a_line_says_what_to_do(project: Project, hub: Hub, tmp_path: Path) -> None:
    arguments = ["mixed", "--to", "north/mixed"]
    status, said, errors = pushed(project, hub, tmp_path, *arguments, "--yes", token="")
    assert status == 2
    assert errors.strip() == (
        "hansard-bias: no token: `hf auth login`, or set HF_TOKEN to one that may write, from "
        "https://huggingface.co/settings/tokens"
    )
    status, said, errors = pushed(project, hub, tmp_path, *arguments, token="")
    assert (status, errors) == (0, "") and "--yes sends it (no token: `hf auth login`" in said


def test_what_the_hub_refuses_is_told_in_one_line(project: Project, hub: Hub, tmp_path: Path) -> None:
    status, _, errors = pushed(project, hub, tmp_path, "mixed", "--to", "north/mixed", "--yes", token="hf_other")
    lines = errors.strip().splitlines()
    assert status == 2 and len(lines) == 1
    assert lines[0].startswith("hansard-bias: north/mixed: not sent, expected a network, and a token that may")
    assert "hf_other" not in errors
    nowhere = Hub(url="http://127.0.0.1:9")
    status, _, errors = pushed(project, nowhere, tmp_path, "mixed", "--to", "north/mixed", "--yes")
    assert status == 2 and "not sent, expected" in errors and "Traceback" not in errors


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"to": "north/mixed"}, "expected a model or --study"),
        ({"to": "north/mixed", "model": "mixed", "study": True}, "expected a model or --study"),
        ({"to": "", "model": "mixed"}, "--to is '', expected the name of a repository, ORG/NAME"),
        ({"to": "north", "model": "mixed"}, "--to is 'north', expected"),
        ({"to": "north/mixed/2", "model": "mixed"}, "expected the name of a repository"),
        ({"to": "north/x", "model": "mix"}, "no model 'mix', expected one of nunavut, canada, mixed"),
        ({"to": "north/x", "model": "mixed", "seed": 7}, "no seed '7' of mixed, expected one of 1, 2"),
    ],
)
def test_mistakes_are_told_in_one_line(project: Project, arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)) as caught:
        list(push(project.root, yes=True, public=False, **arguments))
    assert "\n" not in str(caught.value)


def test_a_title_may_hold_anything(project: Project) -> None:
    from dataclasses import replace

    from hansard_bias.api.cards import study_card

    found = hb.load_study(project.root)
    title = 'One: "two" \\ #three\u00e9'
    config = found.config.with_sections(report=replace(found.config.report, title=title))
    card = study_card(replace(found, results=replace(found.results, config=config)), {"data/matrix.parquet": 9})
    assert front_matter(card.encode())["pretty_name"] == title
    assert json.dumps(title) in card
