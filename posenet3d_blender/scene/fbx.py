"""FBX export for game engines: centimetres, Y up, and a root node without rotation or scale.

Blender's exporter converts its units and axes by a rotation of -90 degrees and a scale of 100 on the root, which Unreal
and Unity then keep in every skeleton. So the file is written from copies whose bones, skin and keys are in the file's
units and axes already, and whose object transform undoes that conversion: the exporter has nothing left to convert.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import bpy
from mathutils import Matrix

from .isolated_scene import isolated_scene, undeformed
from .keys import assign_action, curves_of, transform_curve
from .played_frames import exported_frames
from .sampled_action import plays_one_action, sample_action
from .skin import armature_modifiers, deformed_meshes
from .visibility import shown

_CENTIMETRES: Final = 100.0
_TO_FILE: Final = Matrix.Scale(_CENTIMETRES, 4) @ Matrix.Rotation(-math.pi / 2, 4, "X")


def write_fbx(path: Path, armatures: Sequence[bpy.types.Object]) -> None:
    """Write armatures, skins and motion; the footage's start is at 0 seconds, poses are held until the first key."""
    first_frame, last_frame = exported_frames(armatures)
    # The exporter names the take after the scene; a captured collection has the footage's name.
    take = next((collection.name for collection in armatures[0].users_collection), armatures[0].name)
    with (
        _copies_in_file_units(armatures, first_frame, last_frame) as copies,
        shown(deformed_meshes(copies)),
        undeformed(deformed_meshes(copies)),
        isolated_scene(copies, deformed_meshes(copies), (0, last_frame - first_frame), take),
    ):
        bpy.ops.export_scene.fbx(
            filepath=str(path),
            check_existing=False,
            object_types={"ARMATURE", "MESH"},
            add_leaf_bones=False,
            bake_anim_use_all_actions=False,
            bake_anim_use_nla_strips=False,
            bake_anim_simplify_factor=0.0,
            mesh_smooth_type="FACE",
        )


@contextmanager
def _copies_in_file_units(
    armatures: Sequence[bpy.types.Object], first_frame: int, last_frame: int
) -> Iterator[list[bpy.types.Object]]:
    """Make temporary copies of armatures and skins, which look the same in Blender and take the originals' names.

    Their keys are moved so that `first_frame` becomes frame 0.
    """
    copied_data: list[bpy.types.ID] = []
    renamed: list[tuple[bpy.types.ID, str]] = []

    def copy_of(original: bpy.types.ID) -> bpy.types.ID:
        copy, name = original.copy(), original.name
        copied_data.append(copy)
        if original.library is None:  # a linked one can't be renamed, and leaves its name to the copy
            renamed.append((original, name))
            original.name = "original"
        copy.name = name
        return copy

    try:
        copies = []
        for armature in armatures:
            copy = copy_of(armature)
            copy.data = copy_of(armature.data)
            copy.data.transform(_TO_FILE)
            copy.matrix_world = armature.matrix_world @ _TO_FILE.inverted()
            if plays_one_action(armature):
                _rekey(copy, armature, copy_of(armature.animation_data.action), first_frame)
            else:
                copied_data.append(sample_action(armature, copy, range(first_frame, last_frame + 1)))
                _transform_keys(copy, first_frame)
            for skin in deformed_meshes([armature]):
                skin_copy = copy_of(skin)
                skin_copy.data = copy_of(skin.data)
                _hang_on(copy, skin_copy)
            copies.append(copy)
        yield copies
    finally:
        bpy.data.batch_remove(copied_data)
        for original, name in reversed(renamed):  # one that two objects share was renamed twice
            original.name = name


def _hang_on(copy: bpy.types.Object, skin: bpy.types.Object) -> None:
    """Let a copy of a skin hang on the armature's copy as the skin does on the armature, in the file's units."""
    in_armature = skin.matrix_parent_inverse @ skin.matrix_basis  # clothes may have a place of their own
    skin.data.transform(_TO_FILE @ in_armature, shape_keys=True)
    skin.parent = copy
    skin.matrix_parent_inverse, skin.matrix_basis = Matrix.Identity(4), Matrix.Identity(4)
    for modifier in armature_modifiers(skin):
        modifier.object = copy


def _rekey(copy: bpy.types.Object, armature: bpy.types.Object, action: bpy.types.Action, first_frame: int) -> None:
    """Assign the copy its own action, in place of the armature's."""
    assign_action(copy, action, like=armature)
    _transform_keys(copy, first_frame)


def _transform_keys(copy: bpy.types.Object, first_frame: int) -> None:
    """Move the keys so that `first_frame` becomes frame 0, and bring locations to the file's units."""
    for curve in curves_of(copy):
        scale = _CENTIMETRES if curve.data_path.endswith("].location") else 1.0
        transform_curve(curve, shift=-first_frame, scale=scale)
