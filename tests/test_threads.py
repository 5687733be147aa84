"""Reading ahead changes only when things are read; works side by side end together, whatever happens."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from posenet3d_blender.errors import Cancelled, PoseNet3DError
from posenet3d_blender.threads import read_ahead, side_by_side


class Reading:
    """Numbers, and how many of them were read."""

    def __init__(self, count: int, fails_after: int | None = None) -> None:
        self.made = 0
        self._count = count
        self._fails_after = fails_after

    def __iter__(self) -> Iterator[int]:
        for number in range(self._count):
            if number == self._fails_after:
                raise OSError("the drive is gone")
            self.made += 1
            yield number


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "read ahead"]


@pytest.mark.parametrize("count", [0, 1, 3, 100])
def test_the_order_is_kept(count: int) -> None:
    assert list(read_ahead(Reading(count))) == list(range(count))
    assert not readers()


def test_an_error_comes_in_its_place() -> None:
    items = read_ahead(Reading(10, fails_after=7))
    assert [next(items) for _ in range(7)] == list(range(7))
    with pytest.raises(OSError, match="the drive is gone"):
        next(items)
    assert not readers()


def test_little_is_read_in_advance_and_the_thread_ends_when_it_is_left() -> None:
    reading = Reading(10_000)
    items = read_ahead(reading, depth=4)
    assert [next(items) for _ in range(3)] == [0, 1, 2]
    items.close()  # type: ignore[attr-defined]  # a generator
    assert not readers()
    assert reading.made < 20


def test_progress_is_told_in_the_calling_thread_and_may_cancel() -> None:
    threads = set()

    def cancel(fraction: float) -> None:
        threads.add(threading.current_thread())
        if fraction > 0:
            raise Cancelled

    def endless() -> Iterator[None]:
        while True:
            yield

    with pytest.raises(Cancelled):
        side_by_side([endless(), endless()], 10**9, 2, cancel)
    assert threads == {threading.current_thread()}
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("stretch")]


def test_an_error_in_one_stretch_ends_the_others() -> None:
    def failing() -> Iterator[None]:
        yield
        raise PoseNet3DError("clip.mp4: can't be read any more")

    def endless() -> Iterator[None]:
        while True:
            yield

    with pytest.raises(PoseNet3DError, match="can't be read any more"):
        side_by_side([endless(), failing()], 10**9, 2, lambda fraction: None)
