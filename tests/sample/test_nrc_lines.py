"""The Nunavut archive: the layout of the NRC corpus, with all its kinds of dirt."""

from __future__ import annotations

import itertools
import re
from collections import Counter

import pytest

from hansard_bias.sample.legislature import Sample
from hansard_bias.sample.nrc_lines import LINES_A_PAGE, long_date

Files = dict[str, list[str]]


def test_ids_match_the_lines_one_to_one(nrc_files: Files, default_sample: Sample) -> None:
    text, ids = nrc_files["NunavutHansard.en"], nrc_files["NunavutHansard.id"]
    keys = [line.split("\t") for line in ids]

    assert len(text) == len(ids)
    assert all(re.fullmatch(r"Hansard_\d{8}\t\d+", line) for line in ids)
    for day, group in itertools.groupby(keys, key=lambda key: key[0]):
        assert [int(number) for _, number in group] == list(range(1, Counter(key[0] for key in keys)[day] + 1))
    days = list(dict.fromkeys(key[0] for key in keys))
    assert days == [f"Hansard_{sitting.date:%Y%m%d}" for sitting in default_sample.sittings["nunavut"]]


@pytest.mark.parametrize(
    "pattern",
    [
        r"\w+day, \w+ \d+, \d{4}   Nunavut Hansard   \d+",
        r"Table of Contents",
        r"Question \d{3} – \d\(\d\): .+ \(\w+\)",
        r"Question \d{3} – \d\(\d\): .+ \(\w+\) \d+",
        r"Item 19: .+",
        r"Hon\. \w+ \w+: .+",
        r"Hon\. \w+ \w+ \(interpretation\): .+",
        r"(?:Mr|Ms)\. \w+: .+",
        r"(?:Mr|Ms)\. \w+",
        r"(?:Mr|Ms)\. \w+:",
        r"Speaker \((?:Mr|Ms)\. \w+\): .+",
        r"Speaker: Agreed\.",
        r"\(interpretation ends\) .+",
        r">>Applause",
        r"--laughter",
        r"Some Members: Agreed\.",
        r">>House adjourned at 17:05",
        r"",
    ],
)
def test_every_kind_of_line_occurs(nrc_files: Files, pattern: str) -> None:
    assert sum(re.fullmatch(pattern, line) is not None for line in nrc_files["NunavutHansard.en"]) >= 5


def test_every_speech_is_in_the_archive(nrc_files: Files, default_sample: Sample) -> None:
    """Without headers, markers and line ends, each speech stands there word for word."""
    dirt = re.compile(r">>\w+|--\w+|\w+day, \w+ \d+, \d{4}   Nunavut Hansard   \d+|\(interpretation ends\)")
    whole = " ".join(" ".join(dirt.sub(" ", line) for line in nrc_files["NunavutHansard.en"]).split())

    assert [speech.text for speech in default_sample.speeches("nunavut") if speech.text not in whole] == []


def test_members_are_on_the_cover_and_witnesses_are_not(nrc_files: Files, default_sample: Sample) -> None:
    first = default_sample.sittings["nunavut"][0]
    lines = nrc_files["NunavutHansard.en"]
    cover = lines[: lines.index("Table of Contents")]

    assert all(f"{person.title} {person.name}" in cover for person in first.roster.members)
    assert all(f"Hon. {person.name}" in cover for person in first.roster.ministers.values())
    assert not any(person.last in line for person in first.roster.witnesses for line in cover)


def test_pages_run_through_contents_and_headers(nrc_files: Files) -> None:
    lines = nrc_files["NunavutHansard.en"]
    first_day = lines[: lines.index(">>House adjourned at 17:05")]
    pages = [int(line.split()[-1]) for line in first_day if "   Nunavut Hansard   " in line]
    bounds = next(line for line in first_day if line.startswith("Pages "))
    contents = [int(line.split()[-1]) for line in first_day if re.fullmatch(r"Question .*\) \d+", line)]

    assert pages == list(range(pages[0], pages[0] + len(pages)))
    assert bounds == f"Pages {pages[0] - 1} – {pages[-1]}"
    assert contents == sorted(contents)
    assert set(contents) <= {pages[0] - 1, *pages}
    assert len(first_day) / len(pages) > LINES_A_PAGE


def test_dates_are_written_out(default_sample: Sample) -> None:
    for sitting in default_sample.sittings["nunavut"]:
        assert re.fullmatch(r"(Mon|Tues|Wednes|Thurs|Fri)day, [A-Z][a-z]+ \d{1,2}, \d{4}", long_date(sitting.date))
