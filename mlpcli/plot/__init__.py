"""Pictures of results, for people who would rather look: drawn from the files alone, with matplotlib (an extra)."""
