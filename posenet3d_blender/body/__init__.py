"""Skeleton, rotations, kinematics and the SMPL-format body, in numpy. Body frame: Y up, +Z front, +X left, metres."""
