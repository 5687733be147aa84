"""Everyone in a file of 2D joints: their frames and their tracks."""
