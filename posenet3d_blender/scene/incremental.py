"""Long work on Blender's main thread, cut into short steps, so that the window lives on between them.

Such work is a generator that yields after each step and returns what it made. When it is dropped half done (`close`),
it takes away what it has made so far.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

Result = TypeVar("Result")
Steps = Generator[None, None, Result]


def run(steps: Steps[Result]) -> Result:
    """All the steps at once, where nobody waits at a window."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
