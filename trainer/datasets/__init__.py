"""Convert public data sets to the training data's formats."""
