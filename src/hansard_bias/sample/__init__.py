"""The bundled sample: two generated legislatures with planted associations, in the real archive formats."""
