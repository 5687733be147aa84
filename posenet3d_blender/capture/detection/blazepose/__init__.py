"""BlazePose (Google, Apache-2.0): a person detector and a landmark network, run frame by frame.

Image frame: pixels of the upright picture, x right, y down, (0, 0) at the outer corner of the first pixel.
"""
