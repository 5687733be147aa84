"""Adapts a trained student to one person's clips, from their 2D joints alone."""
