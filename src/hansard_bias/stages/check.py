"""Validate params.yaml before any stage touches its outputs: `dvc repro check`.

Its outputs change with the files of `model.init` alone, so that no stage behind it reruns because a parameter
of another one did.
"""

from __future__ import annotations

from pathlib import Path

from hansard_bias.config import Config, ConfigError
from hansard_bias.initial import check_initial, initial_digests
from hansard_bias.measurement.prompts import load_groups, load_prompts
from hansard_bias.paths import CHECKED, INITIAL, SAMPLE, write_json


def run(config: Config, output: Path = CHECKED, initial: Path = INITIAL) -> None:
    """Check what can be known without reading the archives: that they, the probes and `model.init` are there."""
    for name, corpus in config.corpora.items():
        path = Path(corpus.path)
        if not path.is_relative_to(SAMPLE) and not path.exists():
            remedy = "correct the path, or go back to the sample with `hansard-bias preset sample`"
            raise ConfigError(f"corpora.{name}.path", corpus.path, "an existing archive or folder", remedy)
    for key in ("prompts", "groups"):
        probe = getattr(config.probe, key)
        if not Path(probe).is_file():
            raise ConfigError(f"probe.{key}", probe, "an existing YAML file", "the project's own are in data/probes")
    load_prompts(Path(config.probe.prompts))
    load_groups(Path(config.probe.groups))
    check_initial(config.model.init)
    write_json(initial, initial_digests(config.model.init))
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text("params.yaml is valid\n", encoding="utf-8")
