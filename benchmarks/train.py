"""Training speed: the study's way, run_mlm's way and this trainer, one after the other, in processes of their own.

    python benchmarks/train.py [--seconds 40] [--batch 32] [--ways "padded fp32" "blocks fp32" "blocks bf16" ours]

Same model (preset `small`: 4 layers x 256; --architecture for the other family), same text (the Nunavut folder of
../shared/data, through the project's own
reader and cleaning; the bundled sample where that is missing), same rows per update. Tokens are real ones: neither
padding nor special tokens. Nothing else should run on the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from ruamel.yaml import YAML

from hansard_bias.corpora.build import write_corpus
from hansard_bias.params import Config, parse_config
from hansard_bias.tokens.encoded import write_encoded_parts
from hansard_bias.tokens.tokenizer import encode_texts, save_tokenizer, train_tokenizer

ROOT = Path(__file__).parents[1]
REAL = ROOT.parent / "shared/data/nunavut/Nunavut-Hansard-Inuktitut-English-Parallel-Corpus-3.0"
WAYS = ["padded fp32", "blocks fp32", "blocks bf16", "ours"]


def settings(preset: str, **changes: Any) -> Config:
    """params.yaml with a preset's settings, and some keys changed (`model__hidden_size=128`)."""
    yaml = YAML(typ="safe", pure=True)
    raw = yaml.load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    values = yaml.load((ROOT / "src/hansard_bias/operations/presets.yaml").read_text(encoding="utf-8"))[preset]
    for key, value in (values | {key.replace("__", "."): value for key, value in changes.items()}).items():
        *sections, name = key.split(".")
        target = raw
        for section in sections:
            target = target[section]
        target[name] = value
    return parse_config(raw)


def prepare(folder: Path, **changes: Any) -> str:
    """Read, clean and encode the text into the folder, with a tokenizer trained on it; returns what it is."""
    if REAL.is_dir():
        config = settings("small", corpora__nunavut__path=str(REAL), **changes)
    else:
        from hansard_bias.sample.archives import write_sample
        from hansard_bias.sample.generate import generate

        path = folder / "sample"
        config = settings("small", corpora__nunavut__path=str(path / "nunavut"), tokenizer__vocab_size=2048, **changes)
        write_sample(generate(config.sample), path, config.sample.seed)
    write_corpus("nunavut", config.corpora["nunavut"], config.clean, folder)
    table = pq.read_table(folder / "nunavut.parquet", columns=["speech_id", "text"])
    texts = table["text"].to_pylist()
    tokenizer = train_tokenizer(texts, config.tokenizer)
    (folder / "tokenizer").mkdir()
    save_tokenizer(tokenizer, folder / "tokenizer", config.model.max_position_embeddings)
    pieces = list(encode_texts(tokenizer, texts))
    index = table.select(["speech_id"])
    write_encoded_parts(folder / "text", index.schema, [(index, pieces)])
    content = {"model": asdict(config.model), "vocabulary": config.tokenizer.vocab_size}
    (folder / "settings.json").write_text(json.dumps(content), encoding="utf-8")
    source = "Nunavut 1999-2000" if REAL.is_dir() else "the bundled sample's generated text (no ../shared/data here)"
    return f"{source}: {len(texts):,} speeches, {sum(map(len, pieces)):,} pieces"


def measure(folder: Path, way: str, seconds: float, batch: int) -> dict[str, Any]:
    """One way, in a process of its own."""
    script = Path(__file__).with_name("training_ways.py")
    command = [sys.executable, str(script), str(folder), way, str(seconds), str(batch), str(time.time())]
    # As `hansard-bias train` does; all ways get it.
    large_pages = {"THP_MEM_ALLOC_ENABLE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | large_pages)
    if done.returncode:
        raise SystemExit(f"{way} failed:\n{done.stdout}{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def table(rows: list[dict[str, Any]]) -> str:
    """A Markdown table; `times` compares with the first row."""
    lines = ["| way | tokens/s | times | utilisation | peak memory | updates | first update after |"]
    lines.append("|---|---|---|---|---|---|---|")
    for row in rows:
        times = row["tokens_per_second"] / rows[0]["tokens_per_second"]
        lines.append(
            f"| {row['way']} | {row['tokens_per_second']:,.0f} | {times:.1f} | {row['utilisation']:.1%} "
            f"| {row['peak_bytes'] / 1e9:.2f} GB | {row['updates']} | {row['first_update_seconds']:.1f} s |"
        )
    return "\n".join(lines)


def main() -> None:
    """Prepare, measure every way, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=40.0, help="measured for at least so long, after warm-up")
    parser.add_argument("--batch", type=int, default=32, help="rows (speech windows, blocks) per update")
    parser.add_argument("--architecture", default="", help="bert or modernbert; that of the preset")
    parser.add_argument("--positions", type=int, default=0, help="tokens of a window or block; those of the preset")
    parser.add_argument("--ways", nargs="+", default=WAYS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        given = {"model__architecture": options.architecture, "model__max_position_embeddings": options.positions}
        print(prepare(Path(name), **{key: value for key, value in given.items() if value}), flush=True)
        rows = []
        for way in options.ways:
            rows.append(measure(Path(name), way, options.seconds, options.batch))
            print(f"{way}: {rows[-1]['tokens_per_second']:,.0f} tokens/s", flush=True)
    print(table(rows))


if __name__ == "__main__":
    main()
