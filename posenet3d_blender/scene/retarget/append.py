"""Characters of other .blend files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final

import bpy

from ...errors import PoseNet3DError, one_line

_WHOLE_SCENES: Final = (bpy.types.Scene, bpy.types.World, bpy.types.WindowManager)
"""Data that drivers may read, and through which everything in the file is reached."""


def append_armature(path: Path, name: str) -> bpy.types.Object:
    """Append an armature object, all meshes that it deforms and what these need to the context's scene; no animation.

    Raises:
        PoseNet3DError: the file is missing, is no .blend file, or holds no armature of this name.
    """
    if not path.is_file():
        raise PoseNet3DError(f"{path}: no such file; check the name after --target")
    try:
        with bpy.data.libraries.load(str(path.resolve()), link=False) as (found, wanted):
            names = list(found.objects)
            wanted.objects = list(names)
    except (OSError, RuntimeError) as error:
        raise PoseNet3DError(
            f"{path}: can't be read as a .blend file ({one_line(str(error))}); save it again"
        ) from error
    # the names that objects got here may differ, their order does not
    objects = dict(zip(names, wanted.objects, strict=True))
    if name not in objects:
        choices = _choices(objects)
        bpy.data.batch_remove(list(objects.values()))
        raise PoseNet3DError(f"{path}: has no object {name}; {choices}")
    armature = objects[name]
    kept = {armature, *meshes_of(armature, objects.values())} if armature.type == "ARMATURE" else {armature}
    kept |= set(needed_objects(kept))
    for one in kept:
        bpy.context.scene.collection.objects.link(one)
    if armature.type != "ARMATURE":
        raise PoseNet3DError(f"{path}: {name} is not an armature; {_choices(objects)}")
    unused = [one for one in objects.values() if one not in kept and one.users == 0]
    bpy.data.batch_remove(unused)
    for one in kept:
        _drop_animation(one)
    bpy.context.view_layer.update()
    return armature


def meshes_of(armature: bpy.types.Object, objects: Iterable[bpy.types.Object] | None = None) -> list[bpy.types.Object]:
    """Meshes that the armature deforms or that hang on it or its bones; `objects`: among these, None: among all."""
    candidates = bpy.data.objects if objects is None else objects
    return [
        one
        for one in candidates
        if one.type == "MESH" and (one.find_armature() == armature or armature in parents_of(one))
    ]


def needed_objects(objects: Collection[bpy.types.Object]) -> list[bpy.types.Object]:
    """Other objects on which these depend: parents, and what modifiers, constraints and drivers refer to.

    Custom shapes of bones are none of them: Blender keeps them by itself, in no scene.
    """
    uses = defaultdict(list)
    for used, users in bpy.data.user_map().items():
        for user in users:
            uses[user].append(used)
    bones = [bone for one in objects if one.pose for bone in one.pose.bones]
    shapes = {bone.custom_shape for bone in bones if bone.custom_shape}
    found: dict[bpy.types.ID, None] = dict.fromkeys(objects)
    waiting = list(objects)
    while waiting:
        for used in uses[waiting.pop()]:
            if used not in found and used not in shapes and not isinstance(used, _WHOLE_SCENES):
                found[used] = None
                waiting.append(used)
    return [one for one in found if isinstance(one, bpy.types.Object) and one not in objects]


def parents_of(one: bpy.types.Object) -> list[bpy.types.Object]:
    """Its parent, that one's parent, and so on."""
    parents = []
    while one.parent is not None:
        one = one.parent
        parents.append(one)
    return parents


def _drop_animation(one: bpy.types.Object) -> None:
    """Leave drivers alone; actions and strips would play in the exported file, shape keys' too."""
    for animated in filter(None, (one, one.data, getattr(one.data, "shape_keys", None))):
        animation = animated.animation_data
        if animation:
            animation.action = None
            for track in list(animation.nla_tracks):
                animation.nla_tracks.remove(track)


def _choices(objects: dict[str, bpy.types.Object]) -> str:
    armatures = [name for name, one in objects.items() if one.type == "ARMATURE"]
    if not armatures:
        return "choose a file with an armature"
    shown = ", ".join(armatures[:5]) + (" ..." if len(armatures) > 5 else "")
    return f"it has {shown}"
