"""Made-up records of bias.json about benchmarks, associations, the older definition, and L beside L*."""

from __future__ import annotations

from typing import Any


def number(value: float | None, half: float = 0.2) -> dict[str, float | None]:
    """A value with a symmetric interval."""
    return {
        "value": value,
        "low": None if value is None else value - half,
        "high": None if value is None else value + half,
    }


def summary(value: float, prompts: int) -> dict[str, Any]:
    """What one model says on some prompts of a benchmark."""
    share = {"count": 1, "rate": number(1 / prompts, 0.1)}
    return {"prompts": prompts, "log_odds": number(value), "favourable": share, "unfavourable": share, "tied": share}


def item(line: int, rows: list[str]) -> dict[str, Any]:
    """One prompt of a benchmark."""
    answers = {row: {"plain": number(1.0), "corrected": number(-0.5), "direction": "favourable"} for row in rows}
    asked = {"theme": "land", "prompt": "p [MASK]", "favorable": "a", "unfavorable": "b"}
    return {"line": line, **asked, "favorable_pieces": 1, "unfavorable_pieces": 2, "models": answers}


def effect(value: float | None, p: float = 0.02) -> dict[str, Any]:
    """One association test of one model."""
    record = {"effect_size": number(value), "by_seed": [value, None], "ddof": 1, "p": p, "exact": True}
    return record | ({"p_holm": 3 * p} if value is not None else {})


def add_probe_records(bias: dict[str, Any]) -> None:
    """Put every record that the probes can have into the content of bias.json, for the models that it has."""
    rows = list(bias["models"])
    rate = next(iter(bias["models"].values()))["cultural_bias_rate"]
    bias["probes"] |= {
        "uncorrected_rates": dict.fromkeys(rows, rate),
        "stability": {row: {"agreement": 0.875, "spread": 0.41} for row in rows},
        "themes": {row: {"land": number(0.5), "money": number(-0.25)} for row in rows},
    }
    for prompt in bias["probes"]["prompts"]:
        for answer in prompt["models"].values():
            answer |= {"uncorrected": number(0.75), "stability": {"agreement": 0.5, "spread": 0.3, "wordings": 6}}
    measured = {"all": summary(1.5, 4), "themes": {"land": summary(-0.5, 2)}}
    bias["benchmarks"] = [
        {
            "name": "old_study",
            "unlike_pieces": 3,
            "items": [item(line, rows) for line in (2, 3, 4, 5)],
            "models": {row: {"plain": measured, "corrected": measured} for row in rows},
        }
    ]
    told = {"test": "t", "targets": ["northern", "southern"], "attributes": ["land_and_ice", "budget"]}
    bias["associations"] = {
        "tests": [
            {**told, "space": "input", "models": {row: effect(0.75) for row in rows}},
            {**told, "space": "contextual", "models": {row: effect(None, 1.0) for row in rows}},
        ],
        "pairs": [{"word": "ice", "other": "land", "space": "input", "models": {row: number(0.31) for row in rows}}],
        "audit": [{"word": "ice", "warnings": []}, {"word": "tundra", "warnings": ["never used in canada"]}],
    }
    shares = {
        side: {"value": share, "low": None, "high": None, "by_seed": [share, share]}
        for side, share in (("first", 0.25), ("second", 0.5), ("any", 0.6))
    }
    bias["legacy"] = {
        "definition": "a listed term among the first five",
        "top": 5,
        "prompts": 6,
        "models": dict.fromkeys(rows, shares),
    }


def add_planted_records(bias: dict[str, Any], right: float = 1.0, slope: float = 1.05) -> None:
    """Put planted associations into the content of bias.json; `right` sets the sign of L*, `slope` its size."""
    rows = list(bias["models"])
    bias["planted"] = {
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
        "summary": {
            "log_odds": recovery(rows, 4, 1.05),
            "preference": recovery(rows, 4 if right > 0 else 1, slope),
        },
    }


def recovery(rows: list[str], signs_right: int, slope: float) -> dict[str, Any]:
    """What one measure found of what was planted."""
    found = {"models": rows, "signs": 4, "signs_right": signs_right, "slope": number(slope), "intercept": number(0.0)}
    pair = {"what": f"{rows[0]} against {rows[1]}", "planted": 0.88, "measured": number(1.0), "error": number(0.12)}
    return {"single": found, "all": found, "differences": [pair]}
