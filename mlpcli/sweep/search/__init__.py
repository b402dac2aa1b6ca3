"""Search strategies: asked for batches of configurations, told their scores, asked again."""
