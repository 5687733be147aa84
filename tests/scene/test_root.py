"""Root motion, heading and visibility of the built scene, and of exported files."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest
from mathutils import Vector
from numpy.typing import NDArray

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.model import Body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.build_options import ROOT_CHOICES, BuildOptions, SceneMatch
from posenet3d_blender.motion_edit.heading import headings
from posenet3d_blender.scene import build_scene, export, reset_to_empty
from posenet3d_blender.scene.bake import bake
from posenet3d_blender.scene.keys import curves_of

from .conftest import MakeMotion
from .scene_readers import joints_at, key_frames
from .test_solved_camera import camera_seeing_origin

FRAMES = 1 + np.arange(12)
ENDINGS = (".fbx", ".glb", ".usdc", ".bvh", ".blend")


def root_at(armature: bpy.types.Object, frames: NDArray[np.int64]) -> Array:
    """(T, 4, 4) the root bone in the world."""
    matrices = []
    for frame in frames:
        bpy.context.scene.frame_set(int(frame))
        matrices.append(np.array(armature.matrix_world @ armature.pose.bones["root"].matrix))
    return np.array(matrices)


def test_the_root_stays_at_the_origin_unless_asked(body: Body, make_motion: MakeMotion) -> None:
    (armature,) = build_scene([make_motion(12)], body)
    np.testing.assert_allclose(root_at(armature, FRAMES), np.tile(np.eye(4), (12, 1, 1)), atol=1e-6)
    assert not [curve for curve in curves_of(armature) if '"root"' in curve.data_path]


def test_on_the_ground_the_root_goes_below_the_person_and_the_joints_stay(body: Body, make_motion: MakeMotion) -> None:
    motion = make_motion(12)
    (armature,) = build_scene([motion], body, options=BuildOptions(root="ground"))
    np.testing.assert_allclose(joints_at(armature, FRAMES), motion.joints, atol=2e-4)
    root = root_at(armature, FRAMES)
    np.testing.assert_allclose(root[:, 2, 3], 0, atol=1e-6)
    np.testing.assert_allclose(root[:, 2, :3], np.tile([0, 0, 1], (12, 1)), atol=1e-6)
    np.testing.assert_allclose(root[[0, -1], :2, 3], motion.joints[[0, -1], 0, :2], atol=1e-4)
    start = headings(axis_angle_to_matrix(motion.poses[:1, 0]))[0]
    np.testing.assert_allclose(root[0, :2, 1], [-np.sin(start), np.cos(start)], atol=1e-4)


def test_in_place_the_person_moves_over_the_origin(body: Body, make_motion: MakeMotion) -> None:
    motion = make_motion(60)
    (armature,) = build_scene([motion], body, options=BuildOptions(root="in-place"))
    frames = 1 + np.arange(60)
    joints = joints_at(armature, frames)
    assert np.linalg.norm(joints[:, 0, :2], axis=-1).max() < 0.05
    np.testing.assert_allclose(joints[:, :, 2], motion.joints[:, :, 2], atol=2e-4)
    np.testing.assert_allclose(joints - joints[:, :1], motion.joints - motion.joints[:, :1], atol=2e-4)
    np.testing.assert_allclose(root_at(armature, frames), np.tile(np.eye(4), (60, 1, 1)), atol=1e-6)


@pytest.mark.parametrize("rest", ["T", "A"])
@pytest.mark.parametrize("ending", ENDINGS)
def test_root_motion_comes_back_from_files(
    ending: str, rest: str, body: Body, make_motion: MakeMotion, tmp_path: Path
) -> None:
    motion = make_motion(12)
    path = tmp_path / f"walk{ending}"
    export(path, build_scene([motion], body, options=BuildOptions(root="ground", rest=rest)))
    assert not {"PoseNet3D_shape_ring", "PoseNet3D_shape_root"} & read_names(path)
    (armature,) = (one for one in bpy.data.objects if one.type == "ARMATURE")
    frames = key_frames(armature)
    np.testing.assert_allclose(joints_at(armature, frames), motion.joints, atol=2e-4)
    if ending != ".bvh":
        root = armature.matrix_world @ armature.pose.bones["root"].head
        np.testing.assert_allclose(root[:], [*motion.joints[-1, 0, :2], 0], atol=2e-4)


def read_names(path: Path) -> set[str]:
    """Read the file into an empty Blender; names of the scene's objects."""
    reset_to_empty()
    load = {
        ".fbx": lambda: bpy.ops.import_scene.fbx(filepath=str(path)),
        ".glb": lambda: bpy.ops.import_scene.gltf(filepath=str(path)),
        ".usdc": lambda: bpy.ops.wm.usd_import(filepath=str(path)),
        ".bvh": lambda: bpy.ops.import_anim.bvh(filepath=str(path), update_scene_fps=True),
        ".blend": lambda: bpy.ops.wm.open_mainfile(filepath=str(path)),
    }
    load[path.suffix]()
    return {one.name for one in bpy.context.scene.objects}


@pytest.mark.parametrize("root", ROOT_CHOICES)
def test_a_motion_on_any_root_can_be_baked(root: str, body: Body, make_motion: MakeMotion) -> None:
    (armature,) = build_scene([make_motion(12)], body, options=BuildOptions(root=root))
    bpy.context.scene.frame_set(5)
    before = joints_at(armature, FRAMES)
    bake(armature)
    np.testing.assert_allclose(joints_at(armature, FRAMES), before, atol=2e-4)


def test_facing_forward_turns_everyone_and_the_camera(body: Body, make_motion: MakeMotion) -> None:
    camera = camera_seeing_origin((640, 640))
    motions = [make_motion(12, camera=camera), make_motion(12, seed=1, camera=camera)]
    filmed = build_scene(motions, body)
    turned = build_scene(motions, body, options=BuildOptions(heading="forward"))
    scene = bpy.context.scene
    shown = [joints_at(armature, FRAMES) for armature in turned]
    angle = headings(axis_angle_to_matrix(motions[0].poses[:1, 0]))[0]
    turn = axis_angle_to_matrix(np.array([0, 0, -angle]))
    for joints, armature in zip(shown, filmed, strict=True):
        np.testing.assert_allclose(joints, joints_at(armature, FRAMES) @ turn.T, atol=2e-4)
    left = shown[0][0, 1] - shown[0][0, 2]
    assert abs(np.arctan2(left[1], left[0])) < 0.35, "the hips are at right angles to -Y"
    from bpy_extras.object_utils import world_to_camera_view

    for point, wanted in zip(shown[0][0], camera.project(motions[0].joints[0]), strict=True):
        x, y, _ = world_to_camera_view(scene, scene.camera, Vector(point))
        np.testing.assert_allclose([x * 640, (1 - y) * 640], wanted, atol=0.1)


def test_skins_are_hidden_while_their_person_is_not_there(body: Body, make_motion: MakeMotion) -> None:
    motions = [make_motion(20), make_motion(8, seed=1, start=0.2), make_motion(20, seed=2)]
    people = build_scene(motions, body)
    skins = [armature.children[0] for armature in people]
    hidden: list[list[int]] = [[], [], []]
    for frame in range(1, 21):
        bpy.context.scene.frame_set(frame)
        for skin, frames in zip(skins, hidden, strict=True):
            assert skin.hide_render == skin.hide_viewport
            frames.extend([frame] if skin.hide_render else [])
    assert hidden == [[], [*range(1, 7), *range(15, 21)], []]
    assert tuple(people[1].animation_data.action.frame_range) == (7, 14)


@pytest.mark.parametrize("ending", [".fbx", ".bvh", ".glb"])
def test_a_capture_late_in_the_scene_is_exported_from_its_start(
    ending: str, body: Body, make_motion: MakeMotion, tmp_path: Path
) -> None:
    """For the second person, who comes later, from the first one's start on."""
    motions = [make_motion(12), make_motion(6, seed=1, start=0.1)]
    bpy.context.scene.frame_start = 51
    people = build_scene(motions, body, options=BuildOptions(SceneMatch(range=False), first_frame=101))
    path = tmp_path / f"late{ending}"
    export(path, people[1:])
    read_names(path)
    (armature,) = (one for one in bpy.data.objects if one.type == "ARMATURE")
    frames = key_frames(armature)
    rate = 24 if ending == ".glb" else 30
    assert (frames[-1] - frames[0]) / rate == pytest.approx(8 / 30)


def test_an_asset_is_marked_on_request(body: Body, make_motion: MakeMotion) -> None:
    (plain,) = build_scene([make_motion(2)], body)
    (marked,) = build_scene([make_motion(2)], body, options=BuildOptions(as_asset=True))
    assert plain.animation_data.action.asset_data is None
    assert marked.animation_data.action.asset_data is not None
