"""Stages of the recipe `paper`: priors, teacher, denoising, student, both together."""
