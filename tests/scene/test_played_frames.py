"""Motion in the NLA with a short action on top, and muted strips: baked, retargeted and exported alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np
import pytest

from posenet3d_blender.body.model import Body
from posenet3d_blender.errors import PoseNet3DError
from posenet3d_blender.motion import Motion
from posenet3d_blender.scene import build_scene, export
from posenet3d_blender.scene.bake import bake
from posenet3d_blender.scene.keys import curves_of
from posenet3d_blender.scene.retarget.export_character import export_characters
from posenet3d_blender.scene.retarget.retarget import retarget
from posenet3d_blender.scene.reuse import push_to_nla

from .conftest import MakeMotion
from .rigs import families
from .scene_readers import heads_at, joints_at, key_frames
from .test_export import FORMATS, read_back

COUNT = 12
FRAMES = 1 + np.arange(COUNT)


@pytest.fixture
def corrected(body: Body, make_motion: MakeMotion) -> bpy.types.Object:
    """A captured armature whose motion was pushed down, with a correction of the head at two frames on top."""
    armature = build_scene([make_motion(COUNT)], body)[0]
    push_to_nla(armature)
    armature.animation_data.action_extrapolation = "NOTHING"
    head = armature.pose.bones["head"]
    for frame in (4, 6):
        head.rotation_quaternion = (0.9, 0.1, 0.3, 0.2)
        head.keyframe_insert("rotation_quaternion", frame=frame)
    bpy.context.view_layer.update()
    return armature


def bone_frames(armature: bpy.types.Object) -> set[int]:
    return {len(curve.keyframe_points) for curve in curves_of(armature) if curve.data_path.startswith("pose.bones")}


def test_the_whole_motion_is_baked(corrected: bpy.types.Object, twin: bpy.types.Object) -> None:
    wanted = joints_at(corrected, FRAMES)
    bake(corrected, twin)
    np.testing.assert_array_equal(key_frames(twin), FRAMES)
    np.testing.assert_allclose(joints_at(twin, FRAMES), wanted, atol=1e-4)
    bake(corrected)
    np.testing.assert_array_equal(key_frames(corrected), FRAMES)
    np.testing.assert_allclose(joints_at(corrected, FRAMES), wanted, atol=1e-4)


def test_the_whole_motion_is_retargeted(corrected: bpy.types.Object) -> None:
    rig = families.unity()
    retarget(corrected, rig)
    assert bone_frames(rig) == {COUNT}


@pytest.mark.parametrize("ending", [ending for ending in FORMATS if ending != ".blend"])
def test_the_whole_motion_is_exported(ending: str, corrected: bpy.types.Object, tmp_path: Path) -> None:
    wanted = joints_at(corrected, FRAMES)
    path = tmp_path / f"walk{ending}"
    export(path, [corrected])
    (armature,) = read_back(path)
    np.testing.assert_allclose(joints_at(armature, key_frames(armature)), wanted, atol=1e-3)


@pytest.mark.parametrize("mute", [lambda track: track, lambda track: track.strips[0]])
def test_muted_strips_play_no_part(
    mute: Callable[[bpy.types.NlaTrack], bpy.types.NlaTrack | bpy.types.NlaStrip],
    source: bpy.types.Object,
    twin: bpy.types.Object,
    tmp_path: Path,
) -> None:
    """Of a long idle motion below the captured one, and of the only motion."""
    strip = push_to_nla(source)
    track = source.animation_data.nla_tracks[0]
    idle = source.animation_data.nla_tracks.new().strips.new("idle", 40, strip.action)
    mute(source.animation_data.nla_tracks[1]).mute = True
    bake(source, twin)
    np.testing.assert_array_equal(key_frames(twin), FRAMES)
    export(tmp_path / "walk.bvh", [source])
    assert f"Frames: {COUNT}\n" in (tmp_path / "walk.bvh").read_text()
    assert idle.frame_end > 40
    mute(track).mute = True
    for work in (lambda: bake(source, twin), lambda: export(tmp_path / "walk.fbx", [source])):
        with pytest.raises(PoseNet3DError, match="it has no motion"):
            work()


def test_the_hips_of_a_character_in_the_nla_move_in_bvh(
    body: Body, make_motion: Callable[..., Motion], tmp_path: Path
) -> None:
    source = build_scene([make_motion(COUNT)], body)[0]
    rig = families.vroid("Hero")  # with a bone on the ground above the hips
    retarget(source, rig)
    push_to_nla(rig)
    names = [bone.name for bone in rig.data.bones if bone.name.endswith(("Hips", "Head"))]
    assert len(names) == 2
    wanted = heads_at(rig, FRAMES, names)
    export_characters(tmp_path / "hero.bvh", [rig])
    (armature,) = read_back(tmp_path / "hero.bvh")
    np.testing.assert_allclose(heads_at(armature, FRAMES, names), wanted, atol=1e-3)
