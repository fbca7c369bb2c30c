"""The bundled sample: two generated legislatures with planted associations, in the real archive formats."""

from __future__ import annotations

from hansard_bias.sample.archives import write_sample
from hansard_bias.sample.generate import generate
from hansard_bias.sample.legislature import Sample

__all__ = ["Sample", "generate", "write_sample"]
