"""What list, show and compare say of results: read from the files alone, without NumPy, and changing nothing."""
