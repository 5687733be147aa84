"""The skinned mesh that follows the armature: made, and found again among the meshes that users add."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import bpy
import numpy as np

from ..arrays import Array
from ..body.fingers import HAND_JOINT_NAMES, HAND_NAMES
from ..body.model import Body
from ..body.skeleton import JOINT_NAMES
from .armature import ARM_ANGLE
from .finger_bones import has_fingers
from .incremental import Steps
from .names import data_name
from .rest_pose import rest_pose

SKIN_COLOUR: Final = (0.42, 0.47, 0.53, 1.0)
"""Linear RGBA: a neutral grey."""
SKIN_VERTICES: Final = "captured_vertices"
"""Custom property of a captured skin: its number of vertices, which clothes made from a copy of it do not have."""
_NAME: Final = re.compile(r"_body(\.\d+)?$")
"""End of the name that a skin's mesh is given."""


def add_skin_in_steps(
    armature: bpy.types.Object,
    body: Body,
    betas: Array,
    material: bpy.types.Material,
    collection: bpy.types.Collection,
) -> Steps[bpy.types.Object]:
    """Add a smooth mesh of the body at rest, parented to `armature` and deformed by it.

    The armature must be made of the same body and `betas` (10,); if it has finger bones, they deform the hands.
    """
    name = data_name(armature.name, "_body")
    mesh = bpy.data.meshes.new(name)
    vertices = rest_pose(body, betas, armature.data[ARM_ANGLE]).vertices
    mesh.from_pydata(vertices.tolist(), [], body.faces.tolist())
    mesh.shade_smooth()
    mesh.materials.append(material)
    skin = bpy.data.objects.new(name, mesh)
    skin[SKIN_VERTICES] = len(vertices)
    collection.objects.link(skin)
    yield None
    for joint_name, weights in _weights_by_bone(armature, body).items():
        group = skin.vertex_groups.new(name=joint_name)
        for vertex in np.flatnonzero(weights).tolist():
            group.add([vertex], weights[vertex], "REPLACE")
        yield None
    skin.parent = armature
    modifier = skin.modifiers.new("Armature", "ARMATURE")
    modifier.object = armature
    return skin


def _weights_by_bone(armature: bpy.types.Object, body: Body) -> dict[str, Array]:
    """(V,) skin weights of each bone that deforms the mesh."""
    if not body.fingers or not has_fingers(armature):
        return dict(zip(JOINT_NAMES, body.skin_weights.T, strict=True))
    weights = body.fingers.with_body(body.skin_weights)
    by_bone = dict(zip((*JOINT_NAMES, *HAND_JOINT_NAMES), weights.T, strict=True))
    return {name: values for name, values in by_bone.items() if name not in HAND_NAMES}


def deformed_meshes(armatures: Sequence[bpy.types.Object]) -> list[bpy.types.Object]:
    """The armatures' children that they deform: the captured skins, and clothes; a hat or a sword is none."""
    return [
        child
        for armature in armatures
        for child in armature.children
        if child.type == "MESH" and any(one.object == armature for one in armature_modifiers(child))
    ]


def undeformed_children(armatures: Sequence[bpy.types.Object]) -> list[bpy.types.Object]:
    """Objects parented to the armatures and not deformed by them, such as props: FBX and USD files lack them."""
    deformed = deformed_meshes(armatures)
    return [child for armature in armatures for child in armature.children if child not in deformed]


def skin_meshes(armatures: Sequence[bpy.types.Object]) -> list[bpy.types.Object]:
    """The captured skin of each armature, where it still has it; other meshes are the user's own."""
    return [skin for armature in armatures for skin in _captured(deformed_meshes([armature]))]


def armature_modifiers(mesh: bpy.types.Object) -> list[bpy.types.ArmatureModifier]:
    """The mesh's armature modifiers, under whatever names."""
    return [modifier for modifier in mesh.modifiers if modifier.type == "ARMATURE"]


def _captured(meshes: Sequence[bpy.types.Object]) -> list[bpy.types.Object]:
    """The captured one of an armature's meshes, or none."""
    marked = [mesh for mesh in meshes if SKIN_VERTICES in mesh]
    whole = [mesh for mesh in marked if mesh[SKIN_VERTICES] == len(mesh.data.vertices)]
    # Skins of earlier versions have no mark, but their name.
    named = [mesh for mesh in meshes if _NAME.search(mesh.data.name)]
    return (whole or marked or named or list(meshes))[:1]


def add_material(name: str) -> bpy.types.Material:
    """A plain matt material, alike in the viewport and in renders."""
    material = bpy.data.materials.new(name)
    if material.node_tree is None:  # since 5.0 every material has its nodes
        material.use_nodes = True
    shader = next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    shader.inputs["Base Color"].default_value = SKIN_COLOUR
    shader.inputs["Roughness"].default_value = 0.8
    material.diffuse_color = SKIN_COLOUR
    material.roughness = 0.8
    return material
