"""Sweeps: a file says what to try, a search strategy proposes configurations, the plan numbers their trials, and the
engine trains what is missing in stacks on an executor and records each trial.

`spec` reads the file, `search` proposes, `plan` adds options, data and identities, `run` trains.
"""
