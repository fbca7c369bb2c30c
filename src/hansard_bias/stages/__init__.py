"""One thin module a DVC stage: paths and parameters in, files out."""
