"""Scoring in parts: killed, resumed, shared by processes or cut into other batches, the scores are the same."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hansard_bias.base import messages
from hansard_bias.base.work import locked
from hansard_bias.scoring import run
from hansard_bias.scoring.run import Part, compute, cut_parts, in_order_of
from hansard_bias.scoring.tables import FOLDS_KEY, SAMPLE_KEY, TEXTS_KEY, TOKENIZER_KEY, WEIGHTS_KEY
from helpers.launch import launch, run_scoring, stop_after

FILES = ("data/scores/mixed-1.parquet", "data/likelihoods/mixed-1.parquet")


@pytest.fixture(autouse=True)
def own_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run names its folder in the environment and cuts small parts."""
    monkeypatch.setenv("DVC_ROOT", ".")
    monkeypatch.setattr(run, "PART_TOKENS", run.PART_TOKENS)


@pytest.fixture
def folder(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "project", symlinks=True))


@pytest.fixture(scope="module")
def undisturbed(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = Path(shutil.copytree(trained, tmp_path_factory.mktemp("undisturbed") / "project", symlinks=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DVC_ROOT", ".")
        patch.setattr(run, "PART_TOKENS", run.PART_TOKENS)
        run_scoring(place)
    return place


def surprisals(table: pa.Table) -> np.ndarray:
    names = [name for name in table.column_names if name.startswith("surprisals")]
    return np.concatenate([table[name].combine_chunks().values.to_numpy() for name in names])


def assert_same_scores(folder: Path, other: Path) -> None:
    """Every score within 1e-5, everything else equal."""
    for name in FILES:
        ours, theirs = pq.read_table(folder / name), pq.read_table(other / name)
        assert ours.schema.metadata == theirs.schema.metadata
        np.testing.assert_allclose(surprisals(ours), surprisals(theirs), rtol=1e-5, atol=0)
        same = [column for column in ours.column_names if not column.startswith(("surprisals", "pll"))]
        assert ours.select(same).equals(theirs.select(same))


def test_killed_in_the_middle_it_ends_with_the_same_bytes(folder: Path, undisturbed: Path) -> None:
    killed = launch("score", folder, "--die", "5")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not (folder / FILES[0]).exists()
    (work,) = (folder / ".checkpoints").glob("score-*")
    parts = sorted(work.glob("*.npy"))
    assert len(parts) == 5
    # Power lost while a part was written: it is there, but broken off.
    parts[0].write_bytes(parts[0].read_bytes()[:200])
    done = launch("score", folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("resumed: 4 of ")
    for name in FILES:
        assert (folder / name).read_bytes() == (undisturbed / name).read_bytes()
    assert not list((folder / ".checkpoints").iterdir())


def test_parts_of_other_code_are_left_alone_and_told(
    folder: Path, undisturbed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("hansard_bias.scoring.run.code_digest", lambda module: "of another scorer")
        stop_after(2, patch)
        run_scoring(folder)
    assert len(list((folder / ".checkpoints").glob("score-*/*.npy"))) == 2
    run_scoring(folder)
    assert capsys.readouterr().out.startswith("mixed-1 starts anew: an unfinished scoring has other code")
    for name in FILES:
        assert (folder / name).read_bytes() == (undisturbed / name).read_bytes()
    assert len(list((folder / ".checkpoints").glob("score-*/*.npy"))) == 2


def test_two_processes_find_the_same_scores(folder: Path, undisturbed: Path) -> None:
    done = launch("score", folder, processes=2)
    assert done.returncode == 0, done.stderr
    assert_same_scores(folder, undisturbed)
    assert not list((folder / ".checkpoints").iterdir())


def test_other_batches_and_parts_find_the_same_scores(folder: Path, undisturbed: Path) -> None:
    run_scoring(folder, batch_tokens=5000)
    assert_same_scores(folder, undisturbed)


def test_what_the_tables_hold(undisturbed: Path) -> None:
    scores, likelihoods = (pq.read_table(undisturbed / name) for name in FILES)
    assert set(scores.schema.metadata) == {FOLDS_KEY, TOKENIZER_KEY, WEIGHTS_KEY, TEXTS_KEY}
    assert set(likelihoods.schema.metadata) == {*scores.schema.metadata, SAMPLE_KEY}
    rows = likelihoods.to_pandas()
    assert rows["corpus"].value_counts().to_dict() == {"nunavut": 8, "canada": 8}
    assert set(rows["speech_id"]) < set(scores["speech_id"].to_pylist())
    for form in ("", "_within_word"):
        sums = [-float(nats.sum(dtype=np.float64)) for nats in rows[f"surprisals{form}"]]
        np.testing.assert_allclose(rows[f"pll{form}"], sums, rtol=1e-12)
    assert rows["tokens"].tolist() == [len(ids) for ids in rows["token_ids"]]
    whole = scores.to_pandas().set_index("speech_id")["token_ids"]
    assert all((whole[row.speech_id] == row.token_ids).all() for row in rows.itertuples())


def test_no_likelihoods_are_an_empty_table(folder: Path) -> None:
    run_scoring(folder, likelihood_speeches=0)
    assert len(pq.read_table(folder / FILES[1])) == 0
    assert len(pq.read_table(folder / FILES[0])) == 80


def test_a_second_scorer_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = locked(folder / ".checkpoints" / "score-x", "scoring")
    monkeypatch.setattr("hansard_bias.scoring.run.Inputs.key", "x")
    with held, pytest.raises(ValueError, match="another process is scoring this very run"):
        run_scoring(folder)


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        ("models/mixed-1/tokenizer.json", b" ", "was trained with another tokenizer than .*dvc repro train@mixed-1"),
        ("data/encoded/canada/pieces.npy", None, "holds other pieces of canada/.*dvc repro encode@canada"),
    ],
)
def test_what_does_not_belong_together_is_refused(folder: Path, file: str, change: Any, said: str) -> None:
    if change is None:
        np.save(folder / file, np.load(folder / file)[::-1])
    else:
        (folder / file).write_bytes((folder / file).read_bytes() + change)
    with pytest.raises(ValueError, match=said) as raised:
        run_scoring(folder)
    assert "\n" not in str(raised.value)
    assert not (folder / FILES[0]).exists()


def test_parts_share_all_speeches_by_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "PART_TOKENS", 500)
    lengths = np.random.default_rng(1).integers(1, 60, 90)
    rows = np.arange(90) * 2
    parts = cut_parts("folds", "canada", rows, lengths, np.full(90, 7))
    joined = np.concatenate([part.rows for part in parts])
    assert len(parts) > 20
    assert sorted(joined) == rows.tolist()
    assert (np.diff(lengths[joined // 2]) <= 0).all()
    assert sum(part.shape[0] for part in parts) == lengths.sum()
    backwards = cut_parts("folds", "canada", rows[::-1], lengths[::-1], np.full(90, 7))
    assert [part.rows.tolist() for part in backwards] == [part.rows.tolist() for part in parts]
    assert cut_parts("folds", "canada", rows[:0], lengths[:0], lengths[:0]) == []


def test_a_part_that_another_machine_kept_is_missed(tmp_path: Path) -> None:
    part = Part("folds", "canada", 3, np.array([1]), (4,))
    with pytest.raises(ValueError, match=r"folds-canada-00003\.npy: missing .* one shared project folder"):
        in_order_of(part.rows, np.array([0, 4]), [part], tmp_path, ())


def test_a_long_scoring_says_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [Part("folds", "canada", number, np.array([number]), (1,)) for number in range(3)]
    scores: list[str] = []
    compute(parts[:1], tmp_path, lambda part: np.zeros(1, dtype=np.float32), say=scores.append)
    monkeypatch.setattr(messages, "LINE_SECONDS", 0.0)
    compute(parts, tmp_path, lambda part: np.zeros(1, dtype=np.float32), say=scores.append)
    assert scores == ["scored 1 of 2 parts, about 1 min left"]
