"""Functions called in other processes or on a cluster. Knows nothing of sweeps."""
