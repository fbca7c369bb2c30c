"""The training loop: one update after the other, over Accelerate, resumable at every checkpoint."""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from accelerate import Accelerator

from hansard_bias.base.parallel import agreed, require_same_start, require_work_for_all
from hansard_bias.base.work import Interrupted, Interruption
from hansard_bias.models.batches import Batch, update_rows
from hansard_bias.models.network import GRADIENT_NORM, MaskedLoss, build_optimizer
from hansard_bias.randomness import stable_hash
from hansard_bias.training import checkpoints, progress
from hansard_bias.training.data import BatchIterator, learning_rate, total_updates
from hansard_bias.training.device import LEAST_TOKENS, is_exhausted, micro_batch_tokens
from hansard_bias.training.progress import PlainProgress
from hansard_bias.training.run_key import RunSpec
from hansard_bias.training.state import CurvePoint, LoopState, Parts, RunLog, Tensors, is_finite, resume, write_curve

VALIDATION_EPOCH = 1 << 31
"""Validation masks are those of an epoch that no training reaches: the same at every evaluation."""
MOST_BAD_UPDATES = 3
PLATEAU_LEFT_BY, PLATEAU_NATS = 1000, 0.5
"""By this update the models of `preset small` are so far below the unigram loss, with half of their text, too."""


class Trainer:
    """One run: model, optimizer and state; `run` is the loop."""

    def __init__(
        self, spec: RunSpec, model: Any, precision: str, log: RunLog, interruption: Interruption | None = None
    ) -> None:
        self.spec, self.log = spec, log
        self.interruption = interruption or Interruption()
        self.total = total_updates(spec.config, spec.updates_per_epoch)
        self.accelerator = Accelerator(mixed_precision="no" if precision == "fp32" else precision)
        windows = len(spec.training.windows) // spec.updates_per_epoch
        require_work_for_all(self.accelerator, windows, spec.config.batch_size)
        optimizer = build_optimizer(model, spec.config)
        self.model, self.optimizer = self.accelerator.prepare(MaskedLoss(model), optimizer)
        self.batches = BatchIterator(self.accelerator.device, precision)
        self.progress = PlainProgress(self.total)
        text = spec.training
        # From the memory of this machine; a resumed run keeps the size that it began with.
        tokens = micro_batch_tokens(model.config, text.vocab_size, text.mask_rate, self.accelerator.device)
        self.state = LoopState(micro_batch_tokens=tokens)
        self.best: Tensors = {}
        # The update that the newest checkpoint holds.
        self.saved = 0
        self._warned = False

    def run(self) -> LoopState:
        """Train until the last update or until patience ends; leaves the best weights in `best`.

        Raises Interrupted after a checkpoint when a signal came, ValueError when training diverged.
        """
        with self.interruption.deferred(), self.progress:
            self._resume()
            require_same_start(self.accelerator, self.state.update, self.spec.checkpoints)
            while True:
                # Before the evaluation that may be due: a signal is answered within one update.
                self._check_signals()
                self._evaluate_and_save_if_due()
                if self.state.update >= self.total or self.state.stopped_by:
                    break
                started = time.perf_counter()
                self._update()
                self.state.seconds += time.perf_counter() - started
                self.progress.after_update(self.state, self.optimizer.param_groups[0]["lr"])
            self._check_signals()
        self.state.stopped_by = self.state.stopped_by or "updates"
        return self.state

    def _check_signals(self) -> None:
        """Save and stop when a signal came, to whichever process: all stop at the same update."""
        if not self._total(int(self.interruption.number > 0)):
            return
        self._save()
        where = f"at update {self.state.update} of {self.total}; the same command goes on from update {self.saved}"
        raise Interrupted(self.interruption.number or signal.SIGTERM, where)

    def _evaluate_and_save_if_due(self) -> None:
        """The evaluation and the checkpoint that are due after an update; a resumed run may owe them, too."""
        state, config = self.state, self.spec.config
        due = state.update % config.eval_every == 0 or state.update == self.total
        # First the evaluation, then the checkpoint: it holds the curve's newest row.
        if state.update and due and not state.is_evaluated():
            self._evaluate()
        if state.update % config.save_every == 0:
            self._save()

    def _update(self) -> None:
        """One optimizer step over one update's windows; a non-finite loss or gradient skips the step."""
        state, config = self.state, self.spec.config
        epoch, within = divmod(state.update, self.spec.updates_per_epoch)
        rows = update_rows(self.batches.order(self.spec.training, epoch), self.spec.updates_per_epoch, within)
        mine = rows[self.accelerator.process_index :: self.accelerator.num_processes]
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(config, state.update, self.total)
        # The mean over all masked tokens of the update, not of micro-batches: their number changes nothing.
        loss, masked, tokens = self._gradient(mine, epoch)
        # The norm is looked at before the step: a step along a gradient that is no number cannot be taken back.
        norm = float(self.accelerator.clip_grad_norm_(self.model.parameters(), GRADIENT_NORM))
        if math.isfinite(loss) and math.isfinite(norm):
            self.optimizer.step()
            state.bad_updates = 0
            state.loss_sum += loss * masked
            state.loss_count += masked
        else:
            self._skip()
        self.optimizer.zero_grad()
        state.tokens += self._total(tokens)
        state.update += 1

    def _gradient(self, rows: npt.NDArray[np.int64], epoch: int) -> tuple[float, int, int]:
        """The gradient of the mean loss over these windows; returns that loss, the masked and the real tokens.

        Where the device runs out of memory, the micro-batches are halved and the update begins anew: it stays the same.
        """
        while True:
            least, tokens = self.spec.config.gradient_accumulation, self.state.micro_batch_tokens
            batches = [*self.batches.micro_batches(self.spec.training, rows, epoch, tokens, least)]
            masked = max(1, self._total(sum(len(batch.labels) for batch in batches)))
            # Dropout belongs to the update, not to what ran before: a resumed run draws the same.
            torch.manual_seed(stable_hash(self.spec.seed, "dropout", self.state.update) % 2**63)
            try:
                return self._backward(batches, masked), masked, sum(batch.real_tokens for batch in batches)
            except RuntimeError as error:
                if not is_exhausted(error):
                    raise
                if tokens < 2 * LEAST_TOKENS:
                    raise ValueError(
                        f"out of memory with micro-batches of {tokens} tokens; free some, lower model.hidden_size or "
                        "model.num_hidden_layers, or use another device"
                    ) from None
            self.optimizer.zero_grad()
            self.state.micro_batch_tokens //= 2
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            self.progress.say(f"out of memory: going on with micro-batches of {self.state.micro_batch_tokens} tokens")

    def _backward(self, batches: Sequence[Batch], masked: int) -> float:
        """Accumulate the gradients of the mean loss over all masked tokens of the update; returns that loss."""
        nats = torch.zeros((), device=self.accelerator.device)
        for number, batch in enumerate(batches, start=1):
            # Gradients meet once an update: with the last micro-batch, not with each.
            with nullcontext() if number == len(batches) else self.accelerator.no_sync(self.model):
                loss = self.model(self.batches.on_device(batch))
                # Several processes average their gradients: times their number makes that a sum again.
                self.accelerator.backward(loss * (self.accelerator.num_processes / masked))
            nats += loss.detach()
        return float(self.accelerator.reduce(nats, reduction="sum")) / masked

    def _total(self, count: int) -> int:
        """The sum of a count over all processes."""
        # Alone, without the detour over a tensor: it would wait for the GPU in every update.
        if self.accelerator.num_processes == 1:
            return count
        return int(self.accelerator.reduce(torch.tensor(count, device=self.accelerator.device), reduction="sum"))

    def _skip(self) -> None:
        """Count an update without a step; the loss scale of fp16 begins too high, which is no divergence."""
        self.state.skipped_updates += 1
        if self.accelerator.scaler is not None and self.accelerator.scaler.get_scale() > 1:
            self.optimizer.step()  # takes no step, but lowers the scale
            return
        self.state.bad_updates += 1
        if self.state.bad_updates == MOST_BAD_UPDATES:
            what = f"the loss or its gradient was not finite in {MOST_BAD_UPDATES} updates in a row"
            raise self.spec.diverged(what, self.state.update, self.saved)

    def _evaluate(self) -> None:
        """Validation loss, curve row, best weights, patience."""
        state, config = self.state, self.spec.config
        rate = state.tokens / max(state.seconds, 1e-9)
        loss = agreed(self.accelerator, self.validation_loss())
        if not math.isfinite(loss):
            raise self.spec.diverged(f"the validation loss is {loss}", state.update, self.saved)
        train_loss = state.loss_sum / max(1, state.loss_count)
        epoch = state.update / self.spec.updates_per_epoch
        rate_of_step = learning_rate(config, state.update - 1, self.total)
        point = CurvePoint(state.update, epoch, rate_of_step, train_loss, loss)
        state.curve.append(point)
        state.loss_sum, state.loss_count = 0.0, 0
        if self.accelerator.is_main_process:
            write_curve(self.spec.curve, state.curve)
            self.log.log_point(point, rate)
            self.progress.after_evaluation(point, rate)
            self._warn_of_plateau(loss)
        if loss < state.best_loss:
            state.best_loss, state.best_update, state.evaluations_without_gain = loss, state.update, 0
            # On the CPU: the best weights would take the memory of a second model on the GPU.
            self.best = {name: tensor.detach().cpu().clone() for name, tensor in self._weights().items()}
        else:
            state.evaluations_without_gain += 1
            if state.evaluations_without_gain >= config.patience:
                state.stopped_by = "patience"

    def _warn_of_plateau(self, loss: float) -> None:
        """Say once, and early, that the model knows no more than how often each token is said."""
        late = self.state.update >= min(PLATEAU_LEFT_BY, self.total // 2)
        if late and not self._warned and loss > self.spec.unigram_loss - PLATEAU_NATS:
            progress.warn([self.spec.on_plateau(self.state.update, loss)])
            self._warned = True

    @torch.inference_mode()
    def validation_loss(self) -> float:
        """Mean masked cross-entropy on the validation windows, in nats: sums first, one division."""
        text = self.spec.validation
        # Without dropout, and with masks that no epoch changes: evaluations differ by the weights alone.
        self.model.eval()
        rows = np.arange(len(text.windows))
        nats, masked = 0.0, 0
        for batch in self.batches.micro_batches(text, rows, VALIDATION_EPOCH, self.state.micro_batch_tokens):
            nats += float(self.model(self.batches.on_device(batch)))
            masked += len(batch.labels)
        self.model.train()
        return nats / max(1, masked)

    @property
    def language_model(self) -> Any:
        """The model without its loss and without what Accelerate put around it."""
        return self.accelerator.unwrap_model(self.model).model

    def _weights(self) -> dict[str, torch.Tensor]:
        """The language model's own weights, by the names that Hugging Face gives them; tied ones once."""
        return dict(self.language_model.named_parameters())

    def _parts(self) -> Parts:
        return Parts(self._weights(), self.optimizer, self.accelerator.scaler)

    def _save(self) -> None:
        """Write a checkpoint of this update, unless there is one; only finite weights may replace older ones."""
        update = self.state.update
        if update == self.saved or not self.accelerator.is_main_process or not is_finite(self._weights()):
            return
        checkpoint = self._parts().checkpoint(self.state, self.best, asdict(self.spec.run))
        checkpoints.save_checkpoint(self.spec.checkpoints, checkpoint, self.spec.config.keep)
        self.saved = update

    def _resume(self) -> None:
        """Go on from the newest whole checkpoint of this run or from a named one, if there is one."""
        spec = self.spec
        resumed = resume(self._parts(), spec.checkpoints, spec.run, spec.resume_from, self.total)
        if resumed is None:
            other = checkpoints.unfinished_run(spec.checkpoints, spec.run.name)
            if other is not None and self.accelerator.is_main_process:
                self.progress.say(
                    f"{spec.run.name} starts anew: an unfinished run has other {spec.run.differences(other)}"
                )
            return
        self.state, self.best, is_own = resumed
        self.saved = self.state.update if is_own else 0
        if self.accelerator.is_main_process:
            checkpoints.discard_after(spec.checkpoints, self.state.update)
            write_curve(spec.curve, self.state.curve)
            origin = f" ({self.state.started_from})" if self.state.started_from else ""
            self.progress.say(f"resumed at update {self.state.update} of {self.total}{origin}")
