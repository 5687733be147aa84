"""The Character panel's operators, and characters around a capture."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("bpy")

import bpy
import numpy as np

from posenet3d_blender.body.model import load_body
from posenet3d_blender.retargeting.map_file import load_map
from posenet3d_blender.scene.incremental import Steps, run
from posenet3d_blender.scene.keys import curves_of
from posenet3d_blender.ui import modal_task
from posenet3d_blender.ui import task as task_module
from posenet3d_blender.ui.character_settings import ChosenCharacter, chosen_characters, retarget_settings
from posenet3d_blender.ui.characters import key_character, key_people_again
from posenet3d_blender.ui.retarget import POSENET3D_OT_retarget
from posenet3d_blender.ui.takes import current_take, people_of
from posenet3d_blender.ui.task import StepTask
from tests.scene.retargeted import slow_motion
from tests.scene.rigs import families
from tests.scene.test_retarget_in_production import key_values

from .conftest import Pipeline, standing

pytestmark = pytest.mark.usefixtures("add_on")


@pytest.fixture
def hero() -> bpy.types.Object:
    rig = families.mixamo("Hero")
    retarget_settings(bpy.context.scene).first.target = rig
    return rig


def test_a_character_chosen_before_gets_the_motion(pipeline: Pipeline, video: Path, hero: bpy.types.Object) -> None:
    bpy.ops.posenet3d.capture(filepath=str(video))
    assert hero.animation_data.action.name.startswith("Hero_")


def test_an_unsuitable_character_is_refused_before_the_capture(pipeline: Pipeline, video: Path) -> None:
    empty = bpy.data.objects.new("Empty", bpy.data.armatures.new("Empty"))
    bpy.context.scene.collection.objects.link(empty)
    retarget_settings(bpy.context.scene).first.target = empty
    with pytest.raises(RuntimeError, match="Empty: it has no bones"):
        bpy.ops.posenet3d.capture(filepath=str(video))
    assert not pipeline.settings


def test_a_character_chosen_after_and_one_for_the_second_person(pipeline: Pipeline, video: Path) -> None:
    bpy.ops.posenet3d.capture(filepath=str(video), person="all")
    first, second = families.mixamo("First"), families.unity("Second")
    retarget_settings(bpy.context.scene).first.target = first
    bpy.ops.posenet3d.add_character()
    retarget_settings(bpy.context.scene).more[0].target = second
    assert bpy.ops.posenet3d.retarget() == {"FINISHED"}
    assert first.animation_data.action
    assert second.animation_data.action
    assert first.animation_data.action.name != second.animation_data.action.name


def test_a_character_is_keyed_at_the_rate_of_its_own_scene(
    pipeline: Pipeline, video: Path, hero: bpy.types.Object
) -> None:
    pipeline.motion = slow_motion(load_body())
    bpy.ops.posenet3d.capture(filepath=str(video))
    scene, take = bpy.context.scene, current_take(bpy.context)
    assert take is not None
    wanted = key_values(hero)
    other = bpy.data.scenes.new("Other")
    other.render.fps = 240
    with bpy.context.temp_override(scene=other, view_layer=other.view_layers[0]):
        run(key_character(scene, people_of(take)[0], ChosenCharacter(hero, None)))
    assert hero.animation_data.action.name.startswith("Hero_")
    np.testing.assert_allclose(key_values(hero), wanted, atol=1e-4)


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


def test_a_cleared_map_is_recognised_again(hero: bpy.types.Object) -> None:
    bpy.ops.posenet3d.find_bones()
    row = retarget_settings(bpy.context.scene).first
    assert row.bone_map() is not None
    assert bpy.ops.posenet3d.clear_bone_map() == {"FINISHED"}
    assert row.bone_map() is None
    assert not row.roles


def test_another_armature_forgets_the_map_unless_it_has_its_bones(hero: bpy.types.Object) -> None:
    bpy.ops.posenet3d.find_bones()
    row = retarget_settings(bpy.context.scene).first
    row.target = families.mixamo("Twin")
    assert row.bone_map() is not None
    row.target = families.unity("Other")
    assert row.bone_map() is None


def key_counts(armature: bpy.types.Object) -> set[int]:
    return {len(curve.keyframe_points) for curve in curves_of(armature)}


def test_an_update_of_the_take_gives_its_character_the_new_motion(
    pipeline: Pipeline, video: Path, hero: bpy.types.Object
) -> None:
    bpy.ops.posenet3d.capture(filepath=str(video))
    action = hero.animation_data.action
    name, count = action.name, len(bpy.data.actions)
    assert key_counts(hero) == {5}
    pipeline.motion = standing(8, lean=0.3)
    assert bpy.ops.posenet3d.update_take() == {"FINISHED"}
    assert hero.animation_data.action.name == name
    assert key_counts(hero) == {8}
    assert len(bpy.data.actions) == count


def test_an_update_leaves_a_character_at_what_it_plays_now(
    pipeline: Pipeline, video: Path, hero: bpy.types.Object
) -> None:
    bpy.ops.posenet3d.capture(filepath=str(video))
    name = hero.animation_data.action.name
    strip = hero.animation_data.nla_tracks.new().strips.new(name, 1, hero.animation_data.action)
    own = bpy.data.actions.new("Own")
    hero.animation_data.action = own
    pipeline.motion = standing(8)
    bpy.ops.posenet3d.update_take()
    assert hero.animation_data.action == own
    assert strip.action.name == name
    assert tuple(strip.action.frame_range) == (1, 8)


@pytest.mark.parametrize("is_cancelled", [True, False])
def test_characters_keyed_before_an_update_ends_early_keep_their_motion(
    pipeline: Pipeline, video: Path, hero: bpy.types.Object, monkeypatch: pytest.MonkeyPatch, is_cancelled: bool
) -> None:
    monkeypatch.setattr("posenet3d_blender.scene.retarget.channels._STEP_SECONDS", 0.0)
    bpy.ops.posenet3d.add_character()
    other = families.unity("Other")
    retarget_settings(bpy.context.scene).more[0].target = other
    bpy.ops.posenet3d.capture(filepath=str(video), person="all")
    own = bpy.data.actions.new("Own")
    other.animation_data.action = own
    take = current_take(bpy.context)
    assert take is not None
    people = people_of(take)
    actions = [person.posenet3d.character_action for person in people]
    names, values, fake_user = sorted(bpy.data.actions.keys()), key_values(hero), actions[0].use_fake_user
    keying = key_people_again(bpy.context.scene, people)
    while (next(keying) or 0.0) < 0.6:  # until the second one's turn
        continue
    assert hero.animation_data.action != actions[0]
    if is_cancelled:
        keying.close()
    else:
        with pytest.raises(ZeroDivisionError):
            keying.throw(ZeroDivisionError())
    assert hero.animation_data.action == actions[0]
    assert actions[0].use_fake_user == fake_user
    assert key_values(hero).tobytes() == values.tobytes()
    assert other.animation_data.action == own
    assert [person.posenet3d.character_action for person in people] == actions
    assert sorted(bpy.data.actions.keys()) == names


def test_retargeting_takes_turns_and_escape_restores_the_character(
    pipeline: Pipeline, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_module, "TURN_SECONDS", 0.0)
    monkeypatch.setattr("posenet3d_blender.scene.retarget.channels._STEP_SECONDS", 0.0)
    bpy.ops.posenet3d.capture(filepath=str(video))
    hero = families.mixamo("Hero")
    retarget_settings(bpy.context.scene).first.target = hero
    own = bpy.data.actions.new("Own")
    hero.animation_data_create().action = own
    limit = hero.pose.bones["mixamorig:Hips"].constraints.new("LIMIT_ROTATION")
    take = current_take(bpy.context)
    assert take is not None
    (person,), (character,) = people_of(take), chosen_characters(bpy.context.scene)
    scenes, actions = len(bpy.data.scenes), len(bpy.data.actions)

    def steps() -> Steps[None]:
        assert character is not None
        yield from key_character(bpy.context.scene, person, character)

    task = StepTask("Retargeting", "retargeting", steps())
    modal_task._running.append(modal_task._Running(task, None))
    fractions = []
    for _ in range(4):
        assert task.advance()
        fractions.append(task.estimate.total)
    assert limit.mute
    assert fractions == sorted(fractions)
    assert fractions[-1] > 0.3
    operator: Any = SimpleNamespace(_task=task, _end=lambda *_: modal_task.stop_current())
    for kind, outcome in (("SPACE", "RUNNING_MODAL"), ("ESC", "CANCELLED")):
        event = SimpleNamespace(type=kind, value="PRESS")
        assert POSENET3D_OT_retarget.modal(operator, bpy.context, event) == {outcome}
    assert modal_task.current_task() is None
    assert hero.animation_data.action == own
    assert not limit.mute
    assert (len(bpy.data.scenes), len(bpy.data.actions)) == (scenes, actions)
