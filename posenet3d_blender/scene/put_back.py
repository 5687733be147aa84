"""Objects as they are before a change of them, to be put back in their places if the change fails.

Blender can't roll a script's work back. A copy of each object is set aside instead: it has the pose, constraints, NLA
tracks and properties, and takes the object's place wherever that is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import bpy

from .removal import remove_captured

_PARENT: Final = ("parent", "parent_type", "parent_bone")


class SetAside:
    """Copies of some objects. Their meshes are copied too; other data may be exchanged meanwhile, but not changed."""

    def __init__(self, objects: Sequence[bpy.types.Object]) -> None:
        """Copy them, into no collection."""
        self._objects = list(objects)
        self._names = [(one.name, one.data.name) for one in objects]
        self._copies = [_copy_of(one) for one in objects]
        self._replaced: list[tuple[bpy.types.Action, bpy.types.Action, str]] = []

    def replace(self, former: bpy.types.Action, action: bpy.types.Action) -> None:
        """Remember that an action is to be replaced by another one; it must stay in the file until the end."""
        self._replaced.append((former, action, former.name))

    def put_back(self, made: Sequence[bpy.types.Object], collection: bpy.types.Collection) -> None:
        """Restore the objects; the made ones are removed with their data and their collection."""
        view_layer = bpy.context.view_layer
        states = [
            (one.select_get(), one.hide_get()) if one.name in view_layer.objects else None for one in self._objects
        ]
        pairs = dict(zip(self._objects, self._copies, strict=True))
        active = view_layer.objects.active
        active = pairs.get(active, active)
        for one, copy in pairs.items():
            for name in _PARENT:
                setattr(copy, name, getattr(one, name))
        for former, action, _ in self._replaced:
            action.user_remap(former)
        for one, copy in pairs.items():
            one.user_remap(copy)
        remove_captured([*self._objects, *made], [collection], [action for _, action, _ in self._replaced])
        for former, _, name in self._replaced:
            former.name = name
        for copy, (name, data_name), state in zip(self._copies, self._names, states, strict=True):
            copy.name, copy.data.name = name, data_name
            if state:
                copy.select_set(state[0])
                copy.hide_set(state[1])
        view_layer.objects.active = active
        view_layer.update()

    def discard(self, made: Sequence[bpy.types.Object], collection: bpy.types.Collection) -> None:
        """Remove the copies, and the made ones as in `put_back`: the change is done."""
        remove_captured([*self._copies, *made], [collection], [former for former, _, _ in self._replaced])


def _copy_of(one: bpy.types.Object) -> bpy.types.Object:
    copy = one.copy()
    if one.type == "MESH":
        copy.data = one.data.copy()
        copy.parent = None  # not among the children of the armature meanwhile
    return copy
