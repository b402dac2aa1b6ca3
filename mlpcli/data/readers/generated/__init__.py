"""Datasets drawn by formula, and the ranges of their parameters."""
