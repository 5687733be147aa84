"""Following: detections become one track a person, also where people meet, leave and come back."""

from __future__ import annotations

import numpy as np
import pytest

from posenet3d_blender.arrays import Array
from posenet3d_blender.capture.detection.blazepose.detector import Detection
from posenet3d_blender.capture.detection.blazepose.regions import Region
from posenet3d_blender.capture.detection.person_tracker import PersonTracker, TrackedDetection

RED, GREY = np.full((2, 3), [0.8, 0.1, 0.1]), np.full((2, 3), 0.5)
TIMES = np.arange(0, 4, 0.1)


def detection(time: float, x: float, colours: Array = GREY, size: float = 400, rotation: float = 0) -> TrackedDetection:
    return TrackedDetection(time, Detection(Region(x, 300, size, rotation), 0.9), colours)


def track_people(updates: list[list[TrackedDetection]]) -> PersonTracker:
    tracker = PersonTracker()
    for detections in updates:
        if detections:
            for newcomer in tracker.update(detections[0].time, detections):
                tracker.start_track(newcomer)
    return tracker


def places(tracker: PersonTracker) -> list[list[float]]:
    return [[round(one.region.x) for one in track.detections] for track in tracker.tracks()]


def test_two_people_who_pass_each_other_keep_their_tracks() -> None:
    rightwards, leftwards = 100 + 300 * TIMES, 1200 - 300 * TIMES
    updates = []
    for index, time in enumerate(TIMES):
        both = [detection(time, rightwards[index], RED), detection(time, leftwards[index])]
        # Where one hides the other, the detector sees one of them.
        together = abs(rightwards[index] - leftwards[index]) < 120
        updates.append(both[:1] if together else both[:: 1 if index % 2 else -1])
    tracks = places(track_people(updates))
    assert len(tracks) == 2
    assert all(np.all(np.diff(track) > 0) or np.all(np.diff(track) < 0) for track in tracks)
    assert {track[0] for track in tracks} == {100, 1200}
    assert {track[-1] for track in tracks} == {round(rightwards[-1]), round(leftwards[-1])}


def two_visits(pause: float, place: float, colours: Array = GREY) -> PersonTracker:
    """Somebody is seen at 200 for a second, and after a pause somebody at another place for a second."""
    updates = [[detection(time, 200)] for time in TIMES[:10]]
    updates += [[detection(time + 1 + pause, place, colours)] for time in TIMES[:10]]
    return track_people(updates)


@pytest.mark.parametrize(("pause", "place"), [(0.5, 900), (1.5, 1400), (0.5, 200), (5.0, 300)])
def test_someone_who_comes_back_is_the_same(pause: float, place: float) -> None:
    """Soon after, at a place that can be reached; or at the old place, where they were not detected for a while."""
    assert places(two_visits(pause, place)) == [[200] * 10 + [place] * 10]


@pytest.mark.parametrize(
    ("pause", "place", "shade"),
    [(0.5, 1400, 0.5), (2.5, 900, 0.5), (6.5, 200, 0.5), (0.8, 200, 0.75), (0.5, 900, 0.63)],
    ids=["too far", "after long", "after very long", "other clothes", "similar clothes, elsewhere"],
)
def test_who_may_be_somebody_else_has_a_track_of_their_own(pause: float, place: float, shade: float) -> None:
    assert places(two_visits(pause, place, np.full((2, 3), shade))) == [[200] * 10, [place] * 10]


def test_who_left_at_the_edge_and_comes_back_later_may_be_somebody_else() -> None:
    tracker = PersonTracker(picture_width=1000)
    for start, place in ((0.0, 950), (4.0, 940)):
        for time in TIMES[:10]:
            for newcomer in tracker.update(start + time, [detection(start + time, place)]):
                tracker.start_track(newcomer)
    assert places(tracker) == [[950] * 10, [940] * 10]


def test_somebody_else_who_comes_is_not() -> None:
    updates = [[detection(time, 200, RED)] for time in TIMES[:10]] + [
        [detection(time + 3, 900, GREY)] for time in TIMES[:10]
    ]
    assert places(track_people(updates)) == [[200] * 10, [900] * 10]


def test_a_jump_across_the_picture_is_somebody_else() -> None:
    updates = [[detection(0.0, 200)], [detection(0.1, 200)], [detection(0.2, 900)]]
    tracker = track_people(updates)
    assert len(tracker.active_tracks(0.2)) == 2


def test_somebody_upside_down_a_moment_later_is_a_false_detection() -> None:
    tracker = track_people([[detection(0.0, 200)], [detection(0.1, 200)]])
    assert tracker.update(0.2, [detection(0.2, 200, rotation=np.pi)])


def test_a_part_of_a_neighbour_is_not_taken_for_the_one_who_is_hidden() -> None:
    updates = [[detection(time, 200), detection(time, 500)] for time in (0.0, 0.1, 0.2)]
    # The left one is hidden; the right one is seen twice, once by half.
    updates.append([detection(0.3, 500), detection(0.3, 370)])
    tracker = track_people(updates[:3])
    tracker.update(0.3, updates[3])
    assert places(tracker) == [[200] * 3, [500] * 4]


def test_runner_is_expected_ahead() -> None:
    tracker = track_people([[detection(time, 100 + 1000 * time)] for time in (0.0, 0.1, 0.2)])
    assert tracker.active_tracks(0.4)[0].predict(0.4).x == pytest.approx(500)
