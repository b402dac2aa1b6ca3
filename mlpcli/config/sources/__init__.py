"""What users write, read and merged into options of a run: every problem is named with its place."""
