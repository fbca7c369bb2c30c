"""A finished study for people: pandas frames, charts, and scores of any text; `import hansard_bias as hb`."""
