"""Which rows train, validate and test, and what each weighs."""
