"""A capture in a scene that somebody works in: nothing of it changes but for the added collection."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import bmesh
import bpy
import numpy as np
import pytest
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Vector

from posenet3d_blender.background import Background
from posenet3d_blender.body.model import Body
from posenet3d_blender.build_options import BuildOptions, SceneMatch
from posenet3d_blender.motion import Motion
from posenet3d_blender.motion_edit.resample import resample_motions
from posenet3d_blender.scene import build_scene, export
from posenet3d_blender.scene.armature import add_armature
from posenet3d_blender.scene.bake import bake

from .conftest import MakeMotion
from .rna_dump import dump_file
from .scene_readers import joints_at, joints_now
from .test_solved_camera import camera_seeing_origin

FIRST_FRAME = 101
KEPT = BuildOptions(SceneMatch.nothing(), first_frame=FIRST_FRAME, markers=False)


LARGE = ("PoseNet3D_body",)
"""The skin's mesh, which takes longest to dump."""


def make_users_scene() -> bpy.types.Scene:
    """24 fps, 4K, a keyed camera and cube, an unkeyed change, a marker, a strip, and a mesh in edit mode."""
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = 3840, 2160
    scene.frame_start, scene.frame_end = FIRST_FRAME, 250
    cube, camera = bpy.data.objects["Cube"], bpy.data.objects["Camera"]
    for item in (cube, camera):
        for frame in (101, 180):
            item.location.x = frame / 100
            item.keyframe_insert("location", frame=frame)
    scene.timeline_markers.new("hit", frame=130)
    strips = scene.sequence_editor_create()
    (strips.strips if hasattr(strips, "strips") else strips.sequences).new_effect(
        "black", "COLOR", channel=1, frame_start=1, **length_of_effect()
    )
    bpy.data.scenes.new("Second")
    scene.frame_set(120, subframe=0.25)
    cube.location.y = 5.5  # not keyed: any evaluation of the frame would lose it
    cube.rotation_euler.z = 0.7
    cube.location.x = 9.0
    edited = bpy.data.objects.new("Edited", bpy.data.meshes.new("Edited"))
    edited.data.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    scene.collection.objects.link(edited)
    bpy.context.view_layer.objects.active = edited
    cube.select_set(False)
    edited.select_set(True)
    bpy.ops.object.mode_set(mode="EDIT")
    mesh = bmesh.from_edit_mesh(edited.data)
    mesh.verts.ensure_lookup_table()
    mesh.verts[1].co.z = 3.0
    mesh.verts[2].select_set(False)
    return scene


def length_of_effect() -> dict[str, int]:
    return {"length": 10} if bpy.app.version >= (5, 0) else {"frame_end": 10}


def edited_vertices() -> list[tuple[Any, ...]]:
    mesh = bmesh.from_edit_mesh(bpy.data.meshes["Edited"])
    return [(*vertex.co, vertex.select) for vertex in mesh.verts]


@pytest.fixture
def footage(demo_clip: Any) -> Background:
    time = np.arange(131) / 30
    return Background(demo_clip, demo_clip.stem, time, time)


@pytest.fixture
def motion(make_motion: MakeMotion) -> Motion:
    made = make_motion(40, camera=camera_seeing_origin((720, 1280)))
    return replace(made, confidence=np.where(np.arange(40) < 10, 0.1, 1.0))


def test_everything_else_stays_byte_for_byte(body: Body, motion: Motion, footage: Background) -> None:
    scene = make_users_scene()
    before, vertices = dump_file(), edited_vertices()
    (armature,) = build_scene([motion], body, footage, options=KEPT)
    after = dump_file()
    (collection,) = armature.users_collection
    own_names = {collection.name, *(one.name for one in collection.objects)}
    changed = [
        (block, path, value, after[block].get(path, "missing"))
        for block, values in before.items()
        for path, value in values.items()
        if after[block].get(path, "missing") != value
    ]
    assert changed, "the scene has the new collection"
    for block, path, old, new in changed:
        # a list of the scene's collections or objects that the new ones were added to
        assert (block, path.rpartition(".")[2]) == ("scenes/Scene", "names"), (block, path, old, new)
        assert [name for name in new if name not in own_names] == old, (block, path)
    assert [one.name for one in scene.collection.children] == ["Collection", collection.name]
    assert edited_vertices() == vertices
    assert (bpy.context.mode, bpy.context.view_layer.objects.active.name) == ("EDIT_MESH", "Edited")


def test_new_data_is_used_by_new_data_alone(body: Body, motion: Motion, footage: Background) -> None:
    scene = make_users_scene()
    before = set(bpy.data.user_map())
    (armature,) = build_scene([motion], body, footage, options=KEPT)
    users = bpy.data.user_map()
    new = set(users) - before
    assert armature in new
    for block in new:
        is_in_scene = isinstance(block, (bpy.types.Collection, bpy.types.Object))
        assert users[block] - new <= ({scene} if is_in_scene else set()), block


def test_the_motion_plays_at_its_own_speed_from_the_chosen_frame(
    body: Body, motion: Motion, footage: Background
) -> None:
    make_users_scene()
    (armature,) = build_scene([motion], body, footage, options=KEPT)
    (resampled,) = resample_motions([motion], 24.0, body)
    frames = FIRST_FRAME + np.arange(resampled.frame_count)
    assert tuple(armature.animation_data.action.frame_range) == (frames[0], frames[-1])
    np.testing.assert_allclose(joints_at(armature, frames), resampled.joints, atol=1e-4)
    # at the times that both rates share, every sixth frame of 30 and 24 per second
    np.testing.assert_allclose(resampled.joints[::4], motion.joints[::5], atol=1e-6)


def test_the_body_stands_in_the_present_frame_at_once(body: Body, motion: Motion) -> None:
    """Although the scene is not set to a frame anew."""
    scene = make_users_scene()
    scene.frame_set(110)
    (armature,) = build_scene([motion], body, options=KEPT)
    (resampled,) = resample_motions([motion], 24.0, body)
    np.testing.assert_allclose(joints_now(armature), resampled.joints[9], atol=1e-4)


@pytest.mark.parametrize("image_size", [(720, 1280), (1280, 720), (640, 640), (1920, 540)])
def test_the_overlay_is_right_in_a_frame_of_another_format(
    image_size: tuple[int, int], body: Body, make_motion: MakeMotion
) -> None:
    """The image lies in the middle of the frame, as large as it fits."""
    scene = make_users_scene()
    camera = camera_seeing_origin(image_size)
    motion = make_motion(2, camera=camera)
    (armature,) = build_scene([motion], body, options=KEPT)
    solved = next(one for one in armature.users_collection[0].objects if one.type == "CAMERA")
    bpy.context.view_layer.update()
    scale = min(3840 / image_size[0], 2160 / image_size[1])
    for point in motion.joints.reshape(-1, 3):
        x, y, _ = world_to_camera_view(scene, solved, Vector(point))
        wanted = (camera.project(point) - np.array(image_size) / 2) * scale + (1920, 1080)
        np.testing.assert_allclose([x * 3840, (1 - y) * 2160], wanted, atol=0.1)


def test_low_confidence_is_marked_in_the_action(body: Body, motion: Motion) -> None:
    scene = make_users_scene()
    (armature,) = build_scene([motion], body, options=KEPT)
    assert [marker.name for marker in scene.timeline_markers] == ["hit"]
    markers = {marker.frame: marker.name for marker in armature.animation_data.action.pose_markers}
    assert markers == {101: "Low confidence", 109: "Confidence restored"}


@pytest.mark.parametrize("choice", ["rate", "range", "size", "camera"])
def test_each_setting_is_matched_by_itself(choice: str, body: Body, motion: Motion) -> None:
    scene = make_users_scene()

    def settings() -> dict[str, Any]:
        render = scene.render
        return {
            "rate": (render.fps, render.fps_base),
            "range": (scene.frame_start, scene.frame_end, scene.frame_current),
            "size": (render.resolution_x, render.resolution_y),
            "camera": scene.camera.name,
        }

    before = settings()
    options = replace(KEPT, match=replace(SceneMatch.nothing(), **{choice: True}))
    (armature,) = build_scene([motion], body, options=options)
    last = FIRST_FRAME + (40 if choice == "rate" else 32) - 1
    matched = {
        "rate": (30, 1.0),
        "range": (FIRST_FRAME, last, FIRST_FRAME),
        "size": (720, 1280),
        "camera": "PoseNet3D_camera",
    }
    assert settings() == before | {choice: matched[choice]}
    assert armature.animation_data.action.frame_range[1] == last


@pytest.mark.parametrize("ending", [".fbx", ".bvh", ".glb", ".usdc", ".blend"])
def test_exports_leave_the_scene_byte_for_byte(ending: str, body: Body, motion: Motion, tmp_path: Path) -> None:
    """Moved and not keyed, and between two frames."""
    make_users_scene()
    (armature,) = build_scene([motion], body, options=KEPT)
    bpy.context.view_layer.update()
    before, joints, edited = dump_file(LARGE), joints_now(armature), edited_vertices()
    export(tmp_path / f"walk{ending}", [armature])
    # Blender 5.2 stores the mesh that is being edited before it exports USD.
    stored = "meshes/Edited" if ending == ".usdc" and bpy.app.version >= (5, 2) else ""
    assert [one for one in differences(before, dump_file(LARGE)) if one[0] != stored] == []
    assert edited_vertices() == edited
    np.testing.assert_allclose(joints_now(armature), joints, atol=1e-6)


def test_baking_leaves_everything_but_the_target(body: Body, motion: Motion) -> None:
    make_users_scene()
    (armature,) = build_scene([motion], body, options=KEPT)
    hero = add_armature("Hero", body, motion.betas, armature.users_collection[0])
    bpy.context.view_layer.update()
    before = dump_file(LARGE)
    bake(armature, hero)
    assert {block for block, _ in differences(before, dump_file(LARGE))} <= {"objects/Hero"}
    np.testing.assert_allclose(joints_now(hero), joints_now(armature), atol=1e-4)


def differences(before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]) -> list[tuple[str, str]]:
    return [
        (block, path)
        for block, values in before.items()
        for path, value in values.items()
        if after[block].get(path, "missing") != value
    ]
