"""What stays: files that anyone can read, each whole under its name at any moment, one writer to a folder.

Modules are imported by name, for a command loads only what it needs: `run_folder` and `store` are the folders of a
run and of a sweep; `model_file` is the trained network; `append`, `lock` and `tensor_file` are
what makes them survive a crash; `statistics` and `summary` say what a sweep's seeds show.
"""
