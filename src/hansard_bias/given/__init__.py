"""Masked language models that are already there: their folders, read with their own tokenizers and never trained."""
