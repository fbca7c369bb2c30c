"""What scoring and probing ask of a masked language model, whatever its architecture; and transformers' answer to it.

Two scorers answer: `reading.ReadingScorer`, fast at the copies of a speech that scoring reads, and the one here, which
is transformers' own forward pass. A test holds them to each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from hansard_bias.models.architectures import head_of, usable_positions

Ids = npt.NDArray[np.int64]


@dataclass(frozen=True)
class MaskedBatch:
    """Rows of tokens with some masked, and where in them something is asked."""

    input_ids: Ids
    """Tokens with both ends and padding, shape [rows, width]."""
    lengths: Ids
    """Tokens of each row that are no padding, shape [rows]."""
    rows: Ids
    columns: Ids
    """The positions asked for, shape [asked] each; rows ascending."""

    @classmethod
    def of(cls, sequences: Sequence[tuple[int, ...]], positions: Sequence[Sequence[int]], padding: int) -> MaskedBatch:
        """Sequences side by side, filled up to the longest; positions: of each sequence those asked for."""
        lengths = np.array([len(sequence) for sequence in sequences])
        input_ids = np.full((len(sequences), int(lengths.max())), padding, dtype=np.int64)
        for row, sequence in enumerate(sequences):
            input_ids[row, : len(sequence)] = sequence
        rows = np.repeat(np.arange(len(sequences)), [len(own) for own in positions])
        return cls(input_ids, lengths, rows, np.concatenate([np.array(own, dtype=np.int64) for own in positions]))

    @property
    def asked(self) -> tuple[Tensor, Tensor]:
        """Rows and columns as tensors, which index those of any device."""
        return torch.from_numpy(self.rows), torch.from_numpy(self.columns)

    @property
    def inside(self) -> npt.NDArray[np.bool_]:
        """What is no padding, shape [rows, width]."""
        return np.arange(self.input_ids.shape[1]) < self.lengths[:, None]


class Scorer(Protocol):
    """A trained masked language model that is asked and does not change."""

    @property
    def positions(self) -> int:
        """The longest row that can be read, ends included."""

    def embeddings(self) -> Tensor:
        """The table of input embeddings, shape [vocabulary, size]."""

    def states(self, batch: MaskedBatch) -> Tensor:
        """The last layer's states at the positions asked for, shape [asked, size]."""

    def log_probabilities(self, batch: MaskedBatch) -> Tensor:
        """log P of every token at the positions asked for, in nats, float32, shape [asked, vocabulary]."""

    def surprisals(self, batch: MaskedBatch, labels: Ids) -> npt.NDArray[np.float32]:
        """-log P(label) in nats at the positions asked for; labels and result have the shape [asked]."""


class TransformersScorer:
    """Any masked language model of transformers, computed as transformers does."""

    def __init__(self, model: Any) -> None:
        self.model = model.eval()

    @classmethod
    def load(cls, folder: Path) -> TransformersScorer:
        """The model of a local folder, never of a hub, on the GPU where there is one."""
        from transformers import AutoModelForMaskedLM
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()
        model: Any = AutoModelForMaskedLM.from_pretrained(
            str(folder),
            attn_implementation="sdpa" if torch.cuda.is_available() else "eager",
            local_files_only=True,
            # A folder from elsewhere must neither run its own code nor be unpickled.
            trust_remote_code=False,
            use_safetensors=True,
        )
        return cls(model.to("cuda" if torch.cuda.is_available() else "cpu"))

    @property
    def positions(self) -> int:
        """See `Scorer`."""
        return usable_positions(self.model.config.to_dict())

    def embeddings(self) -> Tensor:
        """See `Scorer`."""
        table: Tensor = self.model.get_input_embeddings().weight.detach()
        return table

    @torch.inference_mode()
    def states(self, batch: MaskedBatch) -> Tensor:
        """See `Scorer`."""
        states: Tensor = self.model.base_model(**self._inputs(batch)).last_hidden_state
        return states[batch.asked]

    @torch.inference_mode()
    def log_probabilities(self, batch: MaskedBatch) -> Tensor:
        """See `Scorer`."""
        if hasattr(self.model, "base_model"):
            # The head costs as much as a layer or more: it runs where a token is asked for, nowhere else.
            logits = head_of(self.model)(self.states(batch))
        else:
            logits = self.model(**self._inputs(batch)).logits[batch.asked]
        return torch.log_softmax(logits.float(), dim=-1)

    def surprisals(self, batch: MaskedBatch, labels: Ids) -> npt.NDArray[np.float32]:
        """See `Scorer`."""
        shares = self.log_probabilities(batch)
        found = shares.gather(1, torch.from_numpy(labels).to(shares.device)[:, None])
        return np.asarray(-found[:, 0].cpu().numpy(), dtype=np.float32)

    def _inputs(self, batch: MaskedBatch) -> dict[str, Tensor]:
        attention = torch.from_numpy(batch.inside).long()
        device = self.model.device
        return {"input_ids": torch.from_numpy(batch.input_ids).to(device), "attention_mask": attention.to(device)}
