from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import pytest

from hansard_bias.corpora.build import write_corpus
from hansard_bias.corpora.schema import KEPT, REJECTED
from hansard_bias.params import CleanConfig, CorpusConfig
from helpers.speech_tables import Corpus, build_corpus

CLEAN = CleanConfig(lowercase=True, min_characters=20, drop_procedural=True, drop_roles=("crowd",))
LINES = [
    "Speaker: Thank you, Mr. Moss. Oral Questions. Ms. Pike.",
    "Item 6: Oral Questions",
    "Ms. Pike (interpretation): The ferry to the east – our only one – is late again.",
    ">>Applause",
    "It was late last week , too .",
    "Mr. Moss: No.",
    "Some Members: It is always and ever late, Mr. Speaker.",
    "Hon. Ivy Fern: We have bought a new ferry for the east.",
]
CSV = """speechdate,speechtext,speakername,speakerposition
2004-02-09,"The road to the north is long and cold.",Ann Elm,
2004-02-09,"The House rose for the day and went home.",,stagedirection
2004-02-10,"Too short.",Ann Elm,
yesterday,"The road to the south is short and warm.",Ann Elm,
2004-02-10,broken
"""
NRC_SHARED = Path(__file__).parents[3] / "shared/data/nunavut/Nunavut-Hansard-Inuktitut-English-Parallel-Corpus-3.0"


def nunavut(folder: Path, lines: list[str] = LINES) -> CorpusConfig:
    (folder / "NunavutHansard.en").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    ids = "".join(f"Hansard_20030506\t{number}\n" for number in range(1, len(lines) + 1))
    (folder / "NunavutHansard.id").write_text(ids, encoding="utf-8")
    return CorpusConfig(label="A", reader="nrc", path=str(folder))


def canada(folder: Path) -> CorpusConfig:
    (folder / "2004/2").mkdir(parents=True)
    (folder / "2004/2/2004-2-9.csv").write_text(CSV, encoding="utf-8")
    return CorpusConfig(label="B", reader="lipad", path=str(folder))


def check_account(tables: Corpus) -> None:
    dropped = tables.summary["dropped"]
    assert isinstance(dropped, dict)
    assert tables.summary["read"] == tables.summary["kept"] + sum(dropped.values())
    assert tables.summary["kept"] == len(tables.kept) and sum(dropped.values()) == len(tables.rejected)
    assert dropped == tables.rejected["reason"].value_counts().to_dict()
    assert list(tables.kept.columns) == KEPT.names and list(tables.rejected.columns) == REJECTED.names
    ids = tables.kept["speech_id"].tolist() + tables.rejected["speech_id"].tolist()
    assert len(set(ids)) == len(ids)
    assert (tables.rejected["reason"] != "").all()


def test_the_tables_of_an_nrc_archive(tmp_path: Path) -> None:
    tables = build_corpus("north", nunavut(tmp_path), CLEAN)
    check_account(tables)
    first, second = tables.kept.to_dict("records")
    assert first == {
        "speech_id": "north/2003-05-06/00002",
        "corpus": "north",
        "sitting": date(2003, 5, 6),
        "ordinal": 2,
        "speaker": "Pike",
        "role": "member",
        "topic": "Oral Questions",
        "text": "the ferry to the east - our only one - is late again. it was late last week, too.",
        "raw": "The ferry to the east – our only one – is late again.\nIt was late last week , too .",
    }
    assert (second["speaker"], second["role"], second["text"]) == (
        "Ivy Fern",
        "minister",
        "we have bought a new ferry for the east.",
    )
    assert tables.summary["dropped"] == {
        "heading": 1,
        "interruption": 1,
        "procedural": 1,
        "role_crowd": 1,
        "too_short": 1,
    }


def test_the_summary(tmp_path: Path) -> None:
    summary = build_corpus("south", canada(tmp_path), CLEAN).summary
    content = hashlib.sha256(CSV.encode()).hexdigest()
    assert summary == {
        "read": 5,
        "kept": 1,
        "dropped": {"bad_date": 1, "broken_row": 1, "stage_direction": 1, "too_short": 1},
        "first_dropped": {
            "bad_date": "2004-2-9.csv:5: 'yesterday'",
            "broken_row": "2004-2-9.csv:6: 2 cells, expected 4",
            "stage_direction": "2004-2-9.csv:3",
            "too_short": "2004-2-9.csv:4",
        },
        "unknown_roles": {},
        "sittings": 2,
        "speakers": 1,
        "tokens": 9,
        "first_day": "2004-02-09",
        "last_day": "2004-02-10",
        "digest": hashlib.sha256(f"2004/2/2004-2-9.csv\0{content}\n".encode()).hexdigest(),
        "encodings": {"UTF-8": 1},
    }


def test_undated_rows_keep_their_identity(tmp_path: Path) -> None:
    tables = build_corpus("south", canada(tmp_path), CLEAN)
    check_account(tables)
    undated = tables.rejected[tables.rejected["reason"].isin(["bad_date", "broken_row"])]
    assert undated["speech_id"].tolist() == ["south/undated/00000", "south/undated/00001"]
    assert undated["source"].tolist() == ["2004-2-9.csv:5", "2004-2-9.csv:6"]


def test_the_digest_follows_the_source(tmp_path: Path) -> None:
    corpus = nunavut(tmp_path)
    before = build_corpus("north", corpus, CLEAN).summary["digest"]
    (tmp_path / "notes.txt").write_text("not read")
    assert build_corpus("north", corpus, CLEAN).summary["digest"] == before
    nunavut(tmp_path, [*LINES, "Again it is said."])
    assert build_corpus("north", corpus, CLEAN).summary["digest"] != before


def test_knobs(tmp_path: Path) -> None:
    loose = CleanConfig(lowercase=False, min_characters=1, drop_procedural=False, drop_roles=())
    tables = build_corpus("north", nunavut(tmp_path), loose)
    check_account(tables)
    assert tables.kept["speaker"].tolist() == ["Speaker", "Pike", "Moss", "Some Members", "Ivy Fern"]
    assert tables.kept["text"].tolist()[2] == "No."


def test_the_same_speech_has_the_same_form_in_both_formats(tmp_path: Path) -> None:
    (tmp_path / "north").mkdir()
    line = "ms. elm : the road to the north is long and cold ."
    north = build_corpus("north", nunavut(tmp_path / "north", [line]), CLEAN)
    south = build_corpus("south", canada(tmp_path / "south"), CLEAN)
    assert north.kept["text"].tolist() == south.kept["text"].tolist()


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    corpus = CorpusConfig(label="A", reader="nrc", path=str(tmp_path / "nowhere"))
    expected = r"params\.yaml: corpora\.north\.path is '.*nowhere', expected an existing archive or folder; "
    with pytest.raises(ValueError, match=expected) as error:
        build_corpus("north", corpus, CLEAN)
    assert "\n" not in str(error.value)


def test_a_corpus_without_speech_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"corpora\.north\.path .* all dropped: too_short 1"):
        build_corpus("north", nunavut(tmp_path, ["Mr. Moss: No."]), CLEAN)


def test_what_was_there_stays_where_an_archive_fails(tmp_path: Path) -> None:
    corpus = nunavut(tmp_path)
    out = tmp_path / "out"
    write_corpus("north", corpus, CLEAN, out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    ids = tmp_path / "NunavutHansard.id"
    ids.write_text(ids.read_text(encoding="utf-8") + "Hansard_20030506\t99\n", encoding="utf-8")
    with pytest.raises(ValueError, match="has 8 lines"):
        write_corpus("north", corpus, CLEAN, out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_batches_and_processes_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = nunavut(tmp_path, LINES * 5)
    whole = build_corpus("north", corpus, CLEAN)
    monkeypatch.setattr("hansard_bias.corpora.build.BATCH_RECORDS", 7)
    parts = build_corpus("north", corpus, CLEAN)
    check_account(parts)
    assert parts.kept.equals(whole.kept) and parts.rejected.equals(whole.rejected) and parts.summary == whole.summary


@pytest.mark.skipif(not NRC_SHARED.is_dir(), reason="the shared Nunavut text is not on this machine")
def test_real_text_is_accounted_for() -> None:
    tables = build_corpus("nunavut", CorpusConfig(label="A", reader="nrc", path=str(NRC_SHARED)), CLEAN)
    check_account(tables)
    assert tables.summary["sittings"] == 49
    assert (tables.summary["first_day"], tables.summary["last_day"]) == ("1999-04-01", "2000-04-12")
    assert len(tables.kept) > 8_000
    assert not tables.kept["text"].str.contains(r" [,;?!]|\(interpretation(?: ends)?\)", regex=True).any()
