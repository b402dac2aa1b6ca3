"""Meaning of a dataset's name: a card, a file, a folder or a dataset of OpenML."""
