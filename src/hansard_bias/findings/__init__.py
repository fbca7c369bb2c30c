"""What was stored, read and checked, as the arrays and records that statistics work on."""
