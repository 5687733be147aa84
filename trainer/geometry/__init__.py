"""Rotations, kinematics and bones in torch."""
