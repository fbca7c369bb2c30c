"""The bundled sample: two generated legislatures with planted associations, in the real archive formats."""

from hansard_bias.sample.archives import write_sample
from hansard_bias.sample.generate import generate
from hansard_bias.sample.records import Sample

__all__ = ["Sample", "generate", "write_sample"]
