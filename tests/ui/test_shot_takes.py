"""Takes of several shots of one footage, after one of them was updated."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("bpy")

import bpy

from posenet3d_blender.capture.pipeline import CapturedShot
from posenet3d_blender.motion import Motion
from posenet3d_blender.ui.settings import settings_of
from posenet3d_blender.ui.takes import people_of, take_of, takes_in

from . import conftest
from .conftest import Pipeline, standing
from .test_shots_and_files import hidden_at

pytestmark = pytest.mark.usefixtures("add_on")


def capture_all(video: Path) -> list[bpy.types.Collection]:
    settings_of(bpy.context.scene).shots = "all"
    assert bpy.ops.posenet3d.capture(filepath=str(video)) == {"FINISHED"}
    return takes_in(bpy.context.scene)


def update(take: bpy.types.Collection) -> None:
    settings_of(bpy.context.scene).take = take
    assert bpy.ops.posenet3d.update_take() == {"FINISHED"}


def starts(takes: list[bpy.types.Collection]) -> list[float]:
    return [people_of(take)[0].posenet3d.action.frame_range[0] for take in takes]


@pytest.fixture
def _late_shot(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second shot begins an hour later; its own scene starts with it, as the pipeline has it."""
    shot_of = conftest.shot_of

    def hours_later(motion: Motion, people: int, number: int) -> CapturedShot:
        shot = shot_of(motion, people, number)
        late = [replace(one, time=one.time + 3600, scene_start=3602.0) for one in shot.motions]
        return replace(shot, motions=tuple(late)) if number else shot

    monkeypatch.setattr(conftest, "shot_of", hours_later)


@pytest.mark.usefixtures("_late_shot")
def test_shots_of_an_hour_follow_one_another_also_when_they_are_updated(pipeline: Pipeline, video: Path) -> None:
    takes = capture_all(video)
    in_step = [1, 1 + 30 * 3602]
    assert starts(takes) == in_step
    for _ in range(2):
        update(takes[1])
        assert starts(takes) == in_step


@pytest.mark.usefixtures("_late_shot")
def test_a_shot_of_an_earlier_version_is_updated_as_ever(pipeline: Pipeline, video: Path) -> None:
    takes = capture_all(video)
    take_of(takes[1]).property_unset("is_one_of_several")
    update(takes[1])
    assert starts(takes) == [1, 1]


@pytest.mark.usefixtures("_late_shot")
def test_a_shot_that_begins_earlier_than_the_scene_starts_at_its_first_frame(pipeline: Pipeline, video: Path) -> None:
    """As after another choice of start or person for the first shot."""
    takes = capture_all(video)
    pipeline.motion = replace(standing(5), time=standing(5).time - 0.5)
    update(takes[0])
    assert starts(takes) == [1, 1 + 30 * 3602]


@pytest.mark.parametrize("updated", [0, 1])
def test_an_updated_shot_is_still_shown_in_its_own_frames_only(pipeline: Pipeline, video: Path, updated: int) -> None:
    takes = capture_all(video)
    pipeline.motion = standing(8)
    update(takes[updated])
    people = [person for take in takes for person in people_of(take)]
    last = [5, 65]
    last[updated] += 3
    shown = [[not hidden_at(person, frame) for person in people] for frame in (last[0], last[0] + 1, 60, 61, last[1])]
    assert shown == [[True, False], [False, False], [False, False], [False, True], [False, True]]


def test_a_single_take_and_a_shot_without_the_others_are_not_hidden(pipeline: Pipeline, video: Path) -> None:
    first, second = capture_all(video)
    settings_of(bpy.context.scene).take = second
    assert bpy.ops.posenet3d.delete_take() == {"FINISHED"}
    update(first)
    settings_of(bpy.context.scene).shots = "longest"
    assert bpy.ops.posenet3d.capture(filepath=str(video)) == {"FINISHED"}
    single = takes_in(bpy.context.scene)[-1]
    update(single)
    assert not any(hidden_at(person, 99) for take in (first, single) for person in people_of(take))
