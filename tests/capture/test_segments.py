"""Segments of long clips."""

from __future__ import annotations

from itertools import pairwise

import pytest

from posenet3d_blender.capture.solve.segments import overlapping_segments


@pytest.mark.parametrize("count", [1, 60, 61, 659, 660, 661, 662, 1260, 1261, 1262, 100_000])
def test_every_sample_is_in_a_segment_and_neighbours_overlap(count: int) -> None:
    segments = overlapping_segments(count, 600, 60)
    assert segments[0].start == 0
    assert segments[-1].stop == count
    assert all(segment.stop - segment.start <= 660 for segment in segments)
    for before, after in pairwise(segments):
        assert before.stop - after.start == 60
        assert after.stop - after.start > 60
