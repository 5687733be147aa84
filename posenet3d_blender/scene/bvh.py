"""BVH export. Blender's own exporter leaves the skeleton lying on its back (Z up in a format that is Y up).

Like SMPL's, a BVH joint has no rest orientation: its channels rotate it from the rest pose about the file's own axes.
Frame of the file: Y up, +Z front, metres; Blender's importer converts it to Z up by default. The root's offset is
zero, because programs differ on whether the root's position is added to it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import bpy
from mathutils import Euler, Matrix, Vector

from ..body.skeleton import JOINT_NAMES
from .isolated_scene import isolated_scene
from .keys import bone_path, played_curves
from .played_frames import playing_strips

_TO_FILE: Final = Matrix.Rotation(-math.pi / 2, 4, "X")
_EULER_ORDER: Final = "YXZ"  # Blender names the first rotation first; BVH's matrices multiply as Z X Y.
_ROTATIONS: Final = "Zrotation Xrotation Yrotation"


def write_bvh(path: Path, armatures: Sequence[bpy.types.Object]) -> None:
    """Write the skeleton of the first armature and its motion, from the footage's start to its last key.

    The format has no time offset, so the first pose is held until the first key.
    """
    armature = armatures[0]
    with isolated_scene([armature]) as scene:
        bones = _depth_first(_first_joint(armature))
        # An imported character is in centimetres with Y up, say, and its object is scaled and turned.
        to_file = _TO_FILE @ armature.matrix_world
        lines = ["HIERARCHY", *_joint_lines(bones[0], None, to_file.to_3x3())]
        frames = range(scene.frame_start, scene.frame_end + 1)
        lines += ["MOTION", f"Frames: {len(frames)}"]
        lines.append(f"Frame Time: {scene.render.fps_base / scene.render.fps:.10f}")
        lines += _frame_lines(scene, armature, bones, frames, to_file)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _first_joint(armature: bpy.types.Object) -> bpy.types.Bone:
    """The pelvis: joints below the first one can't move, and few readers expect a first joint on the ground.

    Of characters, whose pelvis may carry the legs alone, it is the lowest bone with keys on its location that carries
    at least a third of all bones.
    """
    bones = armature.data.bones
    if all(name in bones for name in JOINT_NAMES):
        return bones["pelvis"]
    players = [armature.animation_data, *playing_strips(armature)] if armature.animation_data else []
    moved = {curve.data_path for player in players for curve in played_curves(player)}
    carriers = [
        (len(bone.children_recursive), bone.name) for bone in bones if bone_path(bone.name, "location") in moved
    ]
    large = [(count, name) for count, name in carriers if 3 * count >= len(bones)]
    return bones[min(large)[1]] if large else next(bone for bone in bones if bone.parent is None)


def _depth_first(bone: bpy.types.Bone) -> list[bpy.types.Bone]:
    """The bone and its descendants, in the order of the file."""
    return [bone, *(descendant for child in bone.children for descendant in _depth_first(child))]


def _joint_lines(bone: bpy.types.Bone, parent: bpy.types.Bone | None, to_file: Matrix, depth: int = 0) -> list[str]:
    offset = bone.head_local - parent.head_local if parent else Vector()
    indent = "\t" * depth
    position = "" if parent else "Xposition Yposition Zposition "
    lines = [
        f"{indent}{'JOINT' if parent else 'ROOT'} {'_'.join(bone.name.split())}",
        f"{indent}{{",
        f"{indent}\tOFFSET {_numbers(to_file @ offset)}",
        f"{indent}\tCHANNELS {3 if parent else 6} {position}{_ROTATIONS}",
    ]
    for child in bone.children:
        lines += _joint_lines(child, bone, to_file, depth + 1)
    if not bone.children:
        end = _numbers(to_file @ (bone.tail_local - bone.head_local))
        lines += [f"{indent}\tEnd Site", f"{indent}\t{{", f"{indent}\t\tOFFSET {end}", f"{indent}\t}}"]
    return [*lines, f"{indent}}}"]


def _frame_lines(
    scene: bpy.types.Scene, armature: bpy.types.Object, bones: list[bpy.types.Bone], frames: range, to_file: Matrix
) -> list[str]:
    depsgraph = bpy.context.evaluated_depsgraph_get()
    rest_to_bone = {bone.name: (to_file @ bone.matrix_local).inverted() for bone in bones}
    last: dict[str, Euler] = {}
    lines = []
    for frame in frames:
        scene.frame_set(frame)
        posed = armature.evaluated_get(depsgraph).pose.bones
        rotations = {
            bone.name: (to_file @ posed[bone.name].matrix @ rest_to_bone[bone.name]).to_3x3() for bone in bones
        }
        values = [_numbers(to_file @ posed[bones[0].name].head)]
        for bone in bones:
            rotation = rotations[bone.name]
            if bone != bones[0]:
                rotation = rotations[bone.parent.name].inverted() @ rotation
            # Compatible with the previous frame's angles, so that none jumps by a full turn.
            previous = [last[bone.name]] if bone.name in last else []
            last[bone.name] = rotation.to_euler(_EULER_ORDER, *previous)
            x, y, z = (math.degrees(angle) for angle in last[bone.name])
            values.append(_numbers((z, x, y)))
        lines.append(" ".join(values))
    return lines


def _numbers(values: Sequence[float]) -> str:
    return " ".join(f"{value:.6f}" for value in values)
