"""Human3.6M in VideoPose3D's format: a synthetic person with 32 joints, or 17."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from .conversion import Convert, Refusal
from .pickles import harmful
from .standing import JOINTS, from_pelvis, joint

# The person faces -y in Human3.6M's world (Z up), so their left is at +x, as in ours.
SKELETON_32 = ["pelvis", "right_hip", "right_knee", "right_ankle", "right_foot", None]
SKELETON_32 += ["left_hip", "left_knee", "left_ankle", "left_foot", None]
SKELETON_32 += ["pelvis", "spine3", "neck", "head", None]
SKELETON_32 += ["neck", "left_shoulder", "left_elbow", "left_wrist", "left_wrist", None, "left_hand", "left_hand"]
SKELETON_32 += ["neck", "right_shoulder", "right_elbow", "right_wrist", "right_wrist", None, "right_hand", "right_hand"]
DROPPED = [4, 5, 9, 10, 11, 16, 20, 21, 22, 23, 24, 28, 29, 30, 31]
"""Joints that VideoPose3D drops for its 17."""

TOES_AND_TIPS = (0.0, 1.7, 0.5)


def positions(frame_count: int = 60) -> NDArray[Any]:
    """(T, 32, 3) metres, Z up; the person walks 1 cm a frame towards -y."""
    standing = np.array([TOES_AND_TIPS if name is None else joint(name) for name in SKELETON_32])
    z_up = np.stack([standing[:, 0], -standing[:, 2], standing[:, 1]], -1)
    walk: NDArray[Any] = (z_up + np.arange(frame_count)[:, None, None] * np.array([0, -0.01, 0])).astype("float32")
    return walk


def write(path: Path, takes: dict[str, object]) -> Path:
    np.savez_compressed(path, positions_3d=np.array({"S1": takes}, object))
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data_3d_h36m.npz"


def test_32_joints(path: Path, convert: Convert) -> None:
    converted = convert("human36m", write(path, {"Walking 1": positions()}))
    given = set(filter(None, SKELETON_32)) - {"spine3", "left_hand", "right_hand"}
    for name in given:
        np.testing.assert_allclose(converted.joint(name), from_pelvis(name), atol=1e-3, err_msg=name)
    # the back is straight here, so its joints lie on it, in order
    spine = np.array([converted.joint(name) for name in ("pelvis", "spine1", "spine2", "spine3", "neck")])
    np.testing.assert_allclose(spine[:, [0, 2]], 0, atol=1e-3)
    assert (np.diff(spine[:, 1]) > 0.04).all()
    # hands are as long as the shipped body's: forearm 0.262 m, hand 0.104 m
    np.testing.assert_allclose(converted.bone("left_wrist", "left_hand"), (0.25 * 0.104 / 0.262, 0, 0), atol=2e-3)
    np.testing.assert_allclose(converted.bone("neck", "left_collar"), (0.35 * 0.2, -0.35 * 0.05, 0), atol=1e-3)


def test_rate_name_and_world(path: Path, convert: Convert) -> None:
    clips = convert("human36m", write(path, {"Walking 1": positions(101)})).clips
    assert clips.names == ("h36m_S1_Walking_1",)
    assert clips.ranges() == [(0, 61)], "101 frames at 50 a second are 2 s"
    np.testing.assert_allclose(clips.root[0], JOINTS["pelvis"], atol=1e-5)
    np.testing.assert_allclose(clips.root[30] - clips.root[0], (0, 0, 0.5), atol=1e-4, err_msg="to the front, 0.5 m/s")


def test_17_joints_get_feet_before_them(path: Path, convert: Convert) -> None:
    converted = convert("human36m", write(path, {"Walking": np.delete(positions(), DROPPED, axis=1)}))
    for name in ("left_knee", "right_ankle", "head", "left_wrist", "right_shoulder", "neck"):
        np.testing.assert_allclose(converted.joint(name), from_pelvis(name), atol=1e-3, err_msg=name)
    for side in ("left", "right"):
        toes = converted.bone(f"{side}_ankle", f"{side}_foot")
        # 0.154 m on the shipped body, whose shin is 0.442 m long
        assert np.linalg.norm(toes) == pytest.approx(0.4 * 0.154 / 0.442, abs=2e-3)
        assert toes[2] > 0.1, "to the front"
        assert toes[1] < -0.02, "and down"
        np.testing.assert_allclose(
            converted.bone(f"{side}_elbow", f"{side}_hand") * (1 if side == "left" else -1, 1, 1),
            (0.25 * (1 + 0.104 / 0.262), 0, 0),
            atol=2e-3,
        )


def test_code_in_the_file_is_not_run(path: Path, refusal: Refusal, tmp_path: Path) -> None:
    error = refusal("human36m", write(path, {"Walking": harmful(tmp_path / "traces")}))
    assert "system" in error
    assert not (tmp_path / "traces").exists()
    with path.open("wb") as stream:
        pickle.dump({}, stream)
    assert path.name in refusal("human36m", path)


@pytest.mark.parametrize(
    ("take", "message"),
    [
        (positions()[:, :20], "'S1 Walking'"),
        (positions().astype(object), "'S1 Walking'"),
        ([1, 2], "'S1 Walking'"),
        (np.where(np.arange(60)[:, None, None] == 7, np.nan, positions()), "frame 7"),
    ],
    ids=["20 joints", "objects", "a list", "NaN"],
)
def test_a_wrong_take_is_named(path: Path, refusal: Refusal, take: object, message: str) -> None:
    error = refusal("human36m", write(path, {"Walking": take}))
    assert message in error
    assert "positions_3d" in error


def test_wrong_files_are_one_line(path: Path, refusal: Refusal) -> None:
    np.savez_compressed(path, positions=np.array({"S1": {}}, object))
    assert "'positions_3d'" in refusal("human36m", path)
    np.savez_compressed(path, positions_3d=np.zeros(3))
    assert "'positions_3d'" in refusal("human36m", path)
    write(path, {"Walking": positions()})
    path.write_bytes(path.read_bytes()[:1000])
    assert path.name in refusal("human36m", path)
    assert "nowhere.npz" in refusal("human36m", path.with_name("nowhere.npz"))
