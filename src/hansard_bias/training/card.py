"""The model card that every trained folder carries."""

from __future__ import annotations

import json
from collections.abc import Mapping

from hansard_bias.config import Config

_CARD = """---
language: en
library_name: transformers
pipeline_tag: fill-mask
tags: [masked-language-modeling, parliamentary-debates, bias-measurement]
---

# {label} · {model} · seed {seed}

A BERT masked language model trained {start} on parliamentary debates, as an instrument to
compare how institutions speak. It is not made for any other use.

## Data
Training text by corpus: {mixture}. Sittings from {first_day} to {last_day}; budget: {budget}.
The archives keep their own licences; see where you obtained them.

## Training
{layers} layers × {hidden}, {parameters:,} parameters, vocabulary {vocabulary:,};
{updates:,} updates, {tokens:,} tokens, {epochs:.1f} epochs, learning rate {lr:g}, masking {mask_rate:.0%},
precision {precision} on {device}. Best validation loss {validation_loss:.4f} nats at update {best_update:,}
(masked perplexity {perplexity:.2f}). Perplexities on the test text of every corpus, with intervals: the report page.

## Limits
It knows only the debates that it read. A preference that a probe finds in it describes that text, not people.

```json
{settings}
```
"""


def model_card(config: Config, model: str, seed: int, summary: Mapping[str, object], vocabulary: int) -> str:
    """Markdown with data, parameters and limits; `summary` is the content of metrics/training."""
    mixture = ", ".join(f"{corpus} {weight:.0%}" for corpus, weight in config.models[model].mixture.items())
    settings = {"model": vars(config.model), "train": {**vars(config.train), "seeds": [seed]}}
    loss = float(str(summary["validation_loss"]))
    return _CARD.format(
        **(dict(summary) | {"validation_loss": loss}),
        label=config.models[model].label,
        start=summary["started_from"] or "from random weights",
        model=model,
        seed=seed,
        mixture=mixture,
        first_day=config.align.first_day,
        last_day=config.align.last_day,
        budget=config.align.budget,
        layers=config.model.num_hidden_layers,
        hidden=config.model.hidden_size,
        vocabulary=vocabulary,
        lr=config.train.lr,
        mask_rate=config.train.mask_rate,
        perplexity=2.718281828459045**loss,
        settings=json.dumps(settings, indent=2),
    )
