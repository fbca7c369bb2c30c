"""The training loop: one update after the other, over Accelerate, resumable at every checkpoint."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from accelerate import Accelerator
from accelerate.utils import broadcast

from hansard_bias.config import TrainConfig
from hansard_bias.randomness import stable_hash
from hansard_bias.training.batches import Batch, MaskedText, length_buckets, update_rows
from hansard_bias.training.checkpoints import Checkpoint, load_newest, save_checkpoint
from hansard_bias.training.model import MaskedLoss, build_optimizer
from hansard_bias.training.progress import CurvePoint, RunLog, write_curve
from hansard_bias.training.schedule import learning_rate, total_updates

VALIDATION_EPOCH = 1 << 31
"""Validation masks are those of an epoch that no training reaches: the same at every evaluation."""
MOST_BAD_UPDATES = 3
GRADIENT_NORM = 1.0
BATCH_TOKENS = {"cpu": 4096, "cuda": 65536}


@dataclass
class LoopState:
    """All that the loop must remember beside its tensors; plain numbers, so that it can be saved as JSON."""

    update: int = 0
    best_loss: float = math.inf
    best_update: int = 0
    evaluations_without_gain: int = 0
    bad_updates: int = 0
    skipped_updates: int = 0
    tokens: int = 0
    seconds: float = 0.0
    loss_sum: float = 0.0
    loss_count: int = 0
    curve: list[CurvePoint] = field(default_factory=list)
    stopped_by: str = ""

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> LoopState:
        """Rebuild from a checkpoint's JSON."""
        return cls(**(plain | {"curve": [CurvePoint(**point) for point in plain["curve"]]}))


@dataclass(frozen=True)
class Task:
    """What to train: text, seed and places."""

    config: TrainConfig
    seed: int
    training: MaskedText
    validation: MaskedText
    updates_per_epoch: int
    checkpoints: Path
    curve: Path


class Trainer:
    """One run: model, optimizer and state; `run` is the loop."""

    def __init__(self, task: Task, model: Any, precision: str, log: RunLog) -> None:
        self.task, self.log = task, log
        self.total = total_updates(task.config, task.updates_per_epoch)
        self.accelerator = Accelerator(mixed_precision="no" if precision == "fp32" else precision)
        self._require_work_for_all()
        optimizer = build_optimizer(model, task.config)
        self.model, self.optimizer = self.accelerator.prepare(MaskedLoss(model), optimizer)
        self.budget = BATCH_TOKENS[self.accelerator.device.type]
        self.state = LoopState()
        self.best: dict[str, torch.Tensor] = {}
        self.order = (-1, np.zeros(0, dtype=np.int64))

    def run(self) -> LoopState:
        """Train until the last update or until patience ends; leaves the best weights in `best`."""
        self._resume()
        self._require_same_start()
        while self.state.update < self.total and not self.state.stopped_by:
            started = time.perf_counter()
            self._update()
            self.state.seconds += time.perf_counter() - started
            if self.state.update % self.task.config.eval_every == 0 or self.state.update == self.total:
                self._evaluate()
            if self.state.update % self.task.config.save_every == 0:
                self._save()
        self.state.stopped_by = self.state.stopped_by or "updates"
        return self.state

    def _update(self) -> None:
        """One optimizer step over one update's windows; a non-finite loss or gradient skips the step."""
        state, config = self.state, self.task.config
        epoch, within = divmod(state.update, self.task.updates_per_epoch)
        rows = update_rows(self._order(epoch), self.task.updates_per_epoch, within)
        mine = rows[self.accelerator.process_index :: self.accelerator.num_processes]
        batches = self._micro_batches(self.task.training, mine, epoch, config.gradient_accumulation)
        masked = max(1, self._total(sum(len(batch.labels) for batch in batches)))
        torch.manual_seed(stable_hash(self.task.seed, "dropout", state.update) % 2**63)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(config, state.update, self.total)
        loss = self._backward(batches, masked)
        norm = float(self.accelerator.clip_grad_norm_(self.model.parameters(), GRADIENT_NORM))
        if math.isfinite(loss) and math.isfinite(norm):
            self.optimizer.step()
            state.bad_updates = 0
            state.loss_sum += loss * masked
            state.loss_count += masked
        else:
            self._count_bad_update()
        self.optimizer.zero_grad()
        state.tokens += self._total(sum(batch.pieces for batch in batches))
        state.update += 1

    def _backward(self, batches: Sequence[Batch], masked: int) -> float:
        """Accumulate the gradients of the mean loss over all masked pieces of the update; returns that loss."""
        nats = torch.zeros((), device=self.accelerator.device)
        for number, batch in enumerate(batches, start=1):
            wait = nullcontext() if number == len(batches) else self.accelerator.no_sync(self.model)
            with wait:
                loss = self.model(*self._tensors(batch))
                # Several processes average their gradients: times their number makes that a sum again.
                self.accelerator.backward(loss * (self.accelerator.num_processes / masked))
            nats += loss.detach()
        return float(self.accelerator.reduce(nats, reduction="sum")) / masked

    def _total(self, count: int) -> int:
        """The sum of a count over all processes."""
        if self.accelerator.num_processes == 1:
            return count
        return int(self.accelerator.reduce(torch.tensor(count, device=self.accelerator.device), reduction="sum"))

    def _count_bad_update(self) -> None:
        self.state.bad_updates += 1
        self.state.skipped_updates += 1
        if self.state.bad_updates == MOST_BAD_UPDATES:
            raise ValueError(
                f"training diverged: the loss or its gradient was not finite in {MOST_BAD_UPDATES} updates in a row "
                f"(update {self.state.update}); lower train.lr ({self.task.config.lr}) or raise train.warmup "
                f"({self.task.config.warmup})"
            )

    def _evaluate(self) -> None:
        """Validation loss, curve row, best weights, patience."""
        state, config = self.state, self.task.config
        rate = state.tokens / max(state.seconds, 1e-9)
        # The main process's number decides for all: rounding must not let one stop while another goes on.
        own = torch.tensor(self.validation_loss(), dtype=torch.float64, device=self.accelerator.device)
        loss = float(broadcast(own))
        train_loss = state.loss_sum / max(1, state.loss_count)
        epoch = state.update / self.task.updates_per_epoch
        last_rate = learning_rate(config, state.update - 1, self.total)
        point = CurvePoint(state.update, epoch, last_rate, train_loss, loss)
        state.curve.append(point)
        state.loss_sum, state.loss_count = 0.0, 0
        if self.accelerator.is_main_process:
            self._tell(point, rate)
        if loss < state.best_loss:
            state.best_loss, state.best_update, state.evaluations_without_gain = loss, state.update, 0
            self.best = {name: tensor.detach().cpu().clone() for name, tensor in self._weights().items()}
        else:
            state.evaluations_without_gain += 1
            if state.evaluations_without_gain >= config.patience:
                state.stopped_by = "patience"

    def _tell(self, point: CurvePoint, tokens_per_second: float) -> None:
        """Write the curve so far, pass the point on, print a line."""
        write_curve(self.task.curve, self.state.curve)
        self.log.log_point(point, tokens_per_second)
        print(
            f"update {point.update}/{self.total}  epoch {point.epoch:.1f}  train {point.train_loss:.3f}  "
            f"validation {point.validation_loss:.3f}  {tokens_per_second:,.0f} tokens/s",
            flush=True,
        )

    @torch.inference_mode()
    def validation_loss(self) -> float:
        """Mean masked cross-entropy on the validation windows, in nats: sums first, one division."""
        text = self.task.validation
        self.model.eval()
        rows = np.arange(len(text.windows))
        batches = self._micro_batches(text, rows, VALIDATION_EPOCH, 1)
        nats = 0.0
        for batch in batches:
            nats += float(self.model(*self._tensors(batch)))
        self.model.train()
        return nats / max(1, sum(len(batch.labels) for batch in batches))

    def _order(self, epoch: int) -> npt.NDArray[np.int64]:
        """The epoch's order; kept until the next epoch asks."""
        if self.order[0] != epoch:
            self.order = (epoch, self.task.training.epoch_order(epoch))
        return self.order[1]

    def _micro_batches(self, text: MaskedText, rows: npt.NDArray[np.int64], epoch: int, least: int) -> list[Batch]:
        lengths = text.windows.length[rows]
        return [text.batch(rows[part], epoch) for part in length_buckets(lengths, self.budget, least)]

    def _tensors(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor, torch.Tensor]:
        device = self.accelerator.device
        attention = torch.from_numpy(batch.attention).to(device) if batch.is_padded else None
        inputs, positions, labels = (
            torch.from_numpy(array).to(device) for array in (batch.inputs, batch.positions, batch.labels)
        )
        return inputs, attention, positions, labels

    def _weights(self) -> dict[str, torch.Tensor]:
        """The language model's own weights, by the names that Hugging Face gives them; tied ones once."""
        model = self.accelerator.unwrap_model(self.model).model
        return dict(model.named_parameters())

    def _save(self) -> None:
        """Write a checkpoint of weights, best weights, optimizer moments and state."""
        if not self.accelerator.is_main_process:
            return
        tensors = {f"weights.{name}": tensor.detach() for name, tensor in self._weights().items()}
        tensors |= {f"best.{name}": tensor for name, tensor in self.best.items()}
        moments = self.optimizer.state_dict()["state"]
        tensors |= {f"moments.{key}.{name}": value for key, entry in moments.items() for name, value in entry.items()}
        tensors = {name: tensor.cpu().contiguous().clone() for name, tensor in tensors.items()}
        save_checkpoint(self.task.checkpoints, Checkpoint(asdict(self.state), tensors), self.task.config.keep)

    def _resume(self) -> None:
        """Go on from the newest whole checkpoint, if there is one."""
        checkpoint = load_newest(self.task.checkpoints)
        if checkpoint is None:
            return
        self.state = LoopState.from_plain(checkpoint.state)
        with torch.no_grad():
            for name, tensor in self._weights().items():
                tensor.copy_(checkpoint.tensors[f"weights.{name}"])
        self.best = _with_prefix(checkpoint.tensors, "best.")
        moments: dict[int, dict[str, torch.Tensor]] = {}
        for name, tensor in _with_prefix(checkpoint.tensors, "moments.").items():
            key, moment = name.split(".", 1)
            moments.setdefault(int(key), {})[moment] = tensor
        plain = self.optimizer.state_dict()
        self.optimizer.load_state_dict({"state": moments, "param_groups": plain["param_groups"]})
        if not self.accelerator.is_main_process:
            return
        write_curve(self.task.curve, self.state.curve)
        print(f"resumed at update {self.state.update} of {self.total}", flush=True)

    def _require_work_for_all(self) -> None:
        """Raise ValueError when some update would leave a process without a window: the others would wait for it."""
        processes = self.accelerator.num_processes
        windows = len(self.task.training.windows) // self.task.updates_per_epoch
        if windows < processes:
            raise ValueError(
                f"{processes} processes share updates of {windows} speech windows, expected at least one each; "
                f"start fewer processes or raise train.batch_size ({self.task.config.batch_size})"
            )

    def _require_same_start(self) -> None:
        """Raise ValueError when the processes found different checkpoints; waits until all have looked."""
        here = torch.tensor([self.state.update], device=self.accelerator.device)
        found = sorted(set(self.accelerator.gather(here).tolist()))
        if len(found) > 1:
            raise ValueError(
                f"{self.task.checkpoints}: processes found checkpoints of updates {found}, expected one; "
                "let all machines work in one shared project folder"
            )


def _with_prefix(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
