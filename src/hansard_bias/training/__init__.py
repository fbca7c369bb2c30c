"""Masked language model training: batches, model, loop, checkpoints."""
