"""The teacher: from 2D keypoints to a 3D skeleton."""
