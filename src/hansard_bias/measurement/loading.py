"""A trained model and its tokenizer from a local folder, never from a hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForMaskedLM
from transformers.utils.logging import disable_progress_bar


def load_model(folder: Path) -> Any:
    """The masked language model of this folder, ready to be asked, on the GPU where there is one."""
    disable_progress_bar()
    model = AutoModelForMaskedLM.from_pretrained(
        str(folder),
        attn_implementation="sdpa" if torch.cuda.is_available() else "eager",
        local_files_only=True,
        trust_remote_code=False,
        use_safetensors=True,
    )
    return model.to("cuda" if torch.cuda.is_available() else "cpu").eval()


def load_fast_tokenizer(folder: Path) -> Any:
    """The Hugging Face tokenizer of this folder."""
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast.from_pretrained(str(folder), local_files_only=True)
