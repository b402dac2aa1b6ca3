"""The plan of a sweep: combinations, trials, their data and identities, stacks and costs."""
