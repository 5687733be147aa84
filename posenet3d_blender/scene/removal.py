"""Removal of captured objects with all data that was made for them."""

from __future__ import annotations

from collections.abc import Iterable

import bpy

from .bone_display import remove_unused_shapes


def remove_captured(
    objects: Iterable[bpy.types.Object],
    collections: Iterable[bpy.types.Collection],
    actions: Iterable[bpy.types.Action] = (),
) -> None:
    """Remove objects with their data, actions, materials and background images, as far as nothing else uses these.

    Args:
        objects: armatures, skins, cameras.
        collections: removed with them.
        actions: further ones that were made for them, such as those in NLA strips.
    """
    removed = dict.fromkeys(objects)
    shared: dict[bpy.types.ID, None] = dict.fromkeys(actions)
    for part in removed:
        for animated in filter(None, (part, part.data)):
            shared[animated] = None
            if animated.animation_data and animated.animation_data.action:
                shared[animated.animation_data.action] = None
        if part.type == "MESH":
            shared |= dict.fromkeys(material for material in part.data.materials if material)
        if part.type == "CAMERA":
            shared |= {image.image: None for image in part.data.background_images if image.image}
    for part in removed:
        shared.pop(part, None)
    bpy.data.batch_remove([*removed, *collections])
    remove_unused_shapes()
    for datablock in shared:
        if _is_alive(datablock) and datablock.users - datablock.use_fake_user == 0:
            bpy.data.batch_remove([datablock])


def _is_alive(datablock: bpy.types.ID) -> bool:
    try:
        return bool(datablock.name)
    except ReferenceError:
        return False
