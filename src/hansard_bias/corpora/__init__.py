"""From archives of debates to aligned corpora: readers, cleaning, splits, mixtures, audits."""
