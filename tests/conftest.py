"""Fixtures of all tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

# Set before scipy is imported: with more threads the solver's small matrices cost twenty times the CPU time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from posenet3d_blender.cli.process import exit_process

CHECKOUT = Path(__file__).parents[1]
EXIT_STATUS = pytest.StashKey[int]()


@pytest.fixture(scope="session")
def shared_folder() -> Path:
    """Footage, ground truth and motion capture beside the checkout; tests that need it are skipped if it is missing."""
    folder = CHECKOUT.parent / "shared"
    if not (folder / "video").is_dir():
        pytest.skip("../shared with real footage is not beside this checkout")
    return folder


@pytest.fixture(scope="session")
def demo_clip() -> Path:
    """The bundled clip: one rendered person."""
    clip = CHECKOUT / "examples" / "demo_clip.mp4"
    if not clip.is_file():
        pytest.skip("examples/demo_clip.mp4 is missing from this checkout")
    return clip


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.stash[EXIT_STATUS] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Exit after the summary is printed: unloading Blender must not turn a passed run into a crash or a hang."""
    if EXIT_STATUS in config.stash and "bpy" in sys.modules:
        exit_process(config.stash[EXIT_STATUS])
