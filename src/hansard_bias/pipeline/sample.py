"""The bundled sample, two generated legislatures in the real archive formats: `dvc repro sample`."""

from __future__ import annotations

from pathlib import Path

from hansard_bias.base.files import SAMPLE
from hansard_bias.params import Config
from hansard_bias.sample.archives import write_sample
from hansard_bias.sample.generate import generate


def run(config: Config, output: Path = SAMPLE) -> None:
    """Generate both archives and the record of what was planted."""
    write_sample(generate(config.sample), output, config.sample.seed)
