"""Running the convert command as a user does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from posenet3d_blender.body.skeleton import JOINT_INDEX
from trainer.cli import main
from trainer.data.clips import Clips, load_clips


class Converted:
    """What convert made of a file."""

    def __init__(self, clips: Clips) -> None:
        self.clips = clips

    def joint(self, name: str, frame: int = 0) -> np.ndarray:
        """(3,) metres from the pelvis."""
        return self.clips.relative_joints[frame, JOINT_INDEX[name]]

    def bone(self, start: str, end: str, frame: int = 0) -> np.ndarray:
        """(3,) metres from one joint to another."""
        return self.joint(end, frame) - self.joint(start, frame)


@pytest.fixture
def convert(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Converted]:
    """Convert files of a format (and options) to clips, by the command line."""

    def run(*arguments: str | Path) -> Converted:
        out = tmp_path / "converted.npz"
        assert main(["convert", *map(str, arguments), "--out", str(out)]) == 0, capsys.readouterr().err
        assert capsys.readouterr().out.startswith(f"{out}: ")
        return Converted(load_clips(out))

    return run


@pytest.fixture
def refusal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """The one line with which convert refuses files of a format; nothing is written."""

    def run(*arguments: str | Path) -> str:
        out = tmp_path / "refused.npz"
        assert main(["convert", *map(str, arguments), "--out", str(out)]) == 1
        error = capsys.readouterr().err
        assert error.count("\n") == 1, error
        assert not out.exists()
        return error

    return run
