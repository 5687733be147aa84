"""Work in several threads: reading ahead of what is done with it, and several works side by side."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Final, TypeVar

DEPTH: Final = 4
"""Items that wait to be taken, at most."""
REPORT_INTERVAL: Final = 0.1
"""Seconds between two reports of progress."""

Item = TypeVar("Item")


@dataclass(frozen=True)
class _End:
    """The last thing in the queue."""

    error: BaseException | None


def read_ahead(items: Iterable[Item], depth: int = DEPTH) -> Iterator[Item]:
    """The same items in their order, up to `depth` of them made in advance by another thread.

    The thread ends with the iterator, also where that is left early.

    Raises:
        Exception: whatever `items` raises, in its place.
    """
    waiting: queue.Queue[Item | _End] = queue.Queue(depth)
    is_left = threading.Event()

    def read() -> None:
        error: BaseException | None = None
        try:
            for item in items:
                waiting.put(item)
                if is_left.is_set():
                    return
        except BaseException as raised:  # raised again where the items are taken
            error = raised
        waiting.put(_End(error))

    reader = threading.Thread(target=read, name="read ahead", daemon=True)
    reader.start()
    try:
        while not isinstance(item := waiting.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        is_left.set()
        while reader.is_alive():  # it may wait for room
            try:
                waiting.get(timeout=0.01)
            except queue.Empty:
                continue


def side_by_side(works: Sequence[Iterable[object]], steps: int, streams: int, report: Callable[[float], None]) -> None:
    """Go through all works to their ends.

    Args:
        works: each yields something after every step.
        steps: of all of them together.
        streams: works at a time, each in a thread of its own; 1: one after the other, in this thread.
        report: told of the fraction that is done, in this thread.

    Raises:
        Exception: whatever a work or `report` raises; the other works end at their next step.
    """
    done = [0] * len(works)
    ends = threading.Event()

    def go_through(number: int) -> Iterator[None]:
        for _ in works[number]:
            done[number] += 1
            yield
            if ends.is_set():
                return

    if streams <= 1 or len(works) == 1:
        for number in range(len(works)):
            for _ in go_through(number):
                report(sum(done) / steps)
        return
    with ThreadPoolExecutor(streams, thread_name_prefix="stretch") as pool:
        running = {pool.submit(deque, go_through(number), maxlen=0) for number in range(len(works))}
        try:
            while running:
                ended, running = wait(running, REPORT_INTERVAL, FIRST_EXCEPTION)
                for one in ended:
                    one.result()
                report(sum(done) / steps)
        finally:
            ends.set()
            pool.shutdown(cancel_futures=True)
