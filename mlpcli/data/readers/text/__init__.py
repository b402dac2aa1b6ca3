"""Delimited text files: decompressed, cut into records, and each cell given its meaning."""
