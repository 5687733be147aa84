"""A pipeline that captures nothing real, in its place."""

from __future__ import annotations

import sys
import time
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.model import load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.errors import PoseNet3DError
from posenet3d_blender.motion import Motion
from posenet3d_blender.progress import Progress


@dataclass(frozen=True)
class Settings:
    person: str = "largest"


@dataclass(frozen=True)
class Footage:
    path: Path


@dataclass(frozen=True)
class Capture:
    motions: tuple[Motion, ...]
    footage: Footage
    warnings: tuple[str, ...] = ()


def standing(frame_count: int) -> Motion:
    poses = np.zeros((frame_count, 24, 3))
    poses[:, 0, 0] = np.pi / 2
    joints, _ = forward_kinematics(axis_angle_to_matrix(poses), load_body().rest_joints(np.zeros(10)))
    return Motion(
        poses=poses,
        trans=np.zeros((frame_count, 3)),
        betas=np.zeros(10),
        frame_rate=30.0,
        time=np.arange(frame_count) / 30,
        joints=joints,
        contacts=np.ones((frame_count, 2)),
        confidence=np.ones(frame_count),
    )


def capture_video(video: Path, settings: Settings, progress: Progress) -> Capture:
    if not video.is_file():
        raise PoseNet3DError(f"{video}: no such file; check the name")
    if video.stem == "bug":
        raise ZeroDivisionError("a mistake of ours")
    for step in range(1000 if video.stem == "endless" else 10):
        progress("landmarks", step / 1000)
        time.sleep(0.005)
    people = 2 if settings.person == "all" else 1
    return Capture((standing(5),) * people, Footage(video))


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    module = types.ModuleType("posenet3d_blender.capture.pipeline")
    module.CaptureSettings = Settings
    module.capture_video = capture_video
    monkeypatch.setitem(sys.modules, module.__name__, module)
    yield
