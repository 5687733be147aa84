"""Captures of edited footage: no frame of one shot in another's motion, files in step, everything left out is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from posenet3d_blender.arrays import Array
from posenet3d_blender.capture.keypoints.keypoints import Keypoints
from posenet3d_blender.capture.keypoints.own_files import StoredKeypoints, save_keypoints
from posenet3d_blender.capture.pipeline import Capture, CaptureSettings, capture_video
from posenet3d_blender.motion import Motion, load_motion

from .conftest import WriteVideo
from .made_footage import Picture, closer, dance, elsewhere, empty_room

RATE = 30
CUT = 31
SETTINGS = CaptureSettings(device="cpu", detector="full", shots="all", hands="off")


@pytest.fixture(scope="module")
def pictures(demo_clip: Path) -> list[Picture]:
    return dance(demo_clip)


@pytest.fixture
def zoomed(pictures: list[Picture], write_video: WriteVideo) -> Path:
    """The dancer from afar and, from frame CUT on, near."""
    film = [*pictures[:CUT], *map(closer, pictures[CUT : 2 * CUT])]
    return write_video("zoomed.mp4", film, [index / RATE for index in range(len(film))])


def spans(capture: Capture) -> list[tuple[int, int]]:
    """First and last frame of each motion."""
    return [(round(motion.time[0] * RATE), round(motion.time[-1] * RATE)) for motion in capture.motions]


def test_each_shot_becomes_a_motion(zoomed: Path, tmp_path: Path) -> None:
    capture = capture_video(zoomed, SETTINGS)
    assert spans(capture) == [(0, CUT - 1), (CUT, 2 * CUT - 1)]
    assert [motion.scene_start for motion in capture.motions] == [0.0, 0.0]
    assert capture.warnings == (
        "The person of shot 2 comes into view at 0:01.0; until then animations hold the first pose, to be in step with "
        "the footage",
    )
    far, near = (float(np.linalg.norm(depth_of(motion)).mean()) for motion in capture.motions)
    assert near < 0.8 * far, "each has a camera of its own"
    # The same from 2D joints in a file, which do not tell of the cut.
    joined = join(capture.keypoints)
    save_keypoints(StoredKeypoints(joined), tmp_path / "joints.json")
    settings = CaptureSettings(device="cpu", keypoints=tmp_path / "joints.json", shots="all")
    again = capture_video(zoomed, settings)
    assert spans(again) == spans(capture)
    np.testing.assert_allclose(again.motions[1].joints, capture.motions[1].joints, atol=0.02)


def depth_of(motion: Motion) -> Array:
    """(T,) metres from the camera to the pelvis."""
    assert motion.camera is not None
    to_camera = motion.camera.world_to_camera
    depth: Array = (motion.joints[:, 0] @ to_camera[:3, :3].T + to_camera[:3, 3])[:, 2]
    return depth


def join(parts: tuple[Keypoints, ...]) -> Keypoints:
    return Keypoints(
        np.concatenate([part.time for part in parts]),
        np.concatenate([part.points for part in parts]),
        np.concatenate([part.confidence for part in parts]),
        parts[0].image_size,
    )


def test_by_default_the_longest_is_captured_and_the_other_is_named(
    pictures: list[Picture], write_video: WriteVideo
) -> None:
    film = [*map(closer, pictures[:CUT]), *pictures[CUT : CUT + 50]]
    path = write_video("film.mp4", film, [index / RATE for index in range(len(film))])
    capture = capture_video(path, CaptureSettings(device="cpu", detector="full", hands="off"))
    assert spans(capture) == [(CUT, CUT + 49)]
    left_out = [warning for warning in capture.warnings if "left out" in warning]
    assert left_out == [
        "0:00.0 to 0:01.0 shows a person in another shot and was left out; capture it with --shots all, or with "
        "--start and --end"
    ]


def test_a_clip_that_begins_without_anybody_tells_when_the_motion_starts(
    pictures: list[Picture], write_video: WriteVideo
) -> None:
    room = empty_room(pictures)
    film = [room] * 30 + [elsewhere(picture, room, 0) for picture in pictures[:36]]
    path = write_video("late.mp4", film, [index / RATE for index in range(len(film))])
    (motion,) = capture_video(path, CaptureSettings(device="cpu", detector="full", hands="off")).motions
    assert motion.scene_start == 0.0
    assert motion.time[0] == pytest.approx(1.0, abs=0.07)
    # A range that begins later has scenes that begin later.
    cropped = capture_video(path, CaptureSettings(device="cpu", detector="full", start=0.7, hands="off"))
    assert cropped.motions[0].scene_start == pytest.approx(0.7)
    assert cropped.motions[0].time[0] == pytest.approx(motion.time[0], abs=0.04)
    assert not cropped.warnings


def test_people_of_one_capture_are_in_step(shared_folder: Path, tmp_path: Path) -> None:
    """One comes two seconds later; both files start with the footage."""
    path = shared_folder / "cases" / "late2.mp4"
    if not path.is_file():
        pytest.skip("../shared/cases is not beside this checkout")
    settings = CaptureSettings(device="cpu", detector="full", person="all", start=1.5, end=3.0)
    capture = capture_video(path, settings)
    early, late = capture.motions
    assert (early.time[0], late.time[0]) == pytest.approx((1.5, 2.0), abs=1e-6)
    assert (early.scene_start, late.scene_start) == (1.5, 1.5)
    late.save(tmp_path / "late.npz")
    assert load_motion(tmp_path / "late.npz").scene_start == 1.5
