"""A stand-in for the capture pipeline, and the add-on enabled in an empty Blender."""

from __future__ import annotations

import sys
import time
import types
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from posenet3d_blender.background import Background
from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.model import load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.camera import Camera
from posenet3d_blender.capture.keypoints.keypoints import KEYPOINT_COUNT, Keypoints
from posenet3d_blender.capture.pipeline import CapturedShot, CaptureSettings
from posenet3d_blender.errors import PoseNet3DError
from posenet3d_blender.motion import Motion
from posenet3d_blender.progress import Progress


@dataclass(frozen=True)
class Footage:
    path: Path

    @property
    def background(self) -> Background:
        time = np.arange(131) / 30
        return Background(self.path, self.path.stem, time, time)


@dataclass(frozen=True)
class Capture:
    shots: tuple[CapturedShot, ...]
    footage: Footage
    settings: CaptureSettings
    warnings: tuple[str, ...] = ("The person is not visible in 3 of 5 frames",)
    device: str = "cpu"
    backend: str = "onnxruntime"


def standing(frame_count: int, lean: float = 0.0) -> Motion:
    """Someone who stands still, leaning forward by an angle, radians; three frames are of low confidence."""
    poses = np.zeros((frame_count, 24, 3))
    poses[:, 0, 0] = np.pi / 2 + lean
    joints, _ = forward_kinematics(axis_angle_to_matrix(poses), load_body().rest_joints(np.zeros(10)))
    confidence = np.ones(frame_count)
    confidence[1:4] = 0.1
    return Motion(
        poses=poses,
        trans=np.zeros((frame_count, 3)),
        betas=np.zeros(10),
        frame_rate=30.0,
        time=np.arange(frame_count) / 30,
        joints=joints,
        contacts=np.ones((frame_count, 2)),
        confidence=confidence,
        camera=Camera(1200.0, (720, 1280), np.eye(4)),
    )


class Pipeline:
    """Stand-in for the pipeline module that records the settings of each capture."""

    def __init__(self) -> None:
        self.settings: list[CaptureSettings] = []
        self.motion = standing(5)

    def capture_video(self, video: Path, settings: CaptureSettings, progress: Progress) -> Capture:
        self.settings.append(settings)
        if not video.is_file():
            raise PoseNet3DError(f"{video}: no such file; check the name")
        if video.stem == "bug":
            raise ZeroDivisionError("a mistake of ours")
        for step in range(1000 if video.stem == "endless" else 10):
            progress("landmarks", step / 1000)
            time.sleep(0.005)
        people = 2 if settings.person == "all" else 1
        chosen = {"all": [0, 1], "longest": [0]}.get(settings.shots) or [int(settings.shots) - 1]
        return Capture(tuple(shot_of(self.motion, people, number) for number in chosen), Footage(video), settings)


def shot_of(motion: Motion, people: int, number: int) -> CapturedShot:
    """Each shot begins two seconds after the one before; all are in step with the footage."""
    later = replace(motion, time=motion.time + 2 * number, scene_start=0.0)
    count = len(motion.time)
    points = np.full((count, KEYPOINT_COUNT, 2), 100.0 + number)
    keypoints = Keypoints(later.time, points, np.ones((count, KEYPOINT_COUNT)), (720, 1280))
    return CapturedShot((later,) * people, (keypoints,) * people)


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    pipeline = Pipeline()
    module = types.ModuleType("posenet3d_blender.capture.pipeline")
    vars(module).update(CaptureSettings=CaptureSettings, capture_video=pipeline.capture_video)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return pipeline


@pytest.fixture
def add_on() -> Iterator[None]:
    """The add-on, enabled in an empty Blender."""
    pytest.importorskip("bpy")
    import posenet3d_blender
    from posenet3d_blender.scene import reset_to_empty

    reset_to_empty()
    posenet3d_blender.register()
    yield
    posenet3d_blender.unregister()


@pytest.fixture
def video(tmp_path: Path, demo_clip: Path) -> Path:
    """A video that Blender can show, under a name that the stand-in accepts."""
    path = tmp_path / "walk.mp4"
    path.symlink_to(demo_clip)
    return path
