"""Blender's side: armature, skin, keys, camera and files. All of it needs bpy. Frame: Blender's world, Z up, metres."""

from .build import build_scene, reset_to_empty
from .export import EXPORT_ENDINGS, export

__all__ = ["EXPORT_ENDINGS", "build_scene", "export", "reset_to_empty"]
