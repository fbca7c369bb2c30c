"""What the trained models are asked: scores of test speeches, preference probes."""
