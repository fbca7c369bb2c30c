"""Is the instrument sound? Studies with a known answer, run with the project's own training and statistics."""
