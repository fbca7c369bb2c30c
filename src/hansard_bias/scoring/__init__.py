"""Surprisals of test speeches: folds, exact likelihoods, shards, tables."""
