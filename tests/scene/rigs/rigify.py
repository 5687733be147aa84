"""A rig that Blender's own Rigify generates from its human meta-rig."""

from __future__ import annotations

import addon_utils
import bpy


def meta_rig(name: str = "MetaRig", with_fingers: bool = False) -> bpy.types.Object:
    """Rigify's basic human meta-rig, or the whole one, which has fingers and a face."""
    if "rigify" not in bpy.context.preferences.addons:
        addon_utils.enable("rigify", default_set=True)
    if with_fingers:
        bpy.ops.object.armature_human_metarig_add()
    else:
        bpy.ops.object.armature_basic_human_metarig_add()
    armature = bpy.context.active_object
    armature.name = name
    return armature


def rigify(name: str = "Rigify", with_fingers: bool = False) -> bpy.types.Object:
    """The rig generated from it, with its controls."""
    there = set(bpy.data.objects)
    meta = meta_rig(with_fingers=with_fingers)
    bpy.ops.pose.rigify_generate()
    bpy.ops.object.mode_set(mode="OBJECT")
    (rig,) = (one for one in set(bpy.data.objects) - there if one.type == "ARMATURE" and one != meta)
    bpy.data.objects.remove(meta)
    rig.name = name
    return rig
