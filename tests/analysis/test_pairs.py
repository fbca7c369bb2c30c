"""What is made of the tables of sentence pairs: records by model, whatever the order of the file; what is left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hansard_bias.analysis.inputs import StudyData
from hansard_bias.analysis.metrics.pairs import LeftOutItem, PairScores, pair_findings
from hansard_bias.params import parse_config
from hansard_bias.probing.prompts import LeftOut
from hansard_bias.probing.tables import ASKED, Probed, read_probed, write_probed
from helpers.project import merged
from helpers.score_files import known

ROWS = ("A_nunavut", "B_canada")
EMPTY = pd.DataFrame()
LEFT_OUT = [LeftOut("crows", "crows.csv:9: both sentences are 'x'"), LeftOut("old", "old.csv:3: theme is empty")]


def asked() -> pd.DataFrame:
    """Twelve pairs of three types, then nine items of StereoSet about two targets."""
    rows: list[tuple[Any, ...]] = [
        ("crows", "crows_pairs", str(n), f"type {n % 3}", ("stereo", "antistereo")[n > 8], "", "", f"s{n}", "t", "", n)
        for n in range(12)
    ]
    rows += [
        ("dev", "stereoset", f"id{n}", "place", "intrasentence", f"target {n % 2}", f"c{n} [MASK]", "a", "b", "c", 0)
        for n in range(9)
    ]
    return pd.DataFrame(rows, columns=ASKED["pairs"])


def probed(seed: int, order: np.ndarray | None = None) -> Probed:
    table, rng = asked(), np.random.default_rng(seed)
    for kind in ("score", "aul"):
        for option in ("first", "second", "third"):
            table[f"{kind}_{option}"] = rng.normal(size=len(table))
    table.loc[table["form"] == "crows_pairs", ["score_third", "aul_third"]] = np.nan
    table = table if order is None else table.iloc[order].reset_index(drop=True)
    return Probed(EMPTY, EMPTY, EMPTY, [], [], [], pairs=table, left_out=LEFT_OUT)


@pytest.fixture
def data(tiny: dict[str, Any]) -> StudyData:
    runs = {row: [probed(10 * place + seed) for seed in (1, 2)] for place, row in enumerate(ROWS)}
    return known(StudyData(parse_config(tiny), Path()), probes=runs)


def test_records_by_model_score_part_and_type(data: StudyData) -> None:
    found = pair_findings(data)
    crows, dev = found.benchmarks
    assert (crows.name, crows.form, crows.shared_tokens) == ("crows", "crows_pairs", 5.5)
    assert found.covers == "items and seeds"
    assert found.left_out == tuple(LeftOutItem(*each) for each in LEFT_OUT)
    measure = crows.models["B_canada"].aul
    assert {name: each.items for name, each in measure.parts.items()} == {"stereo": 9, "antistereo": 3}
    assert list(measure.themes) == ["type 0", "type 1", "type 2"]
    tables = [run.pairs.iloc[:12] for run in data.probes["B_canada"]]
    kind = tables[0]["theme"] == "type 1"
    shares = [(table["aul_first"] > table["aul_second"])[kind].mean() for table in tables]
    assert measure.themes["type 1"].preferring.value == pytest.approx(np.mean(shares))
    gaps = [(table["aul_first"] - table["aul_second"]).mean() for table in tables]
    assert measure.all.difference.value == pytest.approx(np.mean(gaps))
    assert measure.all.stereoset is None
    scores: PairScores = dev.models["A_nunavut"].likelihood.all
    by_target = [
        [100 * np.mean(group["score_first"] > group["score_second"]) for _, group in table.iloc[12:].groupby("target")]
        for table in (run.pairs for run in data.probes["A_nunavut"])
    ]
    assert scores.stereoset is not None and scores.stereoset.ss.value == pytest.approx(np.mean(by_target))


def test_the_order_of_the_file_changes_no_bit(data: StudyData) -> None:
    order = np.random.default_rng(3).permutation(21)
    runs = {row: [probed(10 * place + seed, order) for seed in (1, 2)] for place, row in enumerate(ROWS)}
    before, after = pair_findings(data), pair_findings(known(data, probes=runs))
    one = {each.name: each for each in before.benchmarks}
    for other in after.benchmarks:
        assert other.models == one[other.name].models


def test_one_seed_is_said(tiny: dict[str, Any]) -> None:
    single = parse_config(merged(tiny, {"train": {"seeds": [4]}}))
    found = pair_findings(known(StudyData(single, Path()), probes={row: [probed(4)] for row in ROWS}))
    assert found.covers == "items only"
    share = found.benchmarks[0].models["A_nunavut"].likelihood.all.preferring
    assert share.low is not None and share.low < share.value < share.high  # type: ignore[operator]


def test_tables_come_back_from_their_files(tmp_path: Path) -> None:
    before = probed(1)
    write_probed(before, "nunavut", 1, tmp_path)
    after = read_probed("nunavut", 1, tmp_path)
    pd.testing.assert_frame_equal(after.pairs, before.pairs)
    assert after.left_out == LEFT_OUT
