"""Text as tokens: the shared tokenizer, encoded corpora, windows and words."""
