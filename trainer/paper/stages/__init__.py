"""Stages of the recipe `paper`: priors, teacher, student, and both in turns."""
