"""Making corpora comparable: window, duplicates, splits, mixtures, audits."""
