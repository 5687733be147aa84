"""Armatures that are disabled in viewports or in Rest Position: their motion is baked and exported all the same."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest

from posenet3d_blender.body.model import Body
from posenet3d_blender.motion import Motion
from posenet3d_blender.scene import build_scene, export
from posenet3d_blender.scene.bake import bake
from posenet3d_blender.scene.retarget.export_character import export_characters
from posenet3d_blender.scene.retarget.retarget import retarget
from posenet3d_blender.scene.reuse import push_to_nla

from .conftest import MakeMotion
from .rigs import families
from .scene_readers import heads_at, joints_at, key_frames
from .test_export import FORMATS, read_back

FRAMES = 1 + np.arange(6)
KINDS = ("hidden", "rest")


@pytest.fixture
def motion(make_motion: MakeMotion) -> Motion:
    return make_motion(len(FRAMES))


@pytest.fixture
def source(body: Body, motion: Motion) -> bpy.types.Object:
    return build_scene([motion], body)[0]


def hide(armature: bpy.types.Object, kind: str) -> None:
    if kind == "hidden":
        armature.hide_viewport = True
    else:
        armature.data.pose_position = "REST"
    bpy.context.view_layer.update()


def state(armature: bpy.types.Object) -> tuple[bool, str]:
    return armature.hide_viewport, armature.data.pose_position


def show(armature: bpy.types.Object) -> None:
    armature.hide_viewport, armature.data.pose_position = False, "POSE"


@pytest.mark.parametrize("in_strip", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ending", FORMATS)
def test_files_hold_the_motion(
    ending: str, kind: str, in_strip: bool, source: bpy.types.Object, motion: Motion, tmp_path: Path
) -> None:
    if in_strip:
        push_to_nla(source)
    hide(source, kind)
    before = state(source)
    path = tmp_path / f"walk{ending}"
    export(path, [source])
    assert state(source) == before
    (armature,) = read_back(path)
    if ending == ".blend":  # as it is in the user's file
        assert state(armature) == before
    show(armature)
    frames = FRAMES if ending == ".blend" else key_frames(armature)
    np.testing.assert_allclose(joints_at(armature, frames), motion.joints, atol=2e-4)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ending", FORMATS)
def test_files_of_characters_hold_the_motion(ending: str, kind: str, source: bpy.types.Object, tmp_path: Path) -> None:
    rig = families.with_skin(families.mixamo("Hero"))
    retarget(source, rig)
    names = ["mixamorig:LeftHand", "mixamorig:RightFoot", "mixamorig:Head"]
    wanted = heads_at(rig, FRAMES, names)
    assert np.ptp(wanted, axis=0).max() > 0.1
    hide(rig, kind)
    before = state(rig)
    path = tmp_path / f"walk{ending}"
    export_characters(path, [rig])
    assert state(rig) == before
    armature = next(one for one in read_back(path) if "mixamorig" in one.data.bones[0].name)
    if ending == ".blend":
        assert state(armature) == before
    show(armature)
    start = 0 if ending == ".glb" else 1  # where the importers put 0 seconds
    rate = FORMATS[ending].key_rate(30.0)
    frames = start + np.arange(len(FRAMES)) * rate / 30
    if ending == ".usdc":
        names = [name.replace(":", "_") for name in names]
    np.testing.assert_allclose(heads_at(armature, frames, names), wanted, atol=5e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_the_motion_is_baked_from_and_to_them(kind: str, source: bpy.types.Object, twin: bpy.types.Object) -> None:
    wanted = joints_at(source, FRAMES)
    assert np.ptp(wanted, axis=0).max() > 0.1
    for armature in (source, twin):
        hide(armature, kind)
    before = state(source), state(twin)
    bake(source, twin)
    bake(source)
    assert (state(source), state(twin)) == before
    for armature in (source, twin):
        show(armature)
        np.testing.assert_allclose(joints_at(armature, FRAMES), wanted, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_a_target_whose_root_was_moved_is_baked_alike(
    kind: str, source: bpy.types.Object, twin: bpy.types.Object
) -> None:
    wanted = joints_at(source, FRAMES)
    hide(twin, kind)
    twin.pose.bones["root"].location = (0.5, 0.3, -0.2)
    bake(source, twin)
    show(twin)
    np.testing.assert_allclose(joints_at(twin, FRAMES), wanted, atol=1e-4)
