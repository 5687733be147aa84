"""AMASS's files as motions: raw takes convert as our own files do, and what can't be used is one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from posenet3d_blender.arrays import AnyArray
from posenet3d_blender.body.compatibility import check_body_fits
from posenet3d_blender.body.model import SHIPPED_BODY, load_body
from posenet3d_blender.body.skeleton import JOINT_INDEX
from posenet3d_blender.body.soles import body_soles
from posenet3d_blender.cli.main import main
from posenet3d_blender.errors import PoseNet3DError
from posenet3d_blender.motion import load_motion
from posenet3d_blender.motion_edit.amass import load_any_motion

FRAMES = 40
QUARTER = np.pi / 2
UNUSABLE: list[tuple[str, AnyArray | None]] = [
    ("poses", None),
    ("trans", None),
    ("mocap_framerate", None),
    ("mocap_framerate", np.array(0.0)),
    ("poses", np.zeros((FRAMES, 63))),
    ("poses", np.zeros((FRAMES, 96))),
    ("poses", np.zeros((FRAMES, 216))),
    ("poses", np.full((FRAMES, 156), np.nan)),
    ("poses", np.full((FRAMES, 156), 60.0)),
    ("trans", np.zeros((3, 3))),
    ("trans", np.array(1.0)),
    ("trans", np.full((FRAMES, 3), 1e30)),
    ("trans", np.full((FRAMES, 3), 91.0)),
    ("betas", np.array("text")),
]
"""Keys of a take with values that no reader can use; None: it is missing."""


def write(path: Path, **changes: NDArray[Any] | None) -> Path:
    """A take as published: a body that stands, Z up, with bent fingers; `changes` of keys, None leaves one out."""
    poses = np.zeros((FRAMES, 156))
    poses[:, 0] = QUARTER
    poses[:, 66:] = np.random.default_rng(0).normal(0, 0.3, 90) * np.linspace(0, 1, FRAMES)[:, None]
    arrays: dict[str, NDArray[Any] | None] = {
        "trans": np.linspace((0, 0, 1.1), (0, -1, 1.1), FRAMES),
        "gender": np.array("female"),
        "mocap_framerate": np.array(120.0),
        "betas": np.full(16, 0.5),
        "dmpls": np.zeros((FRAMES, 8)),
        "poses": poses,
    }
    np.savez(path, **{key: value for key, value in (arrays | changes).items() if value is not None})
    return path


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    return write(tmp_path / "walk_poses.npz")


def test_a_raw_take_moves_body_and_fingers_at_its_rate(raw: Path) -> None:
    warnings: list[str] = []
    motion = load_any_motion(raw, None, warnings.append)
    poses = np.load(raw)["poses"]
    np.testing.assert_array_equal(motion.poses[:, :22].reshape(FRAMES, -1), poses[:, :66])
    assert motion.left_hand_pose is not None
    assert motion.right_hand_pose is not None
    np.testing.assert_array_equal(motion.left_hand_pose, poses[:, 66:111])
    np.testing.assert_array_equal(motion.right_hand_pose, poses[:, 111:])
    assert motion.frame_rate == 120
    np.testing.assert_allclose(np.diff(motion.time), 1 / 120)
    assert motion.camera is None
    check_body_fits(motion, load_body())
    head, feet = motion.joints[:, JOINT_INDEX["head"]], motion.joints[:, [JOINT_INDEX["left_foot"]]]
    assert (head[:, 2] > 1.3).all(), "Z is up"
    assert (feet[..., 2] < 0.2).all()
    np.testing.assert_allclose(head[-1] - head[0], (0, -1, 0), atol=1e-9)
    assert len(warnings) == 1
    assert "mean shape" in warnings[0]


@pytest.mark.parametrize("height", [0.95, 1.05])
def test_the_shipped_body_stands_on_the_floor(tmp_path: Path, height: float) -> None:
    trans = np.tile([0.0, 0.0, height], (FRAMES, 1))
    motion = load_any_motion(write(tmp_path / "still.npz", trans=trans), None, lambda _: None)
    body = load_body()
    lowest = body_soles(body).template[:, 1].min()
    np.testing.assert_allclose(motion.trans[:, 2], -lowest, atol=1e-6)
    assert motion.contacts.all(), "both feet rest"


def test_a_take_far_above_the_floor_stays_there(tmp_path: Path) -> None:
    trans = np.tile([0.0, 0.0, 5.0], (FRAMES, 1))
    motion = load_any_motion(write(tmp_path / "high.npz", trans=trans), None, lambda _: None)
    np.testing.assert_array_equal(motion.trans, trans)


def test_the_users_own_body_gets_the_takes_shape_and_place(raw: Path) -> None:
    warnings: list[str] = []
    motion = load_any_motion(raw, SHIPPED_BODY, warnings.append)
    np.testing.assert_array_equal(motion.betas, np.full(10, 0.5))
    np.testing.assert_array_equal(motion.trans, np.load(raw)["trans"])
    check_body_fits(motion, load_body(SHIPPED_BODY))
    assert warnings == [f"{raw.name} is of a female body, {SHIPPED_BODY.name} is neutral; give the female one"]


def test_smplx_has_jaw_and_eyes_before_the_fingers_and_names_its_rate_otherwise(tmp_path: Path) -> None:
    poses = np.zeros((FRAMES, 165))
    poses[:, 66:75] = 9.0
    poses[:, 75:120], poses[:, 120:] = 0.25, 0.5
    path = write(tmp_path / "x.npz", poses=poses, mocap_framerate=None, mocap_frame_rate=np.array(60.0))
    motion = load_any_motion(path, None, lambda _: None)
    assert motion.frame_rate == 60
    assert motion.left_hand_pose is not None
    assert motion.right_hand_pose is not None
    assert (motion.left_hand_pose == 0.25).all()
    assert (motion.right_hand_pose == 0.5).all()


@pytest.mark.parametrize("width", [72, 156])
def test_hands_that_never_bend_are_no_fingers(tmp_path: Path, width: int) -> None:
    path = write(tmp_path / "body.npz", poses=np.zeros((FRAMES, width)), betas=None, gender=None)
    assert load_any_motion(path, None, lambda _: None).finger_poses is None


def test_convert_writes_a_motion_file_of_a_raw_take(
    raw: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["convert", str(raw), "-o", str(tmp_path / "own.npz"), str(tmp_path / "own.bvh")]) == 0
    assert "mean shape" in capfd.readouterr().err
    motion = load_motion(tmp_path / "own.npz")
    assert motion.finger_poses is not None
    assert (tmp_path / "own.bvh").read_text().count("JOINT left_index") == 3


@pytest.mark.parametrize(("key", "value"), UNUSABLE)
def test_what_cant_be_used_is_one_line_that_names_the_key(tmp_path: Path, key: str, value: AnyArray | None) -> None:
    path = write(tmp_path / "walk_poses.npz", **{key: value})
    with pytest.raises(PoseNet3DError, match=f"'{key}'") as caught:
        load_any_motion(path, None, lambda _: None)
    assert "\n" not in str(caught.value)
    assert path.name in str(caught.value)


def test_a_motion_of_ours_that_lacks_a_key_is_told_so(raw: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.npz"
    load_any_motion(raw, None, lambda _: None).save(own)
    with np.load(own) as archive:
        arrays = dict(archive)
    del arrays["joints"]
    np.savez(own, **arrays)
    with pytest.raises(PoseNet3DError, match="'joints' is missing; give a motion"):
        load_any_motion(own, None, lambda _: None)
