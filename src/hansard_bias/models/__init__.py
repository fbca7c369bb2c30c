"""Masked language models: the only package that knows the inside of an architecture."""
