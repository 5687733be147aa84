"""3DPW's sequence files: synthetic people in a pickle of Python 2, with all keys of the real files."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from posenet3d_blender.body.skeleton import JOINT_NAMES

from .conversion import Convert, Refusal
from .pickles import harmful, python2_pickle
from .standing import from_pelvis, joint

FRAMES = 60


def sequence(**changes: object) -> dict[str, object]:
    """Two people: one stands, the other stands 1 m to the left and walks 2 cm a frame to the front."""
    standing = np.tile(np.array([joint(name) for name in JOINT_NAMES]), (FRAMES, 1, 1))
    walking = standing + np.array([1, 0.2, 0]) + np.arange(FRAMES)[:, None, None] * np.array([0, 0, 0.02])
    people: dict[str, object] = {
        "jointPositions": [standing.reshape(FRAMES, 72), walking.reshape(FRAMES, 72)],
        "poses": [np.zeros((FRAMES, 72))] * 2,
        "trans": [np.zeros((FRAMES, 3))] * 2,
        "poses_60Hz": [np.zeros((2 * FRAMES, 72))] * 2,
        "trans_60Hz": [np.zeros((2 * FRAMES, 3))] * 2,
        "betas": [np.zeros(10)] * 2,
        "betas_clothed": [np.zeros(10)] * 2,
        "v_template_clothed": [np.zeros((5, 3))] * 2,
        "texture_maps": [],
        "genders": ["m", "f"],
        "poses2d": [np.zeros((FRAMES, 3, 18))] * 2,
        "campose_valid": [np.ones(FRAMES, np.int64), np.ones(FRAMES, np.int64)],
    }
    scene: dict[str, object] = {
        "sequence": "courtyard_made_up_00",
        "img_frame_ids": np.arange(FRAMES),
        "cam_poses": np.tile(np.eye(4), (FRAMES, 1, 1)),
        "cam_intrinsics": np.eye(3),
    }
    return {key: value for key, value in (people | scene | changes).items() if value is not None}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "courtyard_made_up_00.pkl"


def test_both_people_at_30_samples_a_second(path: Path, convert: Convert) -> None:
    path.write_bytes(python2_pickle(sequence()))
    converted = convert("3dpw", path)
    clips = converted.clips
    assert clips.names == ("3dpw_courtyard_made_up_00_0", "3dpw_courtyard_made_up_00_1")
    assert clips.ranges() == [(0, 60), (60, 120)]
    for name in JOINT_NAMES:
        np.testing.assert_allclose(converted.joint(name), from_pelvis(name), atol=1e-3, err_msg=name)
    np.testing.assert_allclose(clips.root[60], (1, 0.95, 0), atol=1e-5, err_msg="the lowest foot stands on 0")
    np.testing.assert_allclose(clips.root[119] - clips.root[60], (0, 0, 59 * 0.02), atol=1e-5)


def test_frames_with_a_lost_camera_are_left_out(path: Path, convert: Convert) -> None:
    valid = np.ones(FRAMES, np.int64)
    valid[25:30] = 0
    path.write_bytes(python2_pickle(sequence(campose_valid=[valid, np.zeros(FRAMES, np.int64)])))
    clips = convert("3dpw", path).clips
    assert clips.names == ("3dpw_courtyard_made_up_00_0#0", "3dpw_courtyard_made_up_00_0#1")
    assert clips.ranges() == [(0, 25), (25, 55)]


def test_a_pickle_of_python_3_is_read_too(path: Path, convert: Convert) -> None:
    for protocol in (2, pickle.DEFAULT_PROTOCOL):
        path.write_bytes(pickle.dumps(sequence(), protocol=protocol))
        assert len(convert("3dpw", path).clips.names) == 2


def test_code_in_the_file_is_not_run(path: Path, refusal: Refusal, tmp_path: Path) -> None:
    path.write_bytes(pickle.dumps(sequence(genders=[harmful(tmp_path / "traces")])))
    assert "system" in refusal("3dpw", path)
    assert not (tmp_path / "traces").exists()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("jointPositions", None),
        ("campose_valid", None),
        ("jointPositions", [np.zeros((FRAMES, 71))] * 2),
        ("jointPositions", [np.full((FRAMES, 72), np.nan)] * 2),
        ("jointPositions", ["text", "text"]),
        ("jointPositions", []),
        ("campose_valid", [np.ones(FRAMES, np.int64)]),
        ("campose_valid", [np.ones(3, np.int64)] * 2),
    ],
)
def test_a_wrong_key_is_named(path: Path, refusal: Refusal, key: str, value: object) -> None:
    path.write_bytes(pickle.dumps(sequence(**{key: value}), protocol=2))
    error = refusal("3dpw", path)
    assert key in error
    assert path.name in error


def test_damage_is_one_line(path: Path, refusal: Refusal) -> None:
    complete = python2_pickle(sequence())
    for content in (complete[: len(complete) // 2], b"", b"no pickle", pickle.dumps([1])):
        path.write_bytes(content)
        assert path.name in refusal("3dpw", path)
