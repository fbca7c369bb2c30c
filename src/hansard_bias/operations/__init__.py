"""What keeps a project healthy: doctor, presets, integrity, repair, clean-up."""
