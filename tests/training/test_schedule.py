"""Updates and learning rate as the study has them."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from hansard_bias.params import TrainConfig, parse_config
from hansard_bias.training.data import learning_rate, total_updates, updates_per_epoch


@pytest.fixture
def config(raw: dict[str, Any]) -> TrainConfig:
    return replace(parse_config(raw).train, lr=0.01, warmup=0.1, schedule="linear")


def test_updates(config: TrainConfig) -> None:
    assert updates_per_epoch(100, 32) == 4
    assert total_updates(replace(config, epochs=2.5, max_steps=0), 4) == 10
    assert total_updates(replace(config, epochs=2.5, max_steps=3), 4) == 3


def test_rate_rises_then_falls_to_nothing(config: TrainConfig) -> None:
    rates = [learning_rate(config, update, 100) for update in range(100)]
    assert rates[0] == pytest.approx(0.001)
    assert rates[9] == max(rates) == pytest.approx(0.01)
    assert rates[99] == pytest.approx(0.01 / 90)
    assert all(later < earlier for earlier, later in pairwise(rates[10:]))


def test_wsd_rises_stays_and_falls_to_nothing(config: TrainConfig) -> None:
    wsd = replace(config, schedule="wsd", decay=0.2)
    rates = [learning_rate(wsd, update, 100) for update in range(100)]
    assert rates[0] == pytest.approx(0.001)
    assert rates[9:81] == [pytest.approx(0.01)] * 72
    assert rates[99] == pytest.approx(0.01 / 20)
    assert all(later < earlier for earlier, later in pairwise(rates[80:]))


def test_warmup_is_at_most_a_thousand_updates(config: TrainConfig) -> None:
    assert learning_rate(config, 999, 100_000) == pytest.approx(0.01)
    assert learning_rate(config, 998, 100_000) < 0.01
