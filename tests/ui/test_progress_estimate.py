"""Progress of a whole task and the time that is left."""

from __future__ import annotations

import pytest

pytest.importorskip("bpy")  # imported by the package

from posenet3d_blender.progress import part_of
from posenet3d_blender.ui.progress_estimate import (
    STAGE_NAMES,
    EstimateOfSeveral,
    ProgressEstimate,
    stage_name,
    time_left,
)


class Clock:
    """A clock that is set by hand, seconds."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    "stage", ["people", "cuts", "landmarks", "camera", "student", "solve", "preview", "building the scene"]
)
def test_every_stage_has_a_name_in_plain_words(stage: str) -> None:
    assert stage_name(stage) == STAGE_NAMES[stage]
    assert " " in stage_name(stage)


def test_the_total_never_falls_and_ends_at_one() -> None:
    estimate = ProgressEstimate({"people": 1.0, "landmarks": 3.0}, Clock())
    totals = []
    for stage, fraction in [("people", 0.5), ("people", 1.0), ("landmarks", 0.5), ("landmarks", 0.2), ("cuts", 0.9)]:
        estimate.update(stage, fraction)
        totals.append(estimate.total)
    assert totals == sorted(totals)
    estimate.update("building the scene", 1.0)
    assert estimate.total == 1.0


def test_the_time_left_follows_the_stages_own_speed() -> None:
    clock = Clock()
    estimate = ProgressEstimate({"people": 10.0, "landmarks": 30.0}, clock)
    estimate.update("people", 0.0)
    assert estimate.seconds_left is None
    clock.now = 10.0
    estimate.update("people", 0.5)
    # Twenty seconds for all of this stage; three times as long for the next one; a tenth for the scene.
    assert estimate.seconds_left == pytest.approx(10 + 60 + 20 * 2 / 10)


def test_a_stage_that_begins_late_is_not_taken_for_a_fast_one() -> None:
    clock = Clock()
    estimate = ProgressEstimate({"landmarks": 1.0}, clock)
    estimate.update("landmarks", 0.6)
    clock.now = 10.0
    estimate.update("landmarks", 0.7)
    assert estimate.seconds_left is not None
    assert estimate.seconds_left > 30


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, ""), (3.0, "a few seconds left"), (21.0, "about 20 s left"), (70.0, "about 1 min left")],
)
def test_the_time_left_in_words(seconds: float | None, text: str) -> None:
    assert time_left(seconds) == text


def test_several_people_count_as_one_stage() -> None:
    reports: list[tuple[str, float]] = []
    for person in range(2):
        part = part_of(lambda stage, fraction: reports.append((stage, fraction)), person, 2)
        part("landmarks", 0.5)
        part("landmarks", 1.0)
    assert reports == [("landmarks", 0.25), ("landmarks", 0.5), ("landmarks", 0.75), ("landmarks", 1.0)]


def test_several_clips_are_one_whole() -> None:
    clock = Clock()
    several = EstimateOfSeveral(4, clock)
    present = ProgressEstimate({"landmarks": 1.0}, clock)
    several.begin(0, present)
    assert several.total == 0.0
    assert several.seconds_left is None
    clock.now += 60.0
    present = ProgressEstimate({"landmarks": 2.0}, clock)
    several.begin(1, present)
    present.update("landmarks", 0.0)
    clock.now += 20.0
    present.update("landmarks", 0.5)
    assert several.total == pytest.approx((1 + 0.25) / 4)
    of_present = 20 + 20 * 2  # the other half of the landmarks, and the scene, which is as long as they are
    assert several.seconds_left == pytest.approx(of_present + 2 * (80 + of_present) / 2)
