"""Measure checkpoints on motion capture, and draw figures of them."""
