"""Sparse rows: tables of which nearly all cells are 0, kept and trained on without their zeros."""
