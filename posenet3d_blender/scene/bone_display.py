"""Bone collections, colours and light custom shapes of our armatures.

The shapes are objects in no collection, made once in a file, so that no exporter of scenes sees them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import bpy
import numpy as np

from ..body.fingers import FINGERS, HAND_NAMES
from .finger_bones import has_fingers

BONE_COLLECTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "Root": ("root",),
    "Spine": ("pelvis", "spine", "neck", "head"),
    "Left Arm": tuple(f"left_{part}" for part in ("collar", "shoulder", "elbow", "wrist", "hand")),
    "Right Arm": tuple(f"right_{part}" for part in ("collar", "shoulder", "elbow", "wrist", "hand")),
    "Left Leg": tuple(f"left_{part}" for part in ("hip", "knee", "ankle", "foot")),
    "Right Leg": tuple(f"right_{part}" for part in ("hip", "knee", "ankle", "foot")),
}
"""Beginnings of the names of each collection's bones."""
FINGER_COLLECTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "Left Fingers": tuple(f"left_{finger}" for finger in FINGERS),
    "Right Fingers": tuple(f"right_{finger}" for finger in FINGERS),
}
_STIFF_HANDS: Final = "SMPL Hands"
"""Hidden collection of SMPL's hand bones in armatures with fingers, where they deform nothing."""
_PALETTES: Final = {"Left": "THEME04", "Right": "THEME01", "Spine": "THEME09", "Root": "THEME03"}
"""Blender's colour sets: left is blue, right is red."""
SHAPE_PREFIX: Final = "PoseNet3D_shape_"
_Point: TypeAlias = tuple[float, float, float]
_RING_POINTS: Final = 24
_RADII: Final = {
    **{"pelvis": 1.6, "spine": 1.0, "neck": 0.7, "head": 0.5, "foot": 0.5, "hand": 0.4, "collar": 0.5},
    **dict.fromkeys(FINGERS, 0.4),
}
"""Of the rings, in lengths of the bone, by part of the bone's name; limbs have _LIMB_RADIUS."""
_LIMB_RADIUS: Final = 0.22
_ROOT_RADIUS: Final = 0.4
"""Metres."""


def arrange_bones(armature: bpy.types.Object) -> None:
    """Sort the bones into collections and give them colours and shapes."""
    _sort_bones(armature)
    ring, root_ring = _shape("ring", *_ring()), _shape("root", *_root_ring())
    for bone in armature.pose.bones:
        is_root = bone.name == "root"
        bone.custom_shape = root_ring if is_root else ring
        bone.use_custom_shape_bone_size = not is_root
        radius = next((value for part, value in _RADII.items() if part in bone.name), _LIMB_RADIUS)
        bone.custom_shape_scale_xyz = (1.0, 1.0, 1.0) if is_root else (radius, 1.0, radius)
        bone.bone.show_wire = True


def _sort_bones(armature: bpy.types.Object) -> None:
    bones = armature.data.bones
    stiff_hands = HAND_NAMES if has_fingers(armature) else ()
    by_collection = {**BONE_COLLECTIONS, **(FINGER_COLLECTIONS if stiff_hands else {})}
    for name, beginnings in by_collection.items():
        collection = armature.data.collections.new(name)
        for bone in bones:
            if bone.name.startswith(beginnings) and bone.name not in stiff_hands:
                collection.assign(bone)
                bone.color.palette = _PALETTES[name.split()[0]]
    if stiff_hands:
        hidden = armature.data.collections.new(_STIFF_HANDS)
        hidden.is_visible = False
        for name in stiff_hands:
            hidden.assign(bones[name])


def shapes_of(armatures: Sequence[bpy.types.Object]) -> set[bpy.types.Object]:
    """Objects that the armatures' bones are drawn as."""
    return {bone.custom_shape for armature in armatures for bone in armature.pose.bones if bone.custom_shape}


def remove_unused_shapes() -> None:
    """Remove our shapes that no armature of the file uses any more."""
    unused = [one for one in bpy.data.objects if one.name.startswith(SHAPE_PREFIX) and not one.users]
    bpy.data.batch_remove([*unused, *(one.data for one in unused)])


def _shape(name: str, points: list[_Point], edges: list[tuple[int, int]]) -> bpy.types.Object:
    """The file's shape of this name; made if there is none."""
    name = SHAPE_PREFIX + name
    shape = bpy.data.objects.get(name)
    if shape is not None and shape.type == "MESH" and shape.library is None:
        return shape
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(points, edges, [])
    return bpy.data.objects.new(name, mesh)


def _ring() -> tuple[list[_Point], list[tuple[int, int]]]:
    """A ring of radius 1 about the bone (Y) at half its length."""
    angles = np.arange(_RING_POINTS) * 2 * np.pi / _RING_POINTS
    points = [(float(np.cos(angle)), 0.5, float(np.sin(angle))) for angle in angles]
    return points, [(index, (index + 1) % _RING_POINTS) for index in range(_RING_POINTS)]


def _root_ring() -> tuple[list[_Point], list[tuple[int, int]]]:
    """A ring on the ground with an arrow to the front (-Y), metres."""
    ring, edges = _ring()
    points = [(_ROOT_RADIUS * x, _ROOT_RADIUS * z, 0.0) for x, _, z in ring]
    tip = len(points)
    points += [(0.0, -1.4 * _ROOT_RADIUS, 0.0), *((side * 0.1, -1.15 * _ROOT_RADIUS, 0.0) for side in (-1, 1))]
    return points, [*edges, (tip, tip + 1), (tip, tip + 2), (tip + 1, tip + 2)]
