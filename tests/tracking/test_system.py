"""Samples of the machine, taken by a thread and logged by whoever asks."""

from __future__ import annotations

import sys
import time
from types import SimpleNamespace

import pytest

from hansard_bias.tracking.store import _prepare
from hansard_bias.tracking.training import SystemSampler, monitors


@pytest.fixture(autouse=True)
def prepared() -> None:
    _prepare()


def test_cpu_and_memory_are_sampled_and_numbered() -> None:
    sampler = SystemSampler(interval=0.01)
    sampler.start()
    while len(sampler._samples) < 2:
        time.sleep(0.01)
    sampler.stop()
    entries = sampler.take(first_step=5)
    assert [entry.step for entry in entries] == list(range(5, 5 + len(entries)))
    for entry in entries:
        assert 0 <= entry.numbers["system/cpu_utilization_percentage"] <= 100
        assert entry.numbers["system/system_memory_usage_megabytes"] > 0
    assert not any("network" in name or "disk" in name for name in entries[0].numbers)
    assert sampler.take(0) == []


def test_a_short_training_has_a_sample_too() -> None:
    sampler = SystemSampler(interval=3600)
    sampler.start()
    sampler.stop()
    sampler.stop()
    assert len(sampler.take(0)) == 1


def test_a_gpu_is_watched_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow.system_metrics.metrics import gpu_monitor

    driver = SimpleNamespace(
        NVMLError=OSError,
        nvmlInit=lambda: None,
        nvmlDeviceGetCount=lambda: 1,
        nvmlDeviceGetHandleByIndex=lambda index: index,
        nvmlDeviceGetMemoryInfo=lambda handle: SimpleNamespace(used=3e9, total=12e9),
        nvmlDeviceGetUtilizationRates=lambda handle: SimpleNamespace(gpu=87),
        nvmlDeviceGetPowerUsage=lambda handle: 150_000,
        nvmlDeviceGetEnforcedPowerLimit=lambda handle: 300_000,
    )
    monkeypatch.setitem(sys.modules, "pynvml", driver)
    monkeypatch.setattr(gpu_monitor, "pynvml", driver, raising=False)
    assert len(monitors()) == 2
    sampler = SystemSampler(interval=3600)
    sampler.start()
    sampler.stop()
    (entry,) = sampler.take(0)
    assert entry.numbers["system/gpu_0_utilization_percentage"] == 87
    assert entry.numbers["system/gpu_0_memory_usage_percentage"] == 25
