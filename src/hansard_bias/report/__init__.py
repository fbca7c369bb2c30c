"""The page: what was measured, as figures, tables and sentences. Numpy-free, torch-free; it only reads metrics/."""
