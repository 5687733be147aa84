"""The Character panel's operators, and characters around a capture."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("bpy")

import bpy

from posenet3d_blender.retargeting.map_file import load_map
from posenet3d_blender.ui.character_settings import retarget_settings
from posenet3d_blender.ui.settings import settings_of
from tests.scene.rigs import families

from .conftest import Pipeline

pytestmark = pytest.mark.usefixtures("add_on")


@pytest.fixture
def hero() -> bpy.types.Object:
    rig = families.mixamo("Hero")
    settings_of(bpy.context.scene).target = rig
    return rig


def test_a_character_chosen_before_gets_the_motion(pipeline: Pipeline, video: Path, hero: bpy.types.Object) -> None:
    bpy.ops.posenet3d.capture(filepath=str(video))
    assert hero.animation_data.action.name.startswith("Hero_")


def test_an_unsuitable_character_is_refused_before_the_capture(pipeline: Pipeline, video: Path) -> None:
    empty = bpy.data.objects.new("Empty", bpy.data.armatures.new("Empty"))
    bpy.context.scene.collection.objects.link(empty)
    settings_of(bpy.context.scene).target = empty
    with pytest.raises(RuntimeError, match="Empty: it has no bones"):
        bpy.ops.posenet3d.capture(filepath=str(video))
    assert not pipeline.settings


def test_a_character_chosen_after_and_one_for_the_second_person(pipeline: Pipeline, video: Path) -> None:
    bpy.ops.posenet3d.capture(filepath=str(video), person="all")
    first, second = families.mixamo("First"), families.unity("Second")
    settings_of(bpy.context.scene).target = first
    bpy.ops.posenet3d.add_character()
    retarget_settings(bpy.context.scene).more[0].target = second
    assert bpy.ops.posenet3d.retarget() == {"FINISHED"}
    assert first.animation_data.action
    assert second.animation_data.action
    assert first.animation_data.action.name != second.animation_data.action.name


def test_bones_are_found_edited_saved_and_loaded(hero: bpy.types.Object, tmp_path: Path) -> None:
    bpy.ops.posenet3d.find_bones()
    row = retarget_settings(bpy.context.scene).first
    assert row.roles["left_knee"].bone == "mixamorig:LeftLeg"
    row.roles["left_collar"].bone = ""
    path = tmp_path / "hero.json"
    bpy.ops.posenet3d.save_bone_map(filepath=str(path))
    assert "left_collar" not in load_map(path).bones
    row.clear_map()
    bpy.ops.posenet3d.load_bone_map(filepath=str(path))
    assert row.roles["left_collar"].bone == ""
    assert row.roles["head"].bone == "mixamorig:Head"


def test_a_map_without_a_needed_bone_is_refused(hero: bpy.types.Object, tmp_path: Path) -> None:
    bpy.ops.posenet3d.find_bones()
    retarget_settings(bpy.context.scene).first.roles["head"].bone = ""
    with pytest.raises(RuntimeError, match="head: no bone is chosen"):
        bpy.ops.posenet3d.save_bone_map(filepath=str(tmp_path / "hero.json"))
