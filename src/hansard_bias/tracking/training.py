"""One training as an MLflow run while it goes on, with what the machine does meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Any

from hansard_bias.base.messages import warn
from hansard_bias.base.work import Interrupted
from hansard_bias.params import Config
from hansard_bias.tracking.database import StoreError, alone
from hansard_bias.tracking.mirror import create_training, mirror_training
from hansard_bias.tracking.results import Results, Training
from hansard_bias.tracking.store import Entry, Store
from hansard_bias.training.state import CurvePoint

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
        numbers: dict[str, float] = {}
        # One number of each kind; `system/` is where MLflow's pages look for them.
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
    # No driver or no GPU: the CPU is what trains.
    with suppress(ImportError, RuntimeError):
        found.append(GPUMonitor())
    return found


# A store that failed is left alone for so long, then for twice that, and so on: a mute server costs 20 s each time.
PAUSE_SECONDS = 60.0


class TrainingRun:
    """A RunLog that no store can hurt: what cannot be logged now is kept and logged when the store answers again."""

    def __init__(self, training: Training, key: str) -> None:
        self.training, self.key = training, key
        self.run_id = ""  # empty until the store has answered
        self._store: Store | None = None
        self._logged = -1  # the last update of the curve that the store has
        self._samples = 0  # how many samples of the machine the store has
        self._waiting: list[Entry] = []  # rows of the curve that it lacks
        self._seen: list[Entry] = []  # samples that it lacks
        self._sampler = SystemSampler()
        self._failures = 0
        self._try_again_at = 0.0

    def begin(self) -> None:
        """Open the run and start to watch the machine."""
        self._sampler.start()
        self._attempt()

    def log_point(self, point: CurvePoint, tokens_per_second: float) -> None:
        """Log one row of the curve, and what the machine did meanwhile."""
        numbers = {key: value for key, value in asdict(point).items() if key != "update" and value is not None}
        self._waiting.append(Entry(numbers | {"tokens_per_second": tokens_per_second}, point.update))
        self._attempt()

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Log the run's summary, tie the run to the weights that it made, and list them in the registry."""
        self._sampler.stop()
        # The last chance: a store that was left alone is asked once more.
        self._try_again_at = 0.0
        self._attempt(lambda store: mirror_training(store, self.run_id, self.training, summary))

    def end(self, status: str) -> None:
        """Say how an unfinished training ended: KILLED or FAILED."""
        self._sampler.stop()
        self._attempt(lambda store: store.client.set_terminated(self.run_id, status))

    def _attempt(self, then: Callable[[Store], None] = lambda store: None) -> None:
        """Log what waits, then do this, unless the store failed a moment ago; the first failure is told."""
        if time.monotonic() < self._try_again_at:
            return
        try:
            then(self._flush())
        except StoreError as error:
            if not self._failures:
                warn(f"{error}; the training goes on, and `hansard-bias backfill` logs it later")
            self._try_again_at = time.monotonic() + PAUSE_SECONDS * 2**self._failures
            self._failures += 1

    def _flush(self) -> Store:
        if self._store is None:
            self._store = self._open()
        # A resumed run repeats the rows after its checkpoint: they are the same, and logged already.
        self._waiting = [entry for entry in self._waiting if entry.step > self._logged]
        self._seen += self._sampler.take(self._samples + len(self._seen))
        self._store.log(self.run_id, [*self._waiting, *self._seen])
        self._logged = max([self._logged, *(entry.step for entry in self._waiting)])
        self._samples += len(self._seen)
        self._waiting, self._seen = [], []
        return self._store

    def _open(self) -> Store:
        """Find the run that was interrupted, or create one."""
        store = Store(self.training.results.config.tracking.experiment)
        # Two processes that look at the same time would both create it.
        with alone():
            found = store.find("run_key", self.key)
            if found is None or found.info.status == "FINISHED":
                self.run_id = create_training(store, self.training, self.key)
                return store
            self.run_id = str(found.info.run_id)
            store.take_over(self.run_id)
        # What it has is not sent again: numbers that are logged twice appear twice.
        history = store.client.get_metric_history(self.run_id, "train_loss")
        self._logged = max((point.step for point in history), default=-1)
        samples = store.client.get_metric_history(self.run_id, "system/cpu_utilization_percentage")
        self._samples = len(samples)
        return store


@contextmanager
def training_run(config: Config, model: str, seed: int, key: str) -> Iterator[TrainingRun]:
    """A run for the training with this `RunIdentity.key`, the interrupted one where there is one; ends as it does."""
    run = TrainingRun(Training(Results.here(config), model, seed), key)
    status = "FAILED"
    try:
        run.begin()
        yield run
        status = ""
    except (Interrupted, KeyboardInterrupt):
        status = "KILLED"
        raise
    finally:
        if status:
            run.end(status)
