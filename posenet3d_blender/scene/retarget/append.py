"""Characters of other .blend files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import bpy

from ...errors import PoseNet3DError, one_line


def append_armature(path: Path, name: str) -> bpy.types.Object:
    """Append an armature object and all meshes that it deforms to the context's scene, without its animation.

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
    for one in kept:
        bpy.context.scene.collection.objects.link(one)
    if armature.type != "ARMATURE":
        raise PoseNet3DError(f"{path}: {name} is not an armature; {_choices(objects)}")
    unused = [one for one in objects.values() if one not in kept and one.users == 0]
    bpy.data.batch_remove(unused)
    _drop_animation(armature)
    bpy.context.view_layer.update()
    return armature


def meshes_of(armature: bpy.types.Object, objects: Iterable[bpy.types.Object] | None = None) -> list[bpy.types.Object]:
    """Meshes that the armature deforms or that hang on it or its bones; `objects`: among these, None: among all."""
    candidates = bpy.data.objects if objects is None else objects
    return [
        one
        for one in candidates
        if one.type == "MESH" and (one.find_armature() == armature or armature in _parents(one))
    ]


def _parents(one: bpy.types.Object) -> list[bpy.types.Object]:
    parents = []
    while one.parent is not None:
        one = one.parent
        parents.append(one)
    return parents


def _drop_animation(armature: bpy.types.Object) -> None:
    """Leave drivers alone; the action and the strips would play in the exported file."""
    animation = armature.animation_data
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
