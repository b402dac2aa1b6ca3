"""Data kept between runs: entries of plain .npy files, tables and digests of files."""
