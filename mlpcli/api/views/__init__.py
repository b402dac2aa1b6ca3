"""What a Python program sees of results: data frames, HTML in notebooks, progress bars."""
