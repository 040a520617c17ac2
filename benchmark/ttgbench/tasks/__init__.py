"""Questions in, grades out."""
