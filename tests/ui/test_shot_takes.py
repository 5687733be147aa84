"""Takes of several shots of one footage, after one of them was updated."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("bpy")

import bpy

from posenet3d_blender.ui.settings import settings_of
from posenet3d_blender.ui.takes import people_of, takes_in

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
