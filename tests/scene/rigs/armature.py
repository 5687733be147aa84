"""Armatures from bones given by name, parent, head and axes, with a simple skin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import bpy
import numpy as np
from mathutils import Matrix, Vector

from posenet3d_blender.arrays import Array


@dataclass(frozen=True)
class BoneSpec:
    """One bone, in the armature's own space."""

    name: str
    parent: str | None
    head: Array
    tail: Array
    z_axis: Array


def make_armature(name: str, bones: Sequence[BoneSpec], matrix: Matrix | None = None) -> bpy.types.Object:
    """An armature object of these bones, placed by `matrix`."""
    armature = bpy.data.objects.new(name, bpy.data.armatures.new(name))
    bpy.context.scene.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    for spec in bones:
        bone = armature.data.edit_bones.new(spec.name)
        bone.head, bone.tail = Vector(spec.head), Vector(spec.tail)
        bone.align_roll(Vector(spec.z_axis))
        if spec.parent:
            bone.parent = armature.data.edit_bones[spec.parent]
    bpy.ops.object.mode_set(mode="OBJECT")
    if matrix is not None:
        armature.matrix_world = matrix
    return armature


def add_skin(armature: bpy.types.Object, thickness: float, names: Sequence[str] | None = None) -> bpy.types.Object:
    """A mesh of one thin box for each bone that deforms, from its head to that of its farthest child."""
    vertices: list[Vector] = []
    faces: list[tuple[int, ...]] = []
    groups: list[tuple[str, range]] = []
    for bone in armature.data.bones:
        if not bone.use_deform or (names is not None and bone.name not in names):
            continue
        children = [child for child in bone.children if child.use_deform and child.name in (names or [child.name])]
        start = bone.head_local
        ends = [child.head_local for child in children] or [_end_of_leaf(bone)]
        end = max(ends, key=lambda point: float((point - start).length))
        if (end - start).length < 1e-6:
            continue
        rotation = (end - start).to_track_quat("Y", "Z").to_matrix()
        first = len(vertices)
        for along in (0.0, 1.0):
            for x, z in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
                aside = rotation @ Vector((x * thickness, 0, z * thickness))
                vertices.append(start.lerp(end, along) + aside)
        quads = [(0, 1, 2, 3), (7, 6, 5, 4), *((i, i + 4, (i + 1) % 4 + 4, (i + 1) % 4) for i in range(4))]
        faces += [tuple(first + index for index in quad) for quad in quads]
        groups.append((bone.name, range(first, first + 8)))
    mesh = bpy.data.meshes.new(f"{armature.name}_skin")
    mesh.from_pydata(vertices, [], faces)
    skin = bpy.data.objects.new(mesh.name, mesh)
    bpy.context.scene.collection.objects.link(skin)
    for name, indices in groups:
        skin.vertex_groups.new(name=name).add(list(indices), 1.0, "REPLACE")
    skin.parent = armature
    skin.modifiers.new("Armature", "ARMATURE").object = armature
    return skin


def _end_of_leaf(bone: bpy.types.Bone) -> Vector:
    """The tail, or where the chain would go on if the bone lies across it."""
    if bone.parent is None:
        return bone.tail_local
    along = bone.head_local - bone.parent.head_local
    is_across = (bone.tail_local - bone.head_local).normalized().dot(along.normalized()) < 0.5
    return bone.head_local + 0.8 * along if is_across and along.length > 0 else bone.tail_local


def axis_toward(direction: Array) -> Array:
    """An axis at right angles to a bone's direction, to the front where that is possible."""
    front = np.array([0.0, -1.0, 0.0])
    across = front - direction * (front @ direction) / (direction @ direction)
    return across if np.linalg.norm(across) > 0.1 else np.array([0.0, 0.0, 1.0])
