"""Declarations of our files: the columns and keys of each, with meaning, unit and allowed values."""
