"""Results on disk: files that anyone can read, each complete under its name at any moment, one writer per folder.

Modules are imported by name, so that a command loads only what it needs. `trial` is the record of one trial, `summary`
and `statistics` compute summary.csv, `provenance` says where numbers come from.
"""
