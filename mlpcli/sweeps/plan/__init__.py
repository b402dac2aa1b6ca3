"""What will be trained: combinations, trials, their data and identities, stacks and costs."""
