"""Copies that are kept while footage is read are those of a second reading, which they make needless."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from posenet3d_blender.capture.video.footage import Footage, open_footage, read_frames
from posenet3d_blender.capture.video.grey_copies import GreyCopies, GreyCopy
from posenet3d_blender.capture.video.sources.pictures import PictureSource, StoredPicture

FRAMES = slice(3, 40)
SIDE = 100


@dataclass
class CountingSource:
    """Counts the pictures that are decoded."""

    source: PictureSource
    count: int = 0
    can_seek: bool = True

    def pictures(self, first: int) -> Iterator[StoredPicture]:
        for picture in self.source.pictures(first):
            self.count += 1
            yield picture

    def check_present(self) -> None:
        self.source.check_present()


@pytest.fixture
def source(demo_clip: Path) -> CountingSource:
    return CountingSource(open_footage(demo_clip).source)


@pytest.fixture
def footage(demo_clip: Path, source: CountingSource) -> Footage:
    return replace(open_footage(demo_clip), source=source)


def expected(footage: Footage) -> list[GreyCopy]:
    copies = list(GreyCopies(SIDE, 0.25).take(footage, FRAMES))
    gaps = np.diff([copy.time for copy in copies])
    assert (gaps[:-1] >= 0.249).all()
    assert gaps.max() < 0.3
    assert [copies[0].index, copies[-1].index] == [FRAMES.start, FRAMES.stop - 1]
    return copies


def assert_equal(copies: list[GreyCopy], others: list[GreyCopy]) -> None:
    assert [(one.index, one.time) for one in copies] == [(one.index, one.time) for one in others]
    for one, other in zip(copies, others, strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)


@pytest.mark.parametrize("room", [10**9, 25_000, 1])
def test_kept_copies_are_those_of_a_second_reading(footage: Footage, source: CountingSource, room: int) -> None:
    wanted = expected(footage)
    copies = GreyCopies(SIDE, 0.25, room)
    passed = [frame.index for frame in copies.keep(footage, FRAMES, read_frames(footage, FRAMES))]
    assert passed == list(range(FRAMES.start, FRAMES.stop))
    source.count = 0
    assert_equal(list(copies.take(footage, FRAMES)), wanted)
    assert (source.count == 0) == (room == 10**9), "what did not fit is read again"


def test_a_range_that_was_not_kept_is_read(footage: Footage) -> None:
    copies = GreyCopies(SIDE, 0.25)
    list(copies.keep(footage, slice(0, 10), read_frames(footage, slice(0, 10))))
    assert_equal(list(copies.take(footage, FRAMES)), expected(footage))


def test_copies_that_are_kept_in_stretches_are_those_of_one_reading(footage: Footage, source: CountingSource) -> None:
    wanted = expected(footage)
    copies = GreyCopies(SIDE, 0.25)
    for stretch in (slice(18, 40), slice(3, 24)):
        list(copies.keep(footage, FRAMES, read_frames(footage, stretch)))
    source.count = 0
    assert_equal(list(copies.take(footage, FRAMES)), wanted)
    assert source.count == 0
