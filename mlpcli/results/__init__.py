"""Results on disk: files that anyone can read, each complete under its name at any moment, one writer per folder.

Modules are imported by name, so that a command loads only what it needs: `run_folder` and `sweep_folder` write the
folders of a run and of a sweep, `read_folder` reads both, `model_file` is the trained network. `append`, `lock` and
`tensor_file` make them survive a crash; `summary` and `statistics` compute summary.csv; `csv_schema` and `json_schema`
declare every column and key.
"""
