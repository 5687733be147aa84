"""The bake operator."""

from __future__ import annotations

import math

import pytest

pytest.importorskip("bpy")

import bpy

from posenet3d_blender.body.model import load_body
from posenet3d_blender.scene import build_scene
from posenet3d_blender.scene.armature import add_armature
from posenet3d_blender.scene.keys import curves_of

from .conftest import standing

pytestmark = pytest.mark.usefixtures("add_on")


@pytest.fixture
def walk() -> bpy.types.Object:
    """An animated armature that was not captured in this file, and is the active object."""
    armature = build_scene([standing(9)], load_body())[0]
    bpy.context.view_layer.objects.active = armature
    return armature


@pytest.fixture
def hero() -> bpy.types.Object:
    return add_armature("Hero", load_body(), standing(1).betas, bpy.context.scene.collection)


def key_counts(armature: bpy.types.Object) -> set[int]:
    return {len(curve.keyframe_points) for curve in curves_of(armature) if curve.data_path.startswith("pose.bones")}


def test_it_is_offered_only_where_there_is_a_motion(hero: bpy.types.Object) -> None:
    assert not bpy.ops.posenet3d.bake.poll()
    bpy.context.view_layer.objects.active = hero
    assert not bpy.ops.posenet3d.bake.poll()


def test_every_frame_is_keyed_by_default(walk: bpy.types.Object) -> None:
    assert bpy.ops.posenet3d.bake() == {"FINISHED"}
    assert walk.animation_data.action.name == "PoseNet3D_baked"
    assert key_counts(walk) == {9}


def test_reduced_keys_on_another_armature(walk: bpy.types.Object, hero: bpy.types.Object) -> None:
    assert bpy.ops.posenet3d.bake(target="Hero", keys="REDUCED", angle=math.radians(1.0), distance=0.005) == {
        "FINISHED"
    }
    assert hero.animation_data.action.name == "Hero_PoseNet3D"
    assert key_counts(hero) == {2}
    assert walk.animation_data.action.name == "PoseNet3D_motion"


@pytest.mark.parametrize(("name", "message"), [("Nobody", "no such object"), ("Camera", "not an armature")])
def test_a_target_that_does_not_fit_is_refused(walk: bpy.types.Object, name: str, message: str) -> None:
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera")))
    with pytest.raises(RuntimeError, match=message):
        bpy.ops.posenet3d.bake(target=name)
    assert walk.animation_data.action.name == "PoseNet3D_motion"


def test_muted_constraints_are_reported(
    walk: bpy.types.Object, hero: bpy.types.Object, capfd: pytest.CaptureFixture[str]
) -> None:
    hero.pose.bones["head"].constraints.new("LIMIT_ROTATION")
    bpy.ops.posenet3d.bake(target="Hero")
    assert "Muted 1 constraints" in capfd.readouterr().out


def test_one_undo_takes_it_back(walk: bpy.types.Object, hero: bpy.types.Object) -> None:
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.posenet3d.bake("EXEC_DEFAULT", True, target="Hero")
    bpy.ops.ed.undo()
    assert "Hero_PoseNet3D" not in bpy.data.actions
    assert bpy.data.objects["Hero"].animation_data is None
