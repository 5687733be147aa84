"""Retargeting in Blender: reads source and character, solves, writes keys."""
