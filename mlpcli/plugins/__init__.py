"""Parts of one's own: activations, norms, initializers, losses and optimizers that a user writes and registers."""
