"""Folders of runs and sweeps: found, named, owned by one writer, complete at any moment."""
