"""The motion file: what is written reads back, and a damaged one is refused in one line."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from posenet3d_blender.arrays import AnyArray
from posenet3d_blender.body.limbs import LIMB_NAMES
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.camera import Camera, CameraPath
from posenet3d_blender.errors import PoseNet3DError
from posenet3d_blender.motion import Motion, load_motion
from posenet3d_blender.npz import write_npz


@pytest.fixture
def motion() -> Motion:
    rng = np.random.default_rng(0)
    world_to_camera = np.eye(4)
    world_to_camera[:3, 3] = (0.1, 1.2, 4.0)
    return Motion(
        poses=rng.normal(size=(5, 24, 3)),
        trans=rng.normal(size=(5, 3)),
        betas=rng.normal(size=10),
        frame_rate=24000 / 1001,
        time=0.5 + np.arange(5) * 1001 / 24000,
        joints=rng.normal(size=(5, 24, 3)),
        contacts=rng.random((5, 2)),
        confidence=rng.random(5),
        camera=Camera(980.0, (720, 1280), world_to_camera),
        gender="female",
    )


def test_a_saved_motion_reads_back(motion: Motion, tmp_path: Path) -> None:
    motion.save(tmp_path / "motion.npz")
    loaded = load_motion(tmp_path / "motion.npz")
    for name in ("poses", "trans", "betas", "time", "joints", "contacts", "confidence"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(motion, name), err_msg=name)
    assert loaded.frame_rate == motion.frame_rate
    assert loaded.gender == "female"
    assert loaded.camera is not None
    assert motion.camera is not None
    assert loaded.camera.image_size == (720, 1280)
    np.testing.assert_array_equal(loaded.camera.world_to_camera, motion.camera.world_to_camera)


def test_the_confidence_of_limbs_reads_back_and_may_be_missing(motion: Motion, tmp_path: Path) -> None:
    path = tmp_path / "motion.npz"
    motion.save(path)
    assert load_motion(path).limb_confidence is None
    limbs = np.random.default_rng(1).random((5, 6))
    dataclasses.replace(motion, limb_confidence=limbs).save(path)
    loaded = load_motion(path).limb_confidence
    assert loaded is not None
    np.testing.assert_array_equal(loaded, limbs)
    assert tuple(np.load(path)["limb_names"]) == LIMB_NAMES
    for damaged in (limbs[:, :5], limbs[:4], np.full((5, 6), np.nan)):
        dataclasses.replace(motion, limb_confidence=damaged).save(path)
        with pytest.raises(PoseNet3DError, match="'limb_confidence'"):
            load_motion(path)


def test_the_start_of_the_scene_reads_back(motion: Motion, tmp_path: Path) -> None:
    path = tmp_path / "motion.npz"
    motion.save(path)
    assert load_motion(path).scene_start is None
    dataclasses.replace(motion, scene_start=0.25).save(path)
    assert load_motion(path).scene_start == 0.25
    for start in (0.75, -1e6, np.nan):
        dataclasses.replace(motion, scene_start=start).save(path)
        with pytest.raises(PoseNet3DError, match="'scene_start'"):
            load_motion(path)


def test_a_moving_camera_reads_back_frame_by_frame(motion: Motion, tmp_path: Path) -> None:
    world_to_camera = np.tile(np.eye(4), (5, 1, 1))
    world_to_camera[:, :3, :3] = axis_angle_to_matrix(np.linspace(0, 0.4, 5)[:, None] * [0.0, 1.0, 0.0])
    world_to_camera[:, 0, 3] = np.arange(5)
    path = CameraPath(motion.time, np.linspace(900, 1100, 5), (720, 1280), world_to_camera)
    dataclasses.replace(motion, camera=path.camera(0), camera_path=path).save(tmp_path / "motion.npz")
    loaded = load_motion(tmp_path / "motion.npz")
    assert loaded.camera_path is not None
    assert loaded.camera is not None
    assert loaded.camera.focal_length == 900
    np.testing.assert_array_equal(loaded.camera_path.world_to_camera, world_to_camera)
    np.testing.assert_array_equal(loaded.camera_path.focal_lengths, path.focal_lengths)
    np.testing.assert_allclose(loaded.camera_path.project(motion.joints)[3], path.camera(3).project(motion.joints[3]))


def test_the_file_has_amass_keys_and_shapes(motion: Motion, tmp_path: Path) -> None:
    motion.save(tmp_path / "motion.npz")
    with np.load(tmp_path / "motion.npz", allow_pickle=False) as archive:
        assert archive["poses"].shape == (5, 72)
        assert archive["trans"].shape == (5, 3)
        assert archive["betas"].shape == (10,)
        assert archive["gender"] == "female"
        assert archive["mocap_framerate"] == motion.frame_rate


@pytest.fixture
def with_fingers(motion: Motion) -> Motion:
    rng = np.random.default_rng(1)
    return dataclasses.replace(
        motion,
        left_hand_pose=rng.normal(0, 0.5, (5, 45)),
        right_hand_pose=rng.normal(0, 0.5, (5, 45)),
        left_hand_confidence=rng.random(5),
        right_hand_confidence=rng.random(5),
    )


HAND_FIELDS = ("left_hand_pose", "right_hand_pose", "left_hand_confidence", "right_hand_confidence")


def test_fingers_read_back_beside_the_body(with_fingers: Motion, tmp_path: Path) -> None:
    with_fingers.save(tmp_path / "motion.npz")
    loaded = load_motion(tmp_path / "motion.npz")
    for name in ("poses", *HAND_FIELDS):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(with_fingers, name), err_msg=name)
    with np.load(tmp_path / "motion.npz") as archive:
        assert archive["poses"].shape == (5, 72)
    assert loaded.finger_poses is not None
    assert with_fingers.right_hand_pose is not None
    np.testing.assert_array_equal(loaded.finger_poses[:, 15:].reshape(5, 45), with_fingers.right_hand_pose)


def test_the_smpl_h_form_has_the_fingers_in_poses(with_fingers: Motion, tmp_path: Path) -> None:
    path = tmp_path / "motion.npz"
    with_fingers.save(path, smpl_h=True)
    with np.load(path) as archive:
        assert archive["poses"].shape == (5, 156)
        assert "left_hand_pose" not in archive
        assert with_fingers.left_hand_pose is not None
        np.testing.assert_array_equal(archive["poses"][:, 66:111], with_fingers.left_hand_pose)
    loaded = load_motion(path)
    for name in HAND_FIELDS:
        np.testing.assert_array_equal(getattr(loaded, name), getattr(with_fingers, name), err_msg=name)
    np.testing.assert_array_equal(loaded.poses[:, :22], with_fingers.poses[:, :22])
    np.testing.assert_array_equal(loaded.poses[:, 22:], 0.0)


def test_a_motion_without_fingers_has_none(motion: Motion, tmp_path: Path) -> None:
    motion.save(tmp_path / "motion.npz")
    loaded = load_motion(tmp_path / "motion.npz")
    assert [getattr(loaded, name) for name in HAND_FIELDS] == [None] * 4
    assert loaded.finger_poses is None
    with np.load(tmp_path / "motion.npz") as archive:
        assert not [key for key in archive if "hand" in key]
    motion.save(tmp_path / "smpl_h.npz", smpl_h=True)
    assert load_motion(tmp_path / "smpl_h.npz").finger_poses is None


def test_fingers_of_one_side_leave_the_other_at_rest(with_fingers: Motion) -> None:
    fingers = dataclasses.replace(with_fingers, right_hand_pose=None).finger_poses
    assert fingers is not None
    np.testing.assert_array_equal(fingers[:, 15:], 0.0)
    assert fingers[:, :15].any()


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("poses", None, "'poses' is missing"),
        ("joints", None, "'joints' is missing"),
        ("trans", np.full((5, 3), np.nan), "'trans' holds values that are not finite"),
        ("poses", np.zeros((5, 165)), "'poses' has shape"),
        ("left_hand_pose", np.zeros((5, 15, 3)), "'left_hand_pose' has shape"),
        ("right_hand_pose", np.full((5, 45), np.inf), "'right_hand_pose' holds values that are not finite"),
        ("left_hand_confidence", np.zeros(4), "'left_hand_confidence' has shape"),
        ("poses", np.full((5, 72), "bent"), "'poses' holds values that are not finite"),
        ("trans", np.array(1.0), "no frames"),
        ("trans", np.zeros((0, 3)), "no frames"),
        ("betas", np.zeros(16), "'betas' has shape"),
        ("betas", np.full(10, np.nan), "'betas' holds values that are not finite"),
        ("mocap_framerate", np.array(0.0), "'mocap_framerate' is 0"),
        ("mocap_framerate", np.array(np.nan), "'mocap_framerate' holds values that are not finite"),
        ("mocap_framerate", np.array([30.0, 30.0]), "'mocap_framerate' has shape"),
        ("time", np.zeros(5), "'time' does not rise"),
        ("time", np.arange(5) * 10.0, "after frame 0, but key 'mocap_framerate' is .*; make the two agree"),
        ("mocap_framerate", np.array(1000.0), "'mocap_framerate' is 1000; make the two agree"),
        ("camera_focal_length", None, "'camera_focal_length' is missing"),
        ("camera_image_size", None, "'camera_image_size' is missing"),
        ("camera_image_size", np.array([0, 720]), "no camera"),
        ("camera_image_size", np.array([7.2e202, 720]), r"'camera_image_size' holds values over 1e\+07"),
        ("trans", np.full((5, 3), -1e30), "'trans' holds values over"),
        ("camera_world_to_camera", np.eye(3), "'camera_world_to_camera' has shape"),
        ("camera_world_to_camera", np.zeros((4, 4)), "no camera"),
    ],
)
def test_a_damaged_file_is_refused(
    motion: Motion, tmp_path: Path, key: str, value: AnyArray | None, expected: str
) -> None:
    path = tmp_path / "motion.npz"
    motion.save(path)
    with np.load(path) as archive:
        arrays = dict(archive)
    if value is None:
        del arrays[key]
    else:
        arrays[key] = value
    np.savez(path, **arrays)
    with pytest.raises(PoseNet3DError, match=expected) as caught:
        load_motion(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_file_with_spoilt_bytes_is_refused_or_read(motion: Motion, tmp_path: Path, save: Callable[..., None]) -> None:
    path = tmp_path / "motion.npz"
    motion.save(path)
    with np.load(path) as archive:
        save(path, **archive)
    content = path.read_bytes()
    messages = []
    for start in range(0, len(content) - 20, 20):
        path.write_bytes(content[:start] + bytes(20) + content[start + 20 :])
        try:
            load_motion(path)
        except PoseNet3DError as error:
            messages.append(str(error))
    assert len(messages) > 100
    assert not any("\n" in message for message in messages)


def test_what_is_no_motion_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("not an archive")
    (tmp_path / "folder.npz").mkdir()
    np.save(tmp_path / "array.npy", np.zeros(3))
    (tmp_path / "array.npy").rename(tmp_path / "array.npz")
    for path in (tmp_path / name for name in ("text.npz", "missing.npz", "folder.npz", "array.npz")):
        with pytest.raises(PoseNet3DError, match=str(path)):
            load_motion(path)


def test_the_camera_projects_right_and_down() -> None:
    camera = Camera.from_field_of_view(90.0, (720, 1280))
    assert camera.focal_length == pytest.approx(640)
    np.testing.assert_allclose(
        camera.project(np.array([[0.0, 0, 2], [1, 0, 2], [0, 1, 2]])), [[360, 640], [680, 640], [360, 960]]
    )


def test_an_archive_never_gets_objects(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="'size' is an array of objects"):
        write_npz(tmp_path / "motion.npz", {"size": np.array(10**30)})
    assert not list(tmp_path.iterdir())
