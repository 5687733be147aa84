"""2D keypoints: layouts, files, repair of left-right swaps, sampling at a constant rate."""
