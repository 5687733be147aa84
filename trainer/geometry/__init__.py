"""Rotations in torch, and proportions of the body."""
