"""Surprisals of test speeches: folds, exact likelihoods, parts of the work, tables."""
