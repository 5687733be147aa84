"""Readers of public motion capture, one file format each, to clips of the SMPL-24 skeleton."""
