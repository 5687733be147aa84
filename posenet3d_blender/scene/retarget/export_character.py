"""Files of a character in its motion: armature and meshes as the user made them, the motion as the rig evaluates it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import bpy

from ...errors import PoseNet3DError
from ...retargeting.bone_map import BoneMap
from ..bvh import write_bvh
from ..export import Writer, check_blend, write_file, write_gltf, write_usd
from ..isolated_scene import isolated_scene, window_kept
from .append import meshes_of, needed_objects, parents_of

_SINGLE: Final = ".bvh"
_WITH_ALL_BONES: Final = (_SINGLE, ".blend")
"""The other formats get the bones that deform."""
_CENTIMETRE_RIG: Final = 0.5
"""Object scale below which a rig is taken to be in centimetres, as FBX files come in."""


def check_exportable(character: bpy.types.Object, bone_map: BoneMap, endings: Sequence[str]) -> None:
    """Check that the formats can hold the rig.

    Raises:
        PoseNet3DError: a rig with controls and BVH, which knows bones only; or one without deform bones and a format
            that gets no others.
    """
    name, wanted = character.name, [ending.lower() for ending in endings]
    if bone_map.controls and _SINGLE in wanted and _has_mechanism(bone_map):
        raise PoseNet3DError(f"{name}: .bvh can't hold a rig with controls; choose .fbx, .glb, .usdc or .blend")
    without_skeleton = [ending for ending in wanted if ending not in _WITH_ALL_BONES]
    if without_skeleton and not any(bone.use_deform for bone in character.data.bones):
        raise PoseNet3DError(
            f"{name}: none of its bones deforms a mesh, and {without_skeleton[0]} would get no bones; "
            "switch on Deform for its bones, or choose .blend"
        )


def export_characters(path: Path, armatures: Sequence[bpy.types.Object]) -> None:
    """Write the armatures with their meshes and motion; the ending selects the format.

    Raises:
        PoseNet3DError: the file can't be written.
    """
    write_file(path, armatures, _WRITERS[path.suffix.lower()])


def _has_mechanism(bone_map: BoneMap) -> bool:
    """True if the keyed controls are other bones than the skeleton's own."""
    keyed = {control.bone for control in bone_map.controls}
    return not set(bone_map.bones.values()) <= keyed


def _write_fbx(path: Path, armatures: Sequence[bpy.types.Object]) -> None:
    is_in_centimetres = all(max(map(abs, armature.matrix_world.to_scale())) < _CENTIMETRE_RIG for armature in armatures)
    with isolated_scene(armatures, _all_meshes(armatures)), _fbx_from_zero():
        bpy.ops.export_scene.fbx(
            filepath=str(path),
            check_existing=False,
            object_types={"ARMATURE", "MESH"},
            # a rig in centimetres keeps its bones' numbers, one in metres gets a root without scale
            apply_scale_options="FBX_SCALE_NONE" if is_in_centimetres else "FBX_SCALE_ALL",
            use_armature_deform_only=True,
            add_leaf_bones=False,
            bake_anim_use_all_actions=False,
            bake_anim_use_nla_strips=False,
            bake_anim_simplify_factor=0.0,
            mesh_smooth_type="FACE",
        )


@contextmanager
def _fbx_from_zero() -> Iterator[None]:
    """Let Blender's FBX exporter begin the scene's animation at 0 seconds, as it does with strips and actions alone.

    Captured armatures are copied for that and their keys moved; characters may have drivers, controls and shape keys.
    """
    from io_scene_fbx import export_fbx_bin

    bake = export_fbx_bin.fbx_animations_do

    def bake_from_zero(
        scene_data: Any, reference: Any, start: float, end: float, _: bool, *rest: Any, **more: Any
    ) -> Any:
        return bake(scene_data, reference, start, end, True, *rest, **more)

    export_fbx_bin.fbx_animations_do = bake_from_zero
    try:
        yield
    finally:
        export_fbx_bin.fbx_animations_do = bake


def _write_glb(path: Path, armatures: Sequence[bpy.types.Object]) -> None:
    with window_kept(), isolated_scene(armatures, _meshes_and_parents(armatures)) as scene:
        write_gltf(path, scene, only_deforming=True)


def _write_usd(path: Path, armatures: Sequence[bpy.types.Object]) -> None:
    with isolated_scene(armatures, _meshes_and_parents(armatures)):
        write_usd(path, only_deforming=True)


def _write_blend(path: Path, armatures: Sequence[bpy.types.Object]) -> None:
    meshes = _all_meshes(armatures)
    # What they depend on has to be in the scene, too: without a user, saving the file again would lose it.
    needed = needed_objects([*armatures, *meshes])
    with isolated_scene(armatures, [*meshes, *needed], is_posed=False) as scene:
        bpy.data.libraries.write(str(path), {scene}, path_remap="ABSOLUTE", compress=True)
    check_blend(path)


def _meshes_and_parents(armatures: Sequence[bpy.types.Object]) -> list[bpy.types.Object]:
    """Meshes, and the parents of these and of the armatures: the exporters skip whatever has its parent elsewhere."""
    meshes = _all_meshes(armatures)
    parents = dict.fromkeys(parent for one in (*armatures, *meshes) for parent in parents_of(one))
    return [*meshes, *(parent for parent in parents if parent not in (*armatures, *meshes))]


def _all_meshes(armatures: Sequence[bpy.types.Object]) -> list[bpy.types.Object]:
    meshes = [mesh for armature in armatures for mesh in meshes_of(armature)]
    return [mesh for mesh in dict.fromkeys(meshes) if mesh.users_scene]


_WRITERS: Final[dict[str, Writer]] = {
    ".fbx": _write_fbx,
    ".bvh": write_bvh,
    ".glb": _write_glb,
    ".usdc": _write_usd,
    ".blend": _write_blend,
}
