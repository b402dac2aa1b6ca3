"""The content of a sweep file: its tables, distributions, conditions and halving, read and checked."""
