"""Readers: each turns one kind of source into a table in the cache."""
