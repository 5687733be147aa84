"""Hands: found in the picture by the body's wrists, solved to the rotations of finger joints."""
