"""Training: from options to trained networks, scored, saved and proved."""
