"""What predictions are worth: probabilities, a part of the data once it is scored, and one function per metric."""
