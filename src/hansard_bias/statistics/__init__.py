"""The numbers and their uncertainty: numpy and scipy only, no model and no torch."""
