"""Made-up records: benchmarks, associations, the older definition, planted truth, a calibration, words and slices."""

from __future__ import annotations

import dataclasses
import typing
from typing import Any

from hansard_bias.analysis.records import SliceRow, WordRow


def made_up(kind: Any, rows: list[str]) -> Any:
    """Any record, of a metric that nobody made numbers up for: one entry in each list, objects by row."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return {each.name: made_up(hints[each.name], rows) for each in dataclasses.fields(kind)}
    if origin is dict:
        return {row: made_up(arguments[1], rows) for row in rows}
    if origin is tuple:
        return [made_up(arguments[0], rows)]
    return made_up(arguments[0], rows) if arguments else {float: 0.5, int: 3, bool: True, str: "text"}.get(kind)


def number(value: float | None, half: float | None = 0.2) -> dict[str, float | None]:
    """A value with a symmetric interval, or with none."""
    known = value is not None and half is not None
    return {"value": value, "low": value - half if known else None, "high": value + half if known else None}


def summary(value: float, prompts: int) -> dict[str, Any]:
    """What one model says on some prompts of a benchmark."""
    share = {"count": 1, "rate": number(1 / prompts, 0.1)}
    shares = dict.fromkeys(("favourable", "unfavourable", "tied", "any_margin"), share)
    return {"prompts": prompts, "log_odds": number(value), **shares}


def item(line: int, rows: list[str]) -> dict[str, Any]:
    """One prompt of a benchmark."""
    answers = {row: {"plain": number(1.0), "corrected": number(-0.5), "direction": "favourable"} for row in rows}
    asked = {"theme": "land", "prompt": "p [MASK]", "favorable": "a", "unfavorable": "b"}
    return {"line": line, **asked, "favorable_pieces": 1, "unfavorable_pieces": 2, "models": answers}


def effect(value: float | None, p: float = 0.02) -> dict[str, Any]:
    """One association test of one model."""
    record = {"effect_size": number(value), "by_seed": [value, None], "ddof": 1, "p": p, "exact": True}
    record |= {"p_greater": p / 2, "partitions": 924}
    return record | ({"p_holm": 3 * p} if value is not None else {})


def benchmark(rows: list[str]) -> dict[str, Any]:
    """A benchmark of four prompts."""
    measured = {"all": summary(1.5, 4), "themes": {"land": summary(-0.5, 2)}}
    return {
        "name": "old_study",
        "unlike_pieces": 3,
        "items": [item(line, rows) for line in (2, 3, 4, 5)],
        "models": {row: {"plain": measured, "corrected": measured} for row in rows},
    }


def sentence_pairs(rows: list[str]) -> dict[str, Any]:
    """Pairs in the form of CrowS-Pairs and items of StereoSet, of both of which something is left out."""

    def scores(items: int, own: bool) -> dict[str, Any]:
        three = {"ss": number(55.5, 5.0), "lms": number(80.25, 4.0), "icat": number(71.0, 8.0)}
        record = {"items": items, "preferring": number(0.61, 0.1), "difference": number(-0.25)}
        return record | ({"stereoset": three} if own else {})

    def benchmark(name: str, form: str, shared: float, part: str) -> dict[str, Any]:
        own = form == "stereoset"
        measure = {"all": scores(30, own), "parts": {part: scores(20, own)}, "themes": {"gender": scores(9, own)}}
        models = {row: {"likelihood": measure, "aul": measure} for row in rows}
        return {"name": name, "form": form, "shared_tokens": shared, "models": models}

    two = [benchmark("old_pairs", "crows_pairs", 11.25, "stereo"), benchmark("dev", "stereoset", 0.0, "intrasentence")]
    bad = [{"benchmark": "old_pairs", "problem": "old_pairs.csv:17: both sentences are <b>the same</b>"}]
    return {"covers": "items only", "benchmarks": two, "left_out": bad}


def associations(rows: list[str]) -> dict[str, Any]:
    """A test in both spaces, a pair of words, and a word that is never used."""
    told = {"test": "t", "targets": ["northern", "southern"], "attributes": ["land_and_ice", "budget"]}
    cosine = {**number(0.31), "by_seed": [0.3, 0.32]}
    usage = {"pieces": 1, "usage": {"canada": 0}}
    return {
        "tests": [
            {**told, "space": "input", "models": {row: effect(0.75) for row in rows}},
            {**told, "space": "contextual", "models": {row: effect(None, 1.0) for row in rows}},
        ],
        "pairs": [{"word": "ice", "other": "land", "space": "input", "models": dict.fromkeys(rows, cosine)}],
        "audit": [
            {"word": "ice", **usage, "warnings": []},
            {"word": "tundra", **usage, "warnings": ["never used in canada"]},
        ],
    }


def legacy(rows: list[str]) -> dict[str, Any]:
    """The older definition."""
    shares = {
        side: {"value": share, "low": None, "high": None, "by_seed": [share, share]}
        for side, share in (("first", 0.25), ("second", 0.5), ("any", 0.6))
    }
    definition = "a listed term among the first five"
    return {"definition": definition, "top": 5, "prompts": 6, "models": dict.fromkeys(rows, shares)}


def planted(rows: list[str], right: float = 1.0, slope: float = 1.05) -> dict[str, Any]:
    """Planted associations; `right` sets the sign of L*, `slope` its size."""
    return {
        "associations": [
            {
                "association": name,
                "topic": "land",
                "prompts": ["p [MASK]", "q [MASK]"],
                "model": row,
                "planted_log_odds": truth,
                "log_odds": number(truth + 0.1),
                "preference": number(right * slope * truth),
            }
            for name, truth in (("land-north", 1.1), ("money-south", -0.7), ("even", 0.0))
            for row in rows
        ],
        "summary": {"log_odds": recovery(rows, 4, 1.05), "preference": recovery(rows, 4 if right > 0 else 1, slope)},
    }


def recovery(rows: list[str], signs_right: int, slope: float) -> dict[str, Any]:
    """What one measure found of what was planted."""
    found = {"models": rows, "signs": 4, "signs_right": signs_right, "slope": number(slope), "intercept": number(0.0)}
    pair = {"what": f"{rows[0]} against {rows[1]}", "planted": 0.88, "measured": number(1.0), "error": number(0.12)}
    return {"single": found, "all": found, "differences": [pair]}


def rejections(rejected: int, comparisons: int = 200) -> dict[str, Any]:
    return {"rejected": rejected, "comparisons": comparisons, "rate": number(rejected / comparisons, 0.01)}


def verdict(rejected: int, monotone: bool, faults: list[str]) -> dict[str, Any]:
    half = number(0.5, 0.1)
    curve = {"curve": "tilt", "doses": [0.0, 0.5, 1.0], "values": [half] * 3, "slope": half, "monotone": monotone}
    curve |= {"monotone_draws": 0.97, "monotone_studies": 0.75, "spearman": 0.9}
    allowed = {"level": 0.05, "band": {"share": 0.99, "low": 3, "high": 19}}
    return {
        "false_positives": rejections(rejected) | allowed,
        "false_positives_same_text": rejections(14) | allowed,
        "power": [{"dose": dose, "found": rejections(9, 10) | {"effect": "a share"}} for dose in (0.25, 1.0)],
        "dose": [curve],
        "verdict": "untrusted" if faults else "trusted",
        "reasons": faults,
    }


CALIBRATION = {
    "metrics": {"tilt": verdict(11, True, []), "bias_ratio": verdict(60, False, ["60 of 200 were <rejected>"])},
    "planted": {
        "associations": [],
        "intercept": number(0.0, 0.1),
        "correlation": 0.98,
        "recovered": True,
        "slope": {"value": 0.91, "low": 0.8, "high": 1.0},
        "signs": 20,
        "signs_right": 19,
        "false_preferences": {"prompts": 40, "shown": 1},
        "decisions": {"large": 80, "shown": 70, "wrong": 0},
        "rate": {"models": 4, "inside": 4, "true": 0.8, "estimated": 0.78},
    },
    "design": {},
}

WORD = WordRow("all", "canada", "A_nunavut", "B_canada", "<seal>", 1234, 12, 2.5, 1.5, 3.5, 0.125, 0.001, 0.02)
SLICE = SliceRow(*("all", "canada", "topic", "Fisheries", "A_nunavut"), 40, 9, 4000, 30.0, None, None, 0.5, 0.25, 0.75)
