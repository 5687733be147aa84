"""Synthetic 2D input: virtual cameras, augmentation and the detector's noise."""
