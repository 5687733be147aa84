"""Detections kept in files, so that a second capture of the same footage takes seconds."""
