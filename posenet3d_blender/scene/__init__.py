"""Captured motion in Blender: armature, skin, keys, camera and export. Needs bpy.

World frame: Blender's, Z up, metres.
"""

from .build import build_scene, reset_to_empty
from .export import EXPORT_ENDINGS, export

__all__ = ["EXPORT_ENDINGS", "build_scene", "export", "reset_to_empty"]
