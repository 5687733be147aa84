"""The commands, the same under `python -m posenet3d_blender` and `blender -b -c posenet3d`."""
