"""Training: from options to trained networks, scored and saved."""
