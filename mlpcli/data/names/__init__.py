"""What a dataset's name means: a card, a file, a folder or a dataset of OpenML."""
