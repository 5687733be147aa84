"""Objects as they are before a change of them, to be put back in their places if the change fails.

Blender can't roll a script's work back. A copy of each object is set aside instead: it has the pose, constraints, NLA
tracks and properties, and takes the object's place wherever that is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import bpy
from mathutils import Matrix

from .removal import remove_captured

_PARENT: Final = ("parent", "parent_type", "parent_bone", "parent_vertices", "matrix_parent_inverse")
"""In this order: Blender resets the inverse with the parent."""


class SetAside:
    """Copies of some objects. Their meshes are copied too; other data may be exchanged meanwhile, but not changed."""

    def __init__(self, objects: Sequence[bpy.types.Object]) -> None:
        """Copy them, into no collection."""
        self._objects = list(objects)
        self._names = [(one.name, one.data.name) for one in objects]
        self._meshes = [one.data if one.type == "MESH" else None for one in objects]
        self._copies = [_copy_of(one) for one in objects]
        self._replaced: list[tuple[bpy.types.Action, bpy.types.Action, str]] = []

    def replace(self, former: bpy.types.Action, action: bpy.types.Action) -> None:
        """Remember that an action is to be replaced by another one; it must stay in the file until the end."""
        self._replaced.append((former, action, former.name))

    def put_back(self, made: Sequence[bpy.types.Object], collection: bpy.types.Collection) -> None:
        """Restore the objects; the made ones are removed with their data and their collection."""
        pairs = dict(zip(self._objects, self._copies, strict=True))
        layers = [_LayerState.of(layer, pairs) for scene in bpy.data.scenes for layer in scene.view_layers]
        for one, mesh, copy in zip(self._objects, self._meshes, self._copies, strict=True):
            if mesh is not None:
                for name in _PARENT:
                    setattr(copy, name, _copied(getattr(one, name)))
                mesh.user_remap(copy.data)  # linked duplicates share it
        for former, action, _ in self._replaced:
            action.user_remap(former)
        for one, copy in pairs.items():
            one.user_remap(copy)
        remove_captured([*self._objects, *made], [collection], [action for _, action, _ in self._replaced])
        bpy.data.batch_remove([mesh for mesh in self._meshes if mesh is not None])
        for former, _, name in self._replaced:
            former.name = name
        for copy, (name, data_name) in zip(self._copies, self._names, strict=True):
            copy.name, copy.data.name = name, data_name
        for layer in layers:
            layer.restore()

    def discard(self, made: Sequence[bpy.types.Object], collection: bpy.types.Collection) -> None:
        """Remove the copies, and the made ones as in `put_back`: the change is done."""
        remove_captured([*self._copies, *made], [collection], [former for former, _, _ in self._replaced])


@dataclass(frozen=True)
class _LayerState:
    """Copies as the objects that they stand for are in a view layer."""

    layer: bpy.types.ViewLayer
    active: bpy.types.Object | None
    copies: list[tuple[bpy.types.Object, bool, bool]]
    """Those in the layer, each with whether it is selected, and hidden."""

    @staticmethod
    def of(layer: bpy.types.ViewLayer, pairs: Mapping[bpy.types.Object, bpy.types.Object]) -> _LayerState:
        """The state of objects, by which their copies are found."""
        copies = [
            (copy, one.select_get(view_layer=layer), one.hide_get(view_layer=layer))
            for one, copy in pairs.items()
            if layer.objects.get(one.name) == one
        ]
        return _LayerState(layer, pairs.get(layer.objects.active, layer.objects.active), copies)

    def restore(self) -> None:
        """Give it to the copies, which are in the objects' places."""
        self.layer.update()
        for copy, is_selected, is_hidden in self.copies:
            copy.select_set(is_selected, view_layer=self.layer)
            copy.hide_set(is_hidden, view_layer=self.layer)
        self.layer.objects.active = self.active
        self.layer.update()


def _copied(value: Any) -> Any:
    """A matrix or the numbers of an array by themselves, for when the object is gone; other values as they are."""
    if isinstance(value, Matrix):
        return value.copy()
    return tuple(value) if isinstance(value, bpy.types.bpy_prop_array) else value


def _copy_of(one: bpy.types.Object) -> bpy.types.Object:
    copy = one.copy()
    if one.type == "MESH":
        copy.data = one.data.copy()
        copy.parent = None  # not among the children of the armature meanwhile
    return copy
