"""Stages of the recipe `paper`: priors, teacher, student, both together."""
