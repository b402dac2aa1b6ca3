"""Elementwise passes over arrays: what they need of memory, and later their compiled forms."""
