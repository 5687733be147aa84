"""Long work on Blender's main thread, cut into short steps, so that Blender's window stays responsive.

Such work is a generator that yields after each step and returns its result. When it is closed early (`close`), it
removes what it has made so far.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

Result = TypeVar("Result")
Steps = Generator[None, None, Result]


def run(steps: Steps[Result]) -> Result:
    """Run all steps at once, where there is no window to keep responsive."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: Result = end.value
            return result
