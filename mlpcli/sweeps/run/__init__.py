"""Training a plan: jobs, stacks, dispatch to workers, and what is recorded."""
