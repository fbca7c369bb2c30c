"""Plumbing without a number in it: files, YAML, messages, processes, work in progress."""
