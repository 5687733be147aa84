"""The preview video: size, times, and where the skeleton is drawn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from posenet3d_blender.body.hands import rest_hand
from posenet3d_blender.body.model import load_body
from posenet3d_blender.body.skeleton import JOINT_COUNT, JOINT_INDEX
from posenet3d_blender.camera import Camera
from posenet3d_blender.capture.video.footage import Footage, open_footage, read_frames
from posenet3d_blender.capture.video.preview import (
    COLOURS,
    ProjectedMotion,
    Skeleton,
    draw_skeleton,
    preview_size,
    write_preview,
)
from posenet3d_blender.errors import PoseNet3DError
from posenet3d_blender.motion import Motion

from ..conftest import WriteVideo

LOOK_ALONG_Y = np.array([[1, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 4], [0, 0, 0, 1.0]])


def motion_of(footage: Footage, first: float, last: float, camera: bool = True) -> Motion:
    """All joints in one place that moves to the right by 1 m/s, sampled at 30 per second."""
    time = np.arange(first, last + 1e-6, 1 / 30)
    joints = np.zeros((len(time), JOINT_COUNT, 3))
    joints[..., 0] = time[:, None]
    seen_by = Camera(200.0, footage.image_size, LOOK_ALONG_Y) if camera else None
    zeros = np.zeros((len(time), 3))
    poses = np.zeros((len(time), JOINT_COUNT, 3))
    ones = np.ones(len(time))
    return Motion(poses, zeros, np.zeros(10), 30.0, time, joints, zeros[:, :2], ones, seen_by)


@pytest.fixture
def grey_clip(write_video: WriteVideo) -> Footage:
    times = np.cumsum([0.04, 0.04, 0.02, 0.06, 0.04] * 5) - 0.04
    return open_footage(write_video("grey.mp4", [np.full((241, 321, 3), 90, np.uint8)] * 25, times.tolist()))


def coloured_x(image: NDArray[np.uint8]) -> float | None:
    """Mean column of what is not grey."""
    colour = np.ptp(image.astype(int), axis=2)
    return float(np.nonzero(colour > 60)[1].mean()) if (colour > 60).any() else None


def test_skeleton_is_where_it_belongs_at_each_frame(tmp_path: Path, grey_clip: Footage) -> None:
    path = tmp_path / "preview.mp4"
    fractions: list[float] = []
    write_preview(path, grey_clip, [motion_of(grey_clip, 0, 0.96)], lambda _, fraction: fractions.append(fraction))
    preview = open_footage(path)
    assert preview.image_size == (320, 240)
    np.testing.assert_allclose(preview.time, grey_clip.time, atol=1e-4)
    for frame in read_frames(preview):
        # 200 pixels of focal length, 4 m away, from the middle of the picture.
        assert coloured_x(frame.image) == pytest.approx(160 + 200 * frame.time / 4, abs=1.5)
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1


def test_each_person_shows_only_while_their_motion_lasts(tmp_path: Path, grey_clip: Footage) -> None:
    path = tmp_path / "preview.mp4"
    write_preview(path, grey_clip, [motion_of(grey_clip, 0.2, 0.3), motion_of(grey_clip, 0.5, 0.7)])
    drawn = [coloured_x(frame.image) is not None for frame in read_frames(open_footage(path))]
    # A sample's length is held at either end; what lies before and after all motions is left out.
    expected = {0.2: True, 0.24: True, 0.26: True, 0.32: True, 0.36: False, 0.4: False, 0.44: False, 0.46: False}
    expected |= {0.52: True, 0.56: True, 0.6: True, 0.64: True, 0.66: True, 0.72: True}
    assert drawn == list(expected.values())
    inside = (grey_clip.time > 0.19) & (grey_clip.time < 0.73)
    np.testing.assert_allclose(grey_clip.time[inside], list(expected), atol=1e-4)


def test_left_and_right_differ_and_doubt_fades() -> None:
    joints = np.zeros((JOINT_COUNT, 2))
    joints[:] = 100, 20
    for side, x in (("left", 150), ("right", 50)):
        for part, y in (("hip", 80), ("knee", 120), ("ankle", 160), ("foot", 165)):
            joints[JOINT_INDEX[f"{side}_{part}"]] = x, y
    black = np.zeros((200, 200, 3), np.uint8)
    opaque = draw_skeleton(black, Skeleton(joints, 1.0))
    np.testing.assert_array_equal(opaque[140, 150], COLOURS["left"])
    np.testing.assert_array_equal(opaque[140, 50], COLOURS["right"])
    faint = draw_skeleton(black, Skeleton(joints, 0.0))
    assert 0 < faint[140, 150].max() < opaque[140, 150].max() / 2
    assert not black.any()


def test_fingers_are_drawn_from_the_wrist_with_the_body_that_has_them(grey_clip: Footage) -> None:
    body = load_body()
    rest = body.rest_joints(np.zeros(10))
    motion = motion_of(grey_clip, 0, 0.2)
    motion = replace(
        motion, joints=np.tile(rest, (len(motion.time), 1, 1)), left_hand_pose=np.zeros((len(motion.time), 45))
    )
    first, stiff = (ProjectedMotion(motion, np.ones(2), one).at(0.1) for one in (body, None))
    assert first is not None
    assert first.fingers is not None
    assert stiff is not None
    assert stiff.fingers is None
    assert motion.camera is not None
    for number, side in enumerate(("left", "right")):
        hand = rest_hand(body, side, np.zeros(10))
        wrist = rest[JOINT_INDEX[f"{side}_wrist"]]
        np.testing.assert_allclose(first.fingers[number, 0, 0], motion.camera.project(wrist + hand.joints[0]))
        np.testing.assert_allclose(first.fingers[number, 4, 3], motion.camera.project(wrist + hand.tips[0]))
    black = np.zeros((400, 400, 3), np.uint8)
    joints, fingers = np.full((JOINT_COUNT, 2), 50.0), np.full((2, 5, 4, 2), 50.0)
    fingers[0, 1, 3] = 300, 50
    drawn = draw_skeleton(black, Skeleton(joints, 1.0, fingers))
    np.testing.assert_allclose(drawn[50, 175], COLOURS["left"], atol=40)  # a thin line has soft edges
    assert not draw_skeleton(black, Skeleton(joints, 1.0))[50, 175].any()


def test_wild_joints_do_no_harm() -> None:
    black = np.zeros((50, 50, 3), np.uint8)
    assert draw_skeleton(black, Skeleton(np.full((JOINT_COUNT, 2), np.nan), 1.0)).shape == black.shape
    assert draw_skeleton(black, Skeleton(np.full((JOINT_COUNT, 2), 1e12), 1.0)).shape == black.shape
    for value in (np.nan, 1e12):
        skeleton = Skeleton(np.zeros((JOINT_COUNT, 2)), 1.0, np.full((2, 5, 4, 2), value))
        assert draw_skeleton(black, skeleton).shape == black.shape


@pytest.mark.parametrize(
    ("size", "expected"),
    [((1920, 1080), (1280, 720)), ((1080, 1920), (720, 1280)), ((641, 481), (640, 480)), ((5, 3), (4, 4))],
)
def test_size(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert preview_size(size) == expected


def test_without_camera(tmp_path: Path, grey_clip: Footage) -> None:
    with pytest.raises(PoseNet3DError, match="solved camera"):
        write_preview(tmp_path / "preview.mp4", grey_clip, [motion_of(grey_clip, 0, 1, camera=False)])


def test_a_full_disk_is_told_as_such(tmp_path: Path, grey_clip: Footage) -> None:
    """A limit on the size of files stands for it."""
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, limits[1]))
    try:
        with pytest.raises(
            PoseNet3DError, match=r"preview\.mp4: can't be written \(File too large\); check the folder"
        ):
            write_preview(tmp_path / "preview.mp4", grey_clip, [motion_of(grey_clip, 0, 0.96)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not (tmp_path / "preview.mp4").exists()


def test_an_encoder_that_fails_gives_its_reason(
    tmp_path: Path, grey_clip: Footage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise av.error.ExternalError(-542398533, "Generic error in an external library")

    monkeypatch.setattr("posenet3d_blender.capture.video.preview._Encoder.add", fail)
    with pytest.raises(PoseNet3DError, match=r"can't be encoded \(Generic error in an external library\)") as refused:
        write_preview(tmp_path / "preview.mp4", grey_clip, [motion_of(grey_clip, 0, 0.96)])
    assert "ends in .mp4" not in str(refused.value)


def test_name_that_is_no_video(tmp_path: Path, grey_clip: Footage) -> None:
    with pytest.raises(PoseNet3DError, match=r"preview.xyz: .* ends in \.mp4"):
        write_preview(tmp_path / "preview.xyz", grey_clip, [motion_of(grey_clip, 0, 0.5)])
    assert not (tmp_path / "preview.xyz").exists()
