"""Retargeting to other skeletons: bone maps, rest poses, feet on the floor. Plain numpy, no Blender.

Body frame: Z up, -Y to the front, +X to the left, the floor at zero. Lengths are in the skeleton's own units, so that
rigs in centimetres need no conversion.
"""
