"""The scene and collection in which a capture was started: its result goes there, whatever the user does meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

import bpy


@dataclass(frozen=True)
class Place:
    """A scene and a collection of it, found again after an undo, which makes all references to them invalid."""

    scene_uid: int
    """Blender's number of the data-block in this session; it outlives undo steps and renaming."""
    collection_uid: int

    @staticmethod
    def of(context: bpy.types.Context) -> Place:
        """The scene and the active collection of the context."""
        return Place(context.scene.session_uid, context.collection.session_uid)

    def scene(self) -> bpy.types.Scene | None:
        """The scene; None if it was removed."""
        return next((one for one in bpy.data.scenes if one.session_uid == self.scene_uid), None)

    def find(self) -> tuple[bpy.types.Scene, bpy.types.Collection]:
        """Find both; for a removed or unlinked collection the scene's own, for a removed scene the present one."""
        scene = self.scene() or bpy.context.scene
        within = scene.collection.children_recursive
        found = (one for one in within if one.session_uid == self.collection_uid and one.library is None)
        return scene, next(found, scene.collection)
