"""Scores and probes in, results out: what was stored, read and checked, as what statistics work on."""
