"""The model card: data with licences, parameters, perplexities and where the others are, limits."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from ruamel.yaml import YAML

from hansard_bias.params import parse_config
from hansard_bias.training.card import model_card

SUMMARY = {"parameters": 31608, "updates": 54, "tokens": 37668, "epochs": 2.0, "precision": "fp32", "device": "CPU"}
SUMMARY |= {"validation_loss": 3.0, "best_update": 50, "started_from": ""}
TEXT = {"training_speeches": 1246, "training_tokens": 18834, "validation_speeches": 39}


def card(raw: dict[str, Any], init: str = "") -> str:
    config = parse_config(raw)
    return model_card(replace(config, model=replace(config.model, init=init)), "mixed", 2, SUMMARY, 600, TEXT)


def front_matter(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text.split("---\n")[1])


def test_it_tells_data_parameters_perplexities_and_limits(raw: dict[str, Any]) -> None:
    text = card(raw)
    assert "trained from random weights" in text
    assert "1,246 speeches" in text and "18,834 tokens" in text and "31,608 parameters" in text
    assert f"masked perplexity {math.exp(3):.2f}" in text
    assert "the row of\n`mixed` (all seeds)" in text
    assert "## Limits" in text


def test_licences_of_the_sources(raw: dict[str, Any]) -> None:
    raw["corpora"]["nunavut"]["licence"] = "CC BY 4.0"
    text = card(raw)
    assert "| nunavut | 50% | CC BY 4.0 |" in text
    assert "| canada | 50% | not stated" in text
    assert front_matter(text)["license"] == "unknown"
    raw["corpora"]["canada"]["licence"] = "Open Government Licence"
    assert front_matter(card(raw))["license"] == "other"


def test_a_continued_model_names_its_start_but_not_this_machine(raw: dict[str, Any]) -> None:
    text = card(raw, "/home/someone/roberta-base")
    assert "trained from the weights and with the tokenizer of `roberta-base`" in text
    assert "what `roberta-base` had read before" in text
    assert "/home/someone" not in text
