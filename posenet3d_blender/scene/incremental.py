"""Long work on Blender's main thread, cut into short steps, so that Blender's window stays responsive.

Such work is a generator that yields after each step and returns its result. It yields None, or the part of the work
that is done, 0 to 1, where that is known. When it is closed early (`close`), it removes what it has made so far.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

Result = TypeVar("Result")
Steps = Generator[float | None, None, Result]


def share(steps: Steps[Result], index: int, count: int) -> Steps[Result]:
    """The same steps, as the one of this index among several equal parts of a work."""
    try:
        while True:
            try:
                done = next(steps)
            except StopIteration as end:
                result: Result = end.value
                return result
            yield (index + (done or 0.0)) / count
    finally:
        steps.close()


def run(steps: Steps[Result]) -> Result:
    """Run all steps at once, where there is no window to keep responsive."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: Result = end.value
            return result
