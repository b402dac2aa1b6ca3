"""From a dataset's name to its source: dataset cards, files, folders and OpenML."""
