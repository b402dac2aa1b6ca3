"""The training loop of a stack of runs: batches, steps, epochs, the best epoch, checkpoints."""
