"""The Python interface, which the commands call too: `train`, `sweep`, `open` and `load`, and what they return.

`import mlpcli` offers these names and loads them when they are used.
"""
