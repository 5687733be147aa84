"""Captures from the panel, in an untouched scene and in one that somebody works in."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pytest

pytest.importorskip("bpy")

import bpy
import numpy as np

from posenet3d_blender.ui.character_settings import retarget_settings
from posenet3d_blender.ui.scene_options import scene_options_of
from posenet3d_blender.ui.takes import shown_armature
from tests.scene.rigs import families
from tests.scene.rigs.armature import BoneSpec, make_armature
from tests.scene.rna_dump import dump_file

pytestmark = pytest.mark.usefixtures("add_on", "pipeline")
AUTOMATIC = ("rate", "range", "size", "camera", "markers", "sound")
OWN = (".posenet3d", ".posenet3d_options")
"""Properties of the scene that are the add-on's own: settings of the panel, latest capture."""


def file_but_own_settings(without: Collection[str] = ()) -> dict[str, dict[str, object]]:
    return {
        block: {path: value for path, value in values.items() if not path.startswith(OWN)}
        for block, values in dump_file(without).items()
    }


def make_own_scene() -> bpy.types.Scene:
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = 3840, 2160
    scene.frame_start, scene.frame_current = 101, 120
    return scene


def test_the_choices_are_on_in_an_untouched_scene_alone() -> None:
    options = scene_options_of(bpy.context.scene)
    assert all(getattr(options, name) for name in AUTOMATIC)
    make_own_scene()
    assert not any(getattr(options, name) for name in AUTOMATIC)
    assert options.build_options().first_frame == 101
    options.start_at = "PLAYHEAD"
    assert options.build_options().first_frame == 120
    options.start_at, options.start_frame = "FRAME", -7
    assert options.build_options().first_frame == -7


def test_a_decision_holds_in_any_scene() -> None:
    options = scene_options_of(bpy.context.scene)
    options.rate, options.camera = False, True
    make_own_scene()
    options.sound = True
    assert (options.rate, options.camera, options.sound, options.size) == (False, True, True, False)


def test_a_capture_in_a_scene_of_ones_own_adds_a_collection_alone(video: Path) -> None:
    scene = make_own_scene()
    before = file_but_own_settings()
    assert bpy.ops.posenet3d.capture(filepath=str(video)) == {"FINISHED"}
    after = file_but_own_settings()
    changed = [
        path
        for block, values in before.items()
        for path, value in values.items()
        if after[block].get(path, "missing") != value
    ]
    assert changed
    assert {path.rpartition(".")[2] for path in changed} == {"names"}
    armature = shown_armature(bpy.context)
    assert armature is not None
    assert tuple(armature.animation_data.action.frame_range) == (101, 104)  # 5 frames at 30 are 4 at 24
    assert scene.camera is None


def test_one_undo_brings_an_untouched_scene_back(video: Path) -> None:
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    for message in ("before", "nothing"):
        bpy.ops.ed.undo_push(message=message)
    bpy.ops.ed.undo()  # what Blender itself leaves out of its undo steps is no difference
    before = file_but_own_settings()
    bpy.ops.posenet3d.capture("EXEC_DEFAULT", True, filepath=str(video))
    scene = bpy.context.scene
    assert (scene.render.fps, scene.frame_end, scene.render.resolution_y) == (30, 5, 1280)
    assert scene.camera.name == "walk_camera"
    bpy.ops.ed.undo()
    after = file_but_own_settings()
    assert after.keys() == before.keys()
    assert [
        (block, path) for block in before for path in before[block] if after[block][path] != before[block][path]
    ] == []


def test_the_armatures_choices_reach_the_scene(video: Path) -> None:
    options = scene_options_of(bpy.context.scene)
    options.root, options.rest, options.as_asset = "ground", "A", True
    bpy.ops.posenet3d.capture(filepath=str(video))
    armature = shown_armature(bpy.context)
    assert armature is not None
    assert armature.data["arm_angle"] == 45
    assert armature.animation_data.action.asset_data is not None


def test_a_preset_is_for_characters_too() -> None:
    options, characters = scene_options_of(bpy.context.scene), retarget_settings(bpy.context.scene)
    options.preset = "unreal"
    assert (options.root, characters.root_motion) == ("ground", "ground")
    options.preset = "none"
    assert (options.root, characters.root_motion) == ("hips", "hips")


def test_a_captured_motion_becomes_a_loop_and_a_strip(video: Path) -> None:
    assert not bpy.ops.posenet3d.push_to_nla.poll()
    bpy.ops.posenet3d.capture(filepath=str(video))
    armature = shown_armature(bpy.context)
    assert armature is not None
    bpy.context.view_layer.objects.active = armature
    with pytest.raises(RuntimeError, match="too few to blend 10"):
        bpy.ops.posenet3d.make_loop()
    assert bpy.ops.posenet3d.make_loop(blend_frames=2) == {"FINISHED"}
    assert armature.animation_data.action.use_cyclic
    assert bpy.ops.posenet3d.push_to_nla() == {"FINISHED"}
    assert len(armature.animation_data.nla_tracks) == 1
    assert not bpy.ops.posenet3d.make_loop.poll()


def test_a_character_is_all_that_changes_in_a_scene_of_ones_own(video: Path) -> None:
    scene = make_own_scene()
    scene.render.fps = 24
    scene.camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    cube = bpy.data.objects.new("Cube", bpy.data.meshes.new("Cube"))
    crane = make_armature("Crane", [BoneSpec("arm", None, np.zeros(3), np.array([0, 0, 1.0]), np.array([1.0, 0, 0]))])
    for one in (scene.camera, cube):
        scene.collection.objects.link(one)
    cube.keyframe_insert("location", frame=1)
    cube.location.x = 7.0  # not keyed yet
    hero = families.with_skin(families.mixamo("Hero"))
    hero.pose.bones[0].keyframe_insert("location", frame=1)
    idle = hero.animation_data.action
    hero.animation_data.nla_tracks.new().strips.new("Idle", 1, idle)
    bpy.context.view_layer.objects.active = crane
    bpy.ops.object.mode_set(mode="POSE")
    crane.pose.bones["arm"].rotation_mode = "XYZ"
    crane.pose.bones["arm"].rotation_euler.x = 0.3
    retarget_settings(scene).first.target = hero
    bpy.context.view_layer.update()
    without = ("Hero", "Hero_skin")
    before = file_but_own_settings(without)
    assert bpy.ops.posenet3d.capture(filepath=str(video)) == {"FINISHED"}
    after = file_but_own_settings(without)
    changed = {
        (block, path)
        for block, values in before.items()
        for path, value in values.items()
        if after[block].get(path, "missing") != value and not path.endswith(".names")
    }
    assert changed == {(f"actions/{idle.name}", ".use_fake_user")}
    assert (bpy.context.mode, bpy.context.view_layer.objects.active) == ("POSE", crane)
    animation = hero.animation_data
    assert (animation.action.name, tuple(animation.action.frame_range)) == ("Hero_walk", (101, 104))
    assert [strip.action for track in animation.nla_tracks for strip in track.strips] == [idle]
