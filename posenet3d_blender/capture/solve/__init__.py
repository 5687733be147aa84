"""Fit the body to the footage: the student's poses are adjusted until the body's keypoints lie on the detected ones.

Gauss-Newton over all frames at once, in the camera frame. Unknowns are each frame's translation and joint rotations,
and one shape for the clip.
"""
