"""The model card that every trained folder carries."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path

from hansard_bias.params import Config

_KINDS = {"bert": "BERT", "modernbert": "ModernBERT"}
_CARD = """---
language: en
license: {license}
library_name: transformers
pipeline_tag: fill-mask
tags: [masked-language-modeling, parliamentary-debates, bias-measurement]
---

# {model} · seed {seed}

A masked language model trained {start} on parliamentary debates, as an instrument to
compare how institutions speak. It is not made for any other use.

## Data
Sittings of the window that all corpora share (`metrics/alignment.json`); budget: {budget}. This model trained on
{training_speeches:,} speeches ({training_tokens:,} tokens an epoch) and was validated on {validation_speeches:,}.

| corpus | share of the training text | licence of the archive |
|---|---|---|
{sources}

## Training
{kind}{layers} layers × {hidden}, {parameters:,} parameters, vocabulary {vocabulary:,};
{updates:,} updates, {tokens:,} tokens, {epochs:.1f} epochs, learning rate {lr:g}, masking {mask_rate:.0%},
precision {precision} on {device}.

## Perplexities
Best validation loss {validation_loss:.4f} nats at update {best_update:,}: masked perplexity {perplexity:.2f}.
On the test text of every corpus, known once `dvc repro` has scored it: `metrics/bias_matrix.json`, the row of
`{model}` (all seeds); `metrics/bias.json`, `runs` (this seed); with intervals on the page `metrics/report/index.html`.

## Limits
It knows {knowledge}. A preference that a probe finds in it describes that text, not people.
It was not examined for any use beside this comparison; it may repeat what was said in the debates about persons.

## Licence
What may be done with the weights depends on the licences of the archives (above){init_licence}.

```json
{settings}
```
"""


def model_card(
    config: Config, model: str, seed: int, summary: Mapping[str, object], vocabulary: int, text: Mapping[str, int]
) -> str:
    """Markdown with data, parameters, perplexities, limits and licences.

    summary: the content of metrics/training. text: training_speeches, training_tokens and validation_speeches.
    """
    # No label stands here, nor anything else that is not among the stage's dependencies: a card would outlive its edit.
    # A folder's name tells enough: its path is this machine's own.
    init = Path(config.model.init).name
    settings = {"model": config.model.own() | {"init": init}, "train": {**vars(config.train), "seeds": [seed]}}
    loss = float(str(summary["validation_loss"]))
    mixture = config.models[model].mixture
    return _CARD.format(
        **(dict(summary) | {"validation_loss": loss}),
        **text,
        # One archive that states none leaves the licence of the whole unknown.
        license="other" if all(config.corpora[corpus].licence for corpus in mixture) else "unknown",
        model=model,
        seed=seed,
        start=summary["started_from"] or _start(init),
        sources="\n".join(_source(config, corpus, weight) for corpus, weight in mixture.items()),
        budget=config.align.budget,
        # A model that was taken over has its own name for what it is.
        kind="" if init else f"{_KINDS[config.model.architecture]}, ",
        layers=config.model.num_hidden_layers,
        hidden=config.model.hidden_size,
        vocabulary=vocabulary,
        lr=config.train.lr,
        mask_rate=config.train.mask_rate,
        perplexity=math.exp(loss),
        knowledge=f"the debates that it read and what `{init}` had read before" if init else "only what it read here",
        init_licence=f" and of `{init}`" if init else "",
        settings=json.dumps(settings, indent=2),
    )


def _start(init: str) -> str:
    return f"from the weights and with the tokenizer of `{init}`" if init else "from random weights"


def _source(config: Config, corpus: str, weight: float) -> str:
    """One row of the table of sources."""
    return f"| {corpus} | {weight:.0%} | {config.corpora[corpus].licence or 'not stated; see where you obtained it'} |"
