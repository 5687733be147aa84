"""Captures from files of 2D joints, scored against the bundled clip's truth."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from posenet3d_blender.body.keypoints import MIRRORED_KEYPOINTS
from posenet3d_blender.capture.keypoints.people.people_in_file import load_people
from posenet3d_blender.capture.pipeline import Capture, CaptureSettings, capture_video
from posenet3d_blender.capture.video.footage import open_footage
from posenet3d_blender.motion import Motion, load_motion
from tools.score_demo import aligned_to

from .keypoints.dancer import FRAMES, TRUTH, bystander, coco, dancer

UPPER_BODY = [joint for joint in range(24) if joint not in (1, 2, 4, 5, 7, 8, 10, 11)]


def pa_mpjpe(motion: Motion) -> float:
    """Millimetres over all 24 joints, each frame fitted by itself."""
    truth = load_motion(TRUTH)
    joints = [motion.joints[np.abs(motion.time - time).argmin()] for time in truth.time]
    fitted = [aligned_to(one, target) for one, target in zip(joints, truth.joints, strict=True)]
    return float(1000 * np.linalg.norm(np.array(fitted) - truth.joints, axis=-1).mean())


def upper_body_pa_mpjpe(motion: Motion) -> float:
    """Millimetres over the joints of trunk, head and arms, fitted by themselves in each frame."""
    truth = load_motion(TRUTH)
    joints = [motion.joints[np.abs(motion.time - time).argmin()][UPPER_BODY] for time in truth.time]
    true_joints = truth.joints[:, UPPER_BODY]
    fitted = [aligned_to(one, target) for one, target in zip(joints, true_joints, strict=True)]
    return float(1000 * np.linalg.norm(np.array(fitted) - true_joints, axis=-1).mean())


def largest_step(motion: Motion) -> float:
    """Metres that the pelvis moves from one frame to the next."""
    return float(np.linalg.norm(np.diff(motion.joints[:, 0], axis=0), axis=1).max())


def capture(video: Path, keypoints: Path, person: str = "largest") -> Capture:
    return capture_video(video, CaptureSettings(device="cpu", keypoints=keypoints, person=person))


@pytest.fixture(scope="session")
def cases(shared_folder: Path) -> Path:
    folder = shared_folder / "cases"
    if not folder.is_dir():
        pytest.skip("../shared holds no cases")
    return folder


@pytest.fixture(scope="session")
def untouched(demo_clip: Path) -> Motion:
    """The clip as captured with the built-in detector."""
    return capture_video(demo_clip, CaptureSettings(device="cpu")).motions[0]


@pytest.fixture(scope="session")
def untouched_pa(untouched: Motion) -> float:
    """Its error, millimetres."""
    return pa_mpjpe(untouched)


def test_a_person_who_is_missed_stays_the_same_person(demo_clip: Path, tmp_path: Path, untouched_pa: float) -> None:
    seen = [frame for frame in range(FRAMES) if not 60 <= frame < 63]
    path = tmp_path / "results.json"
    path.write_text(json.dumps(coco([bystander(), dancer()], [range(FRAMES), seen])))
    captured = capture(demo_clip, path, "all")
    assert len(captured.motions) == 2
    dancing, standing = captured.motions
    assert pa_mpjpe(dancing) < untouched_pa + 5
    assert largest_step(dancing) < 0.1
    assert largest_step(standing) < 0.01
    assert 0.8 < dancing.confidence.mean() <= 0.95, "the points are certain, and the student nearly is"


@pytest.mark.parametrize("exchanged", [False, True])
def test_sides_that_are_exchanged_are_a_warning(demo_clip: Path, tmp_path: Path, exchanged: bool) -> None:
    person = dancer()[:, list(MIRRORED_KEYPOINTS)] if exchanged else dancer()
    path = tmp_path / "results.json"
    path.write_text(json.dumps(coco([person])))
    warnings = [one for one in capture(demo_clip, path).warnings if "exchanged" in one]
    expected = f"{path}: left and right of the person seem to be exchanged; "
    assert [one.startswith(expected) for one in warnings] == [True] * exchanged


def test_kp_missed3(cases: Path, demo_clip: Path, untouched_pa: float) -> None:
    captured = capture(demo_clip, cases / "kp_missed3.json")
    assert abs(pa_mpjpe(captured.motions[0]) - untouched_pa) < 5
    assert largest_step(captured.motions[0]) < 0.25
    assert len(captured.motions[0].time) == FRAMES


def test_op_ghost0(cases: Path, demo_clip: Path, tmp_path: Path, untouched_pa: float) -> None:
    with tarfile.open(cases / "op_ghost0.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    captured = capture(demo_clip, tmp_path / "op_ghost0")
    assert abs(pa_mpjpe(captured.motions[0]) - untouched_pa) < 5
    assert len(captured.motions[0].time) == FRAMES


def test_kp_nolegs(cases: Path, demo_clip: Path, untouched: Motion) -> None:
    captured = capture(demo_clip, cases / "kp_nolegs.json")
    assert captured.motions[0].confidence.max() < 0.7
    assert captured.motions[0].confidence.min() > 0.3
    motion = captured.motions[0]
    thighs = motion.joints[:, [4, 5]] - motion.joints[:, [1, 2]]
    upright = -thighs[..., 2] / np.linalg.norm(thighs, axis=-1)
    assert upright.min() > 0.9, "legs stand"
    assert upper_body_pa_mpjpe(motion) < upper_body_pa_mpjpe(untouched) + 10


def test_mp_chest(cases: Path, tmp_path: Path) -> None:
    """The close-up of the clip: 142 mm when its points were read as pixels, 68 when given in pixels."""
    footage = open_footage(cases / "chest.mp4")
    frames = json.loads((cases / "mp_chest.json").read_text())
    for point in [point for frame in frames for point in frame]:
        point["x"], point["y"] = point["x"] * footage.width, point["y"] * footage.height
    (tmp_path / "pixels.json").write_text(json.dumps(frames))
    (expected,) = load_people(tmp_path / "pixels.json", footage).people
    captured = capture(cases / "chest.mp4", cases / "mp_chest.json")
    (person,) = load_people(cases / "mp_chest.json", footage).people
    np.testing.assert_allclose(person.keypoints.points, expected.keypoints.points)
    assert pa_mpjpe(captured.motions[0]) < 75
    assert captured.warnings == ()


def test_kp_half_full_coco(cases: Path, demo_clip: Path, untouched_pa: float) -> None:
    captured = capture(demo_clip, cases / "kp_half_full_coco.json")
    motion, truth = captured.motions[0], load_motion(TRUTH)
    assert abs(pa_mpjpe(motion) - untouched_pa) < 5
    assert motion.camera is not None
    assert truth.camera is not None
    # Twice as far away before; the field of view is guessed, which moves the person, too.
    guessed = motion.camera.focal_length / truth.camera.focal_length
    assert depth(motion) == pytest.approx(depth(truth) * guessed, rel=0.1)


def depth(motion: Motion) -> float:
    """Metres from the camera to the pelvis, on average."""
    assert motion.camera is not None
    world_to_camera = motion.camera.world_to_camera
    return float((motion.joints[:, 0] @ world_to_camera[2, :3] + world_to_camera[2, 3]).mean())
