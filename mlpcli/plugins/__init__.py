"""User-defined activations, norms, initializers, losses and optimizers, and their registration."""
