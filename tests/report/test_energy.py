from __future__ import annotations

import pytest

from hansard_bias.report.provenance import training_energy, watt_hours
from hansard_bias.report.results import Run


def run(**summary: object) -> Run:
    return Run("nunavut", 1, (), summary)


def test_an_hour_on_two_threads_and_four_gigabytes() -> None:
    energy = training_energy([run(wall_seconds=3600, device="x86_64 CPU, 2 threads", peak_memory_bytes=4e9)])
    assert energy is not None and energy.watt_hours == pytest.approx(2 * 12 + 4 * 0.3725)
    assert "estimated, not measured" in energy.assumption and "x86_64 CPU, 2 threads at 24 W" in energy.assumption


@pytest.mark.parametrize(
    ("device", "watts"), [("NVIDIA H100 80GB HBM3", 700), ("NVIDIA L4", 72), ("NVIDIA L40S", 300), ("Unknown X9", 300)]
)
def test_a_gpu_counts_at_its_board_power(device: str, watts: float) -> None:
    energy = training_energy([run(wall_seconds=1800, device=device)] * 2)
    assert energy is not None and energy.watt_hours == pytest.approx(watts)


@pytest.mark.parametrize("summary", [{"device": "cpu"}, {"wall_seconds": 3.0}, {}])
def test_nothing_is_estimated_from_half_a_record(summary: dict[str, object]) -> None:
    assert training_energy([run(wall_seconds=1.0, device="cpu"), run(**summary)]) is None
    assert training_energy([]) is None


@pytest.mark.parametrize(("value", "text"), [(1.66, "1.7 Wh"), (49.7, "50 Wh"), (12_345.0, "12.3 kWh")])
def test_the_unit_follows_the_size(value: float, text: str) -> None:
    assert watt_hours(value) == text
