"""Sentence pairs: a file in the form of CrowS-Pairs, read, encoded and scored by several models of preset `small`.

    python benchmarks/pairs.py [--pairs 1500] [--models 9] [--tokens 13]

The sentences are made of made-up words by Zipf's law, about so many tokens long (ends not counted), and differ in one
word; weights are random, which cost what trained ones do. The goal is nine models in five minutes on two cores.
"""

from __future__ import annotations

import argparse
import csv
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from ruamel.yaml import YAML
from transformers import PreTrainedTokenizerFast

from hansard_bias.models.network import build_model
from hansard_bias.models.reading import ReadingScorer
from hansard_bias.params import TokenizerConfig, load_config
from hansard_bias.probing.benchmarks import load_benchmark
from hansard_bias.probing.cloze import ClozeEncoder
from hansard_bias.probing.pairs import probe_pairs
from hansard_bias.tokens.tokenizer import NAMES, SPECIAL_TOKENS, train_tokenizer

ROOT = Path(__file__).parents[1]
VOCABULARY, WORDS, GOAL_SECONDS, GOAL_MODELS = 8_192, 9_000, 300, 9


def sentences(count: int, tokens: int, rng: np.random.Generator) -> list[list[str]]:
    """Sentences of made-up words."""
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    words = ["".join(rng.choice(letters, size)) for size in rng.integers(2, 9, WORDS)]
    weights = 1 / np.arange(1, WORDS + 1)
    # A full stop and the second tokens of rare words come to them.
    lengths = np.maximum(3, rng.poisson(tokens - 3, count))
    return [list(rng.choice(words, length, p=weights / weights.sum())) for length in lengths]


def write_pairs(path: Path, made: list[list[str]], rng: np.random.Generator) -> None:
    """A file as CrowS-Pairs is published, with a column without a name and annotations."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["", "sent_more", "sent_less", "stereo_antistereo", "bias_type", "annotations"])
        for number, words in enumerate(made):
            other = list(words)
            other[int(rng.integers(len(words)))] = f"{words[0]}s"
            kind = f"type {number % 9}"
            writer.writerow([number, f"{' '.join(words)}.", f"{' '.join(other)}.", "stereo", kind, f"[['{kind}'], []]"])


def tokenizer_of(made: list[list[str]]) -> PreTrainedTokenizerFast:
    """The project's own, learned from these sentences."""
    config = TokenizerConfig(vocab_size=VOCABULARY, min_frequency=1)
    own = train_tokenizer((" ".join(words) for words in made), config)
    return PreTrainedTokenizerFast(tokenizer_object=own, **dict(zip(NAMES, SPECIAL_TOKENS, strict=True)))


def scorers(models: int, vocabulary: int) -> list[ReadingScorer]:
    """Models of preset `small` with random weights."""
    preset = YAML(typ="safe", pure=True).load(ROOT / "src/hansard_bias/operations/presets.yaml")["small"]
    sizes = {key.removeprefix("model."): value for key, value in preset.items() if key.startswith("model.")}
    settings = replace(load_config(ROOT / "params.yaml").model, **sizes)
    built = (build_model(settings, vocabulary, seed) for seed in range(models))
    return [ReadingScorer(model.config.to_dict(), model.state_dict(), "cpu") for model in built]


def main() -> None:
    """Make the file, score it, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=1500)
    parser.add_argument("--models", type=int, default=GOAL_MODELS)
    parser.add_argument("--tokens", type=int, default=13)
    options = parser.parse_args()
    rng = np.random.default_rng(1)
    made = sentences(30_000, options.tokens, rng)
    tokenizer = tokenizer_of(made)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "crows.csv"
        write_pairs(path, made[: options.pairs], rng)
        texts = [sentence for pair in load_benchmark(path).pairs for sentence in pair.options]
        tokens = np.mean([len(ids) for ids in tokenizer(texts, add_special_tokens=False)["input_ids"]])
        print(f"{len(texts)} sentences of {tokens:.1f} tokens")
        took = []
        for number, scorer in enumerate(scorers(options.models, len(tokenizer)), 1):
            began, used = time.perf_counter(), time.process_time()
            table, left_out = probe_pairs(scorer, ClozeEncoder(tokenizer, str), [load_benchmark(path)])
            took.append(time.perf_counter() - began)
            told = f"{len(table)} pairs, {len(left_out)} left out, {table['shared'].mean():.1f} shared tokens"
            print(f"model {number}: {told}, {took[-1]:.1f} s, processor {time.process_time() - used:.1f} s", flush=True)
    each = float(np.mean(took))
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{each:.1f} s a model on {torch.get_num_threads()} threads, load of the machine {load}")
    verdict = "met" if each * GOAL_MODELS <= GOAL_SECONDS else "missed"
    print(f"{GOAL_MODELS} models: {each * GOAL_MODELS:.0f} s, goal {GOAL_SECONDS} s: {verdict}")


if __name__ == "__main__":
    main()
