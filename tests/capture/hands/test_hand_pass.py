"""The search for hands of people whose 2D joints come from a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from posenet3d_blender.arrays import Array
from posenet3d_blender.capture.hands import hand_pass
from posenet3d_blender.capture.hands.finder import HandFinder
from posenet3d_blender.capture.hands.tracker import HandTracker
from posenet3d_blender.capture.keypoints.keypoints import KEYPOINT_COUNT, Keypoints
from posenet3d_blender.capture.video.footage import Frame, open_footage
from posenet3d_blender.progress import silent


@pytest.mark.parametrize("kept", [slice(None, None, 2), [*range(20), *range(50, 80)]])
def test_hands_are_sought_at_the_wrists_of_their_own_frame(
    kept: slice | list[int], demo_clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files may lack frames, or be of a copy of the footage at another rate."""
    footage = open_footage(demo_clip)
    time = footage.time[:80][kept]
    # Every point lies at the time of its frame.
    points = np.broadcast_to(time[:, None, None], (len(time), KEYPOINT_COUNT, 2))
    person = Keypoints(time, points, np.ones(points.shape[:2]), footage.image_size)
    sought: dict[float, float] = {}

    def find(_tracker: HandTracker, frame: Frame, points: Array, _confidence: Array) -> None:
        sought[frame.time] = float(points.flat[0])

    monkeypatch.setattr(HandTracker, "find", find)
    finder = object.__new__(HandFinder)
    (found,) = hand_pass.find_hands(footage, [person], finder, 20.0, silent)
    assert found.hands is not None
    assert len(found.hands.presence) == len(time)
    assert len(sought) > len(time) / 2
    for frame_time, place in sought.items():
        assert place == pytest.approx(frame_time, abs=1e-6)
