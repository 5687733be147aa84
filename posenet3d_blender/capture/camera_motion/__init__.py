"""The camera's own motion, from the background of the footage."""
