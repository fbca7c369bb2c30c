"""What models are asked beside test speeches: prompts, benchmarks, word sets."""
