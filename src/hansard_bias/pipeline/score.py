"""The surprisal of every test token of every corpus under one model: `dvc repro score@nunavut-1`."""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from pathlib import Path

from hansard_bias.base import work
from hansard_bias.base.files import MODELS, run_name
from hansard_bias.base.messages import say
from hansard_bias.base.parallel import LONGEST_WAIT, destroy_group, process_group
from hansard_bias.models.reading import ReadingScorer
from hansard_bias.params import Config
from hansard_bias.scoring.run import begin, compute, read_inputs, write_tables


def run(config: Config, model: str, seed: int, root: Path = Path(".")) -> None:
    """Score the test split of every corpus: data/scores/<model>-<seed>.parquet, and beside it data/likelihoods."""
    # Of several processes (`accelerate launch`) each scores a share, and the main one alone writes.
    name = run_name(model, seed)
    state = process_group(LONGEST_WAIT)
    inputs = read_inputs(config, name, root)
    scorer = ReadingScorer.load(root / MODELS / name, state.device)
    parts = inputs.parts(scorer.positions)
    folder = work.checkpoint_root() / f"score-{inputs.key}"
    folder.mkdir(parents=True, exist_ok=True)
    with work.locked(folder, "scoring") if state.is_main_process else nullcontext():
        if state.is_main_process and (line := begin(parts, folder, inputs.identity)):
            say(line)
        # Dealt by number, not in blocks: long speeches come first, and every process gets its share of them.
        own = parts[state.process_index :: state.num_processes]
        compute(own, folder, partial(inputs.score, scorer), say if state.is_main_process else None)
        state.wait_for_everyone()
        if state.is_main_process:
            write_tables(inputs, parts, folder, name, root)
            work.remove(folder)
    destroy_group(state)
