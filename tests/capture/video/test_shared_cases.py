"""Footage as people really have it, made from the bundled clip: the same pictures must come out, at the same times."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from posenet3d_blender.capture.pipeline import CaptureSettings, capture_video
from posenet3d_blender.capture.video.footage import Footage, Frame, open_footage, read_frames, sample_times

CHECKED = (0, 29, 59, 60, 64, 65, 66, 67, 100, 130)
"""Frames of the clip that are compared."""


@pytest.fixture
def cases(shared_folder: Path) -> Path:
    folder = shared_folder / "cases"
    if not folder.is_dir():
        pytest.skip("../shared/cases is not beside this checkout")
    return folder


@pytest.fixture(scope="module")
def truth(demo_clip: Path) -> dict[int, NDArray[np.uint8]]:
    """Frames of the bundled clip."""
    return {frame.index: frame.image for frame in read_frames(open_footage(demo_clip)) if frame.index in CHECKED}


def warnings_of(footage: Footage) -> list[str]:
    return footage.warnings(slice(0, footage.frame_count))


def assert_same_picture(image: NDArray[np.uint8], expected: NDArray[np.uint8]) -> None:
    """The case's own encoding aside: its error is 3 at most, a frame's difference to the next one 0.8 and more."""
    assert image.shape == expected.shape
    assert np.abs(image.astype(int) - expected).mean() < 3


@pytest.mark.parametrize(
    ("name", "warning"),
    [
        ("mirror_matrix.mp4", None),
        ("a.h264", None),
        ("full.mkv", None),
        ("jump_hour.ts", "jumps by +59:57.83 min at 2.20 s"),
        ("two_streams.mkv", "number 1 (720x540)"),
        ("sar.mp4", None),
    ],
)
def test_all_frames_at_their_times(
    cases: Path, truth: dict[int, NDArray[np.uint8]], name: str, warning: str | None
) -> None:
    footage = open_footage(cases / name)
    assert footage.image_size == (720, 540)
    assert footage.standard_rate == 30
    np.testing.assert_allclose(footage.time, np.arange(131) / 30, atol=6e-4)
    assert len(sample_times(footage.time, footage.standard_rate)) == 131
    for frame in read_frames(footage):
        if frame.index in CHECKED:
            assert_same_picture(frame.image, truth[frame.index])
    warnings = warnings_of(footage)
    assert not warnings if warning is None else warning in warnings[0]


def test_one_time_twice(cases: Path, demo_clip: Path) -> None:
    """30 frames a second, then every second one, of which one has the time of the one before."""
    footage = open_footage(cases / "vfr_dup.mkv")
    clip = [(frame.time, small(frame)) for frame in read_frames(open_footage(demo_clip))]
    assert footage.frame_count == 99
    assert footage.time[-1] == pytest.approx(130 / 30, abs=1e-3)
    for frame in read_frames(footage):
        differences = [float(np.abs(image - small(frame)).mean()) for _, image in clip]
        assert abs(clip[int(np.argmin(differences))][0] - frame.time) < 0.02
    (warning,) = warnings_of(footage)
    assert warning.startswith("1 frame is without a timestamp")


def small(frame: Frame) -> NDArray[np.int64]:
    return frame.image[::6, ::6].astype(np.int64)


def test_a_size_that_changes(cases: Path, truth: dict[int, NDArray[np.uint8]]) -> None:
    """From 2 s on the picture is upright and shows the middle, 420 x 540, in black; nothing changes its size."""
    footage = open_footage(cases / "turn.ts")
    assert footage.frame_count == 131
    assert footage.image_size == (720, 720)
    for frame in read_frames(footage):
        if frame.index in CHECKED:
            columns = slice(None) if frame.index < 60 else slice(152, 568)
            assert_same_picture(frame.image[90:630, columns], truth[frame.index][:, columns])
    (warning,) = warnings_of(footage)
    assert "from 720x540 to 540x720 at 2.00 s" in warning


def test_slow_motion_of_television(cases: Path) -> None:
    footage = open_footage(cases / "f11988.mp4")
    assert footage.standard_rate == Fraction(120_000, 1001)
    assert len(sample_times(footage.time, footage.standard_rate)) == 131


def test_the_mirrored_track_gives_the_clips_motion(cases: Path, demo_clip: Path) -> None:
    """PA-MPJPE of the first second: 187 mm where the picture is turned, not mirrored."""
    settings = CaptureSettings(device="cpu", detector="full", end=1.0)
    capture = capture_video(cases / "mirror_matrix.mp4", settings)
    motion = capture.motions[0]
    with np.load(demo_clip.with_name("demo_truth.npz")) as truth:
        true_joints = truth["joints"][: motion.frame_count].astype(np.float64)
    errors = [aligned_error(joints, true) for joints, true in zip(motion.joints, true_joints, strict=True)]
    assert np.mean(errors) < 0.070
    assert not capture.warnings


def aligned_error(joints: NDArray[np.float64], true: NDArray[np.float64]) -> float:
    """Mean distance in metres after the similarity transform that fits best, without mirroring."""
    centred, true_centred = joints - joints.mean(0), true - true.mean(0)
    u, s, vt = np.linalg.svd(centred.T @ true_centred)
    signs = np.array([1, 1, np.sign(np.linalg.det(u @ vt))])
    fitted = (s * signs).sum() / (centred**2).sum() * centred @ (u * signs) @ vt
    return float(np.linalg.norm(fitted - true_centred, axis=1).mean())
