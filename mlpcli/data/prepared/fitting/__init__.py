"""What is fitted on the training rows, by kind of column."""
