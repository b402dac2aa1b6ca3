"""What a sweep file says: its tables, distributions, conditions and halving, read and checked."""
