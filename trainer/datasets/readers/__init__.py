"""Readers, one for each format of public motion capture and 2D keypoints."""
