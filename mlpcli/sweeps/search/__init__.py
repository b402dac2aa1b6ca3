"""Search strategies: each is asked for a batch of configurations, told their scores, and asked for the next."""
