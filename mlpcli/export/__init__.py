"""Trained networks and their histories in the formats of other tools."""
