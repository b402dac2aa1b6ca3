"""From a table to arrays ready for training: split, fitted on the training rows, scaled."""
