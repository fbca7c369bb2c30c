"""What the machine does while a model trains: CPU, memory and GPU, as MLflow's own monitors measure them."""

from __future__ import annotations

import threading
import time
from typing import Any

from hansard_bias.tracking.store import Entry

INTERVAL_SECONDS = 10.0


class SystemSampler:
    """Samples in a thread that sleeps nearly always and never touches the store: whoever logs takes the samples."""

    def __init__(self, interval: float = INTERVAL_SECONDS) -> None:
        self.interval = interval
        self._monitors = monitors()
        self._samples: list[tuple[int, dict[str, float]]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="system metrics", daemon=True)

    def start(self) -> None:
        """Begin to sample."""
        # The first look at the CPU tells the share since the machine started.
        self._sample()
        self._thread.start()

    def stop(self) -> None:
        """Take the last sample and end."""
        if not self._over.is_set():
            self._over.set()
            self._thread.join()
            self._keep(self._sample())

    def take(self, first_step: int) -> list[Entry]:
        """The samples since the last time, numbered from here on."""
        samples, self._samples = self._samples, []
        return [Entry(numbers, first_step + at, when) for at, (when, numbers) in enumerate(samples)]

    def _run(self) -> None:
        while not self._over.wait(self.interval):
            self._keep(self._sample())

    def _keep(self, numbers: dict[str, float]) -> None:
        self._samples.append((time.time_ns() // 1_000_000, numbers))

    def _sample(self) -> dict[str, float]:
        """One number of each kind; `system/` is where MLflow's pages look for them."""
        numbers: dict[str, float] = {}
        for monitor in self._monitors:
            monitor.collect_metrics()
            numbers |= {f"system/{name}": float(value) for name, value in monitor.aggregate_metrics().items()}
            monitor.clear_metrics()
        return numbers


def monitors() -> list[Any]:
    """MLflow's monitors of CPU and memory, and of NVIDIA GPUs where there are some."""
    from mlflow.system_metrics.metrics.cpu_monitor import CPUMonitor
    from mlflow.system_metrics.metrics.gpu_monitor import GPUMonitor

    found = [CPUMonitor()]
    try:
        found.append(GPUMonitor())
    except (ImportError, RuntimeError):
        # No driver or no GPU: the CPU is what trains.
        return found
    return found
