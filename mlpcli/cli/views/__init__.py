"""Views of work on the terminal: epochs of a run, trials of a sweep, and the tables at a sweep's end."""
