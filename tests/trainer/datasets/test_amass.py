"""AMASS: synthetic takes of SMPL-H parameters, in poses worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from posenet3d_blender.body.model import SHIPPED_BODY, load_body
from posenet3d_blender.body.skeleton import JOINT_INDEX, JOINT_NAMES

from ...motion_edit.test_amass import UNUSABLE
from .conversion import Convert, Refusal

FRAMES = 121
QUARTER = np.pi / 2


def write(
    path: Path,
    turned: dict[str, tuple[float, float, float]] | None = None,
    changes: dict[str, NDArray[Any] | None] | None = None,
) -> Path:
    """A take at 120 frames a second in a world with Z up: the root's turn about x makes the body stand."""
    poses = np.zeros((FRAMES, 156))
    for name, axis_angle in ({"pelvis": (QUARTER, 0, 0)} | (turned or {})).items():
        start = 3 * JOINT_INDEX[name]
        poses[:, start : start + 3] = axis_angle
    arrays: dict[str, NDArray[Any] | None] = {
        "trans": np.linspace((0, 0, 1), (0, -1, 1), FRAMES),
        "gender": np.array("female"),
        "mocap_framerate": np.array(120.0),
        "betas": np.full(16, 2.0),
        "dmpls": np.zeros((FRAMES, 8)),
        "poses": poses,
    }
    arrays |= changes or {}
    np.savez(path, **{key: value for key, value in arrays.items() if value is not None})
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "Subject_1_F").mkdir()
    return tmp_path / "Subject_1_F" / "walk_poses.npz"


def test_a_standing_body(path: Path, convert: Convert) -> None:
    converted = convert("amass", write(path))
    rest = load_body().joint_template
    for index, name in enumerate(JOINT_NAMES):
        np.testing.assert_allclose(converted.joint(name), rest[index] - rest[0], atol=1e-3, err_msg=name)
    assert converted.joint("head")[1] > 0.5
    assert converted.joint("left_hand")[0] > 0.6
    clips = converted.clips
    assert clips.names == ("amass_Subject-1-F_walk_poses",)
    assert clips.ranges() == [(0, 31)]
    np.testing.assert_allclose(clips.root[0] - rest[0], (0, 1, 0), atol=1e-3, err_msg="up is up")
    np.testing.assert_allclose(clips.root[15] - clips.root[0], (0, 0, 0.5), atol=1e-5, err_msg="the front is +z")


def test_a_bent_elbow_leads_the_forearm_back(path: Path, convert: Convert) -> None:
    # about +y, the arm's +x goes to -z
    converted = convert("amass", write(path, {"left_elbow": (0, QUARTER, 0)}))
    np.testing.assert_allclose(converted.bone("left_elbow", "left_wrist"), (0, 0, -0.262), atol=2e-3)
    np.testing.assert_allclose(converted.bone("left_wrist", "left_hand"), (0, 0, -0.104), atol=2e-3)
    np.testing.assert_allclose(converted.bone("right_elbow", "right_wrist"), (-0.262, 0, 0), atol=2e-3)


def test_smplx_names_its_rate_otherwise(path: Path, convert: Convert) -> None:
    poses = np.zeros((FRAMES, 165))
    write(path, changes={"mocap_framerate": None, "mocap_frame_rate": np.array(60.0), "poses": poses})
    assert convert("amass", path).clips.ranges() == [(0, 61)]


def test_shape_belongs_to_the_users_own_body(path: Path, convert: Convert) -> None:
    betas = np.zeros(16)
    betas[0] = 1.5
    write(path, changes={"betas": betas})
    own = convert("amass", path, "--body", SHIPPED_BODY).bone("left_hip", "left_knee")
    mean = convert("amass", path).bone("left_hip", "left_knee")
    grown = load_body().joint_directions[..., 0] * 1.5
    np.testing.assert_allclose(own - mean, grown[JOINT_INDEX["left_knee"]] - grown[JOINT_INDEX["left_hip"]], atol=1e-3)


def test_a_folder_gives_its_takes_alone(path: Path, convert: Convert) -> None:
    write(path)
    np.savez(path.with_name("shape.npz"), betas=np.zeros(16), gender=np.array("female"))
    assert len(convert("amass", path.parent).clips.names) == 1


@pytest.mark.parametrize(("key", "value"), UNUSABLE)
def test_a_wrong_key_is_named(path: Path, refusal: Refusal, key: str, value: NDArray[Any] | None) -> None:
    error = refusal("amass", write(path, changes={key: value}))
    assert f"'{key}'" in error
    assert path.name in error


def test_damage_is_one_line(path: Path, refusal: Refusal) -> None:
    write(path)
    path.write_bytes(path.read_bytes()[:1000])
    assert path.name in refusal("amass", path)
    write(path, changes={"poses": np.array([{}], object)})
    assert path.name in refusal("amass", path)
