"""Updates of takes that fail, or are cancelled, when the take has its new motion already."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pytest

pytest.importorskip("bpy")

import bpy
import numpy as np

from posenet3d_blender.scene.skin import skin_meshes
from posenet3d_blender.ui import task as task_module
from posenet3d_blender.ui.capture_task import request_of, update_task
from posenet3d_blender.ui.character_settings import retarget_settings
from posenet3d_blender.ui.takes import people_of, take_of
from tests.scene.rigs import families
from tests.scene.rna_dump import dump_file

from .conftest import Pipeline, standing
from .test_takes import capture, push_down
from .test_users_objects import add_prop, with_fingers

pytestmark = pytest.mark.usefixtures("add_on")


def state_of(take: bpy.types.Collection, but: str = "") -> tuple[object, ...]:
    """Everything in the file but what has this name; of the body's mesh the shape alone."""
    (skin,) = skin_meshes(people_of(take))
    points = np.empty(3 * len(skin.data.vertices), dtype=np.float32)
    skin.data.vertices.foreach_get("co", points)
    groups = [group.name for group in skin.vertex_groups]
    return dump_file(without=[skin.data.name, but]), sorted(bpy.data.meshes.keys()), points.tobytes(), groups


def make_own(take: bpy.types.Collection) -> None:
    """Change a take as animators do, and click on its armature."""
    (person,) = people_of(take)
    add_prop(person)
    person.name, skin_meshes([person])[0].name = "Ann", "Ann's body"
    person.location.x = 2.0
    person.pose.bones["head"].constraints.new("LIMIT_ROTATION")
    person.pose.bones["left_thumb1"].constraints.new("COPY_ROTATION").target = person
    bpy.context.view_layer.objects.active = person
    person.select_set(True)
    bpy.context.view_layer.update()


def fail(*_: object) -> NoReturn:
    """A step of the update that goes wrong."""
    raise ZeroDivisionError


def test_one_that_fails_leaves_what_the_user_tied_to_the_take(
    pipeline: Pipeline, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A parent with its inverse, a linked duplicate of the body, a kept action, markers, another view layer."""
    take = capture(video)
    (person,) = people_of(take)
    (skin,) = skin_meshes([person])
    scene, action = bpy.context.scene, person.posenet3d.action
    empty = bpy.data.objects.new("Empty", None)
    scene.collection.objects.link(empty)
    empty.location = (1.0, 2.0, 3.0)
    bpy.context.view_layer.update()
    person.parent, person.matrix_parent_inverse = empty, empty.matrix_world.inverted()
    duplicate = skin.copy()
    scene.collection.objects.link(duplicate)
    action.use_fake_user = True
    layer = scene.view_layers.new("Second")
    person.hide_set(True, view_layer=layer)
    bpy.context.view_layer.update()
    name, place, mesh = person.name, person.matrix_world.copy(), skin.data.name
    former = np.empty(3 * len(skin.data.vertices), dtype=np.float32)
    skin.data.vertices.foreach_get("co", former)
    scene.timeline_markers.new("Jump", frame=3)
    markers = [marker.name for marker in scene.timeline_markers]
    monkeypatch.setattr("posenet3d_blender.ui.capture_task.key_people_again", fail)
    pipeline.motion = standing(8, lean=0.3)
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        bpy.ops.posenet3d.update_take()
    restored = bpy.data.objects[name]
    assert restored.parent == empty
    np.testing.assert_allclose(restored.matrix_world, place, atol=1e-6)
    assert restored.posenet3d.action.use_fake_user
    assert restored.hide_get(view_layer=layer)
    assert not restored.hide_get()
    assert duplicate.data == skin_meshes([restored])[0].data
    assert duplicate.data.name == mesh
    points = np.empty_like(former)
    duplicate.data.vertices.foreach_get("co", points)
    assert points.tobytes() == former.tobytes()
    assert [marker.name for marker in scene.timeline_markers] == markers


def test_an_update_keeps_the_actions_fake_user(pipeline: Pipeline, video: Path) -> None:
    take = capture(video)
    people_of(take)[0].posenet3d.action.use_fake_user = True
    pipeline.motion = standing(8, lean=0.3)
    bpy.ops.posenet3d.update_take()
    assert people_of(take)[0].posenet3d.action.use_fake_user


@pytest.mark.parametrize("is_pushed_down", [False, True])
def test_one_that_fails_leaves_the_take_as_it_was(
    pipeline: Pipeline, video: Path, monkeypatch: pytest.MonkeyPatch, is_pushed_down: bool
) -> None:
    with_fingers(pipeline)
    take = capture(video)
    make_own(take)
    if is_pushed_down:
        push_down(people_of(take)[0])
    before = state_of(take)
    monkeypatch.setattr("posenet3d_blender.ui.capture_task.key_people_again", fail)
    pipeline.motion = standing(8, lean=0.3)  # without fingers
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        bpy.ops.posenet3d.update_take()
    assert state_of(take) == before


def test_one_that_is_cancelled_while_a_character_is_keyed_leaves_the_take_as_it_was(
    pipeline: Pipeline, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_module, "TURN_SECONDS", 0.0)
    monkeypatch.setattr("posenet3d_blender.scene.retarget.channels._STEP_SECONDS", 0.0)
    hero = families.unity("Hero")
    retarget_settings(bpy.context.scene).first.target = hero
    take = capture(video)
    before = state_of(take, but=hero.name)
    action = hero.animation_data.action
    pipeline.motion = standing(8, lean=0.3)
    task = update_task(request_of(take_of(take)), take)
    task.wait()
    while people_of(take)[0].posenet3d.action.frame_range[1] == 5:
        assert task.advance()
    for _ in range(3):
        assert task.advance()
    task.cancel()
    assert state_of(take, but=hero.name) == before
    assert hero.animation_data.action == action
