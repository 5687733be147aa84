"""File formats of the training data: clips of motion capture and 2D sequences."""
