"""One thin module a stage: paths and parameters in, files out."""
