"""Sweeps: a file becomes a plan of trials, trials become stacks, executors train them, and the engine records each.

`planner` and `plan` know the file alone, `prepare` adds the data, `engine` runs what is missing on one of `executors`.
"""
