"""Fixtures for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared_folder() -> Path:
    """Footage, ground truth and motion capture beside the checkout; tests of it are skipped where it is not there."""
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
