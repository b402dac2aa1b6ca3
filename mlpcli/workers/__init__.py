"""Calling a function in another process or on a cluster; knows nothing of sweeps."""
