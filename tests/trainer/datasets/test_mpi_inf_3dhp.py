"""MPI-INF-3DHP's annot.mat: a synthetic person in its cameras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io import savemat

from .conversion import Convert, Refusal
from .standing import from_pelvis, joint

FRAMES = 51
NAMES = ["spine3", "spine4", "spine2", "spine1", "pelvis", "neck", "head", "top"]
NAMES += [f"{side}_{part}" for side in ("left", "right") for part in ("collar", "shoulder", "elbow", "wrist", "hand")]
NAMES += ["left_hip", "left_knee", "left_ankle", "left_foot", "tip"]
NAMES += ["right_hip", "right_knee", "right_ankle", "right_foot", "tip"]
OTHERS = {"spine4": (0, 1.4, 0), "top": (0, 1.8, 0), "tip": (0, 0, 0.2)}

TILT = np.radians(10)
CAMERAS = [
    # a half turn about x (y down, z away), then looking down by 10 degrees; and the same from behind
    np.array([[1, 0, 0], [0, np.cos(TILT), -np.sin(TILT)], [0, np.sin(TILT), np.cos(TILT)]]) @ np.diag([1.0, -1, -1]),
    np.diag([-1.0, -1, 1]),
]
PLACE = np.array([-200.0, 1300.0, 3800.0])
"""Millimetres, of the world's origin in the cameras' frames."""


def world() -> NDArray[Any]:
    """(T, 28, 3) millimetres, Y up; 8 mm a frame to the person's left."""
    standing = np.array([OTHERS[name] if name in OTHERS else joint(name) for name in NAMES])
    positions: NDArray[Any] = 1000 * standing + np.arange(FRAMES)[:, None, None] * np.array([8.0, 0, 0])
    return positions


def cells(cameras: list[NDArray[Any]]) -> NDArray[Any]:
    """(14, 1) as MATLAB's cell array."""
    out = np.empty((14, 1), object)
    for index in range(14):
        positions = world() @ cameras[index % len(cameras)].T + PLACE
        out[index, 0] = positions.reshape(FRAMES, 84).astype(np.float32)
    return out


def write(
    path: Path, cameras: list[NDArray[Any]] = CAMERAS, changes: dict[str, NDArray[Any] | None] | None = None
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, NDArray[Any] | None] = {
        "annot2": cells(cameras),
        "annot3": cells(cameras),
        "univ_annot3": cells(cameras),
        "cameras": np.arange(14, dtype=np.uint8)[None],
        "frames": np.arange(FRAMES, dtype=np.uint16)[:, None],
    }
    arrays |= changes or {}
    savemat(path, {key: value for key, value in arrays.items() if value is not None}, do_compression=True)
    return path


def write_calibration(path: Path, cameras: list[NDArray[Any]] = CAMERAS) -> None:
    lines = ["Skeletool Camera Calibration File V1.0"]
    for number in range(14):
        matrix = np.eye(4)
        matrix[:3, :3], matrix[:3, 3] = cameras[number % len(cameras)], PLACE
        lines += [
            f"name          {number}",
            "  sensor      10 10",
            "  size        2048 2048",
            "  animated    0",
            "  intrinsic   1500 0 1024 0 0 1500 1024 0 0 0 1 0 0 0 0 1 ",
            "  extrinsic   " + " ".join(f"{value:.7g}" for value in matrix.ravel()) + " ",
            "  radial      0",
        ]
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "S1" / "Seq1" / "annot.mat"


def test_calibrated_cameras_give_the_true_vertical(path: Path, convert: Convert) -> None:
    write(path)
    write_calibration(path.with_name("camera.calibration"))
    converted = convert("mpi-inf-3dhp", path.parents[2])
    for name in set(NAMES) - set(OTHERS):
        np.testing.assert_allclose(converted.joint(name), from_pelvis(name), atol=1.5e-3, err_msg=name)
    assert converted.clips.root[0, 1] == pytest.approx(0.95, abs=1e-3), "the feet stand on 0"
    assert converted.clips.names == ("mpi_inf_3dhp_S1_Seq1",)


def test_without_calibration_the_first_camera_is_level(path: Path, convert: Convert) -> None:
    write(path, [np.diag([1.0, -1, -1])])
    converted = convert("mpi-inf-3dhp", path)
    for name in set(NAMES) - set(OTHERS):
        np.testing.assert_allclose(converted.joint(name), from_pelvis(name), atol=1e-3, err_msg=name)


@pytest.mark.parametrize(("sequence", "rate"), [("S1/Seq1", 25), ("S1/Seq2", 50), ("S3/Seq1", 50), ("S8/Seq2", 25)])
def test_each_sequence_has_its_rate(tmp_path: Path, convert: Convert, sequence: str, rate: int) -> None:
    clips = convert("mpi-inf-3dhp", write(tmp_path / sequence / "annot.mat")).clips
    assert clips.ranges() == [(0, 30 * (FRAMES - 1) // rate + 1)]
    np.testing.assert_allclose(np.diff(clips.root[:, 0]), 0.008 * rate / 30, atol=1e-4)


def test_universal_heights_are_used_without_true_ones(path: Path, convert: Convert) -> None:
    np.testing.assert_allclose(
        convert("mpi-inf-3dhp", write(path, [CAMERAS[1]], {"annot3": None})).bone("left_knee", "left_ankle"),
        (0, -0.4, 0),
        atol=1e-3,
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"annot3": None, "univ_annot3": None}, "'annot3'"),
        ({"annot3": np.zeros((5, 84))}, "'annot3'"),
        ({"annot3": np.array([[np.zeros((5, 51))]], object)}, "'annot3'"),
    ],
)
def test_a_wrong_key_is_named(
    path: Path, refusal: Refusal, changes: dict[str, NDArray[Any] | None], message: str
) -> None:
    error = refusal("mpi-inf-3dhp", write(path, changes=changes))
    assert message in error
    assert "annot.mat" in error


def test_nan_and_damage_are_one_line(path: Path, refusal: Refusal) -> None:
    spoilt = cells(CAMERAS)
    spoilt[0, 0][9, 30] = np.nan
    error = refusal("mpi-inf-3dhp", write(path, changes={"annot3": spoilt}))
    assert "'annot3'" in error
    assert "frame 9" in error
    path.write_bytes(path.read_bytes()[:300])
    assert "annot.mat" in refusal("mpi-inf-3dhp", path)
    path.write_bytes(b"no mat")
    assert "annot.mat" in refusal("mpi-inf-3dhp", path)


@pytest.mark.parametrize("line", ["extrinsic   1 2 3", "extrinsic   " + "1 " * 16])
def test_a_wrong_calibration_is_named(path: Path, refusal: Refusal, line: str) -> None:
    write(path)
    path.with_name("camera.calibration").write_text(f"name 0\n  {line}\n")
    error = refusal("mpi-inf-3dhp", path)
    assert "camera.calibration" in error
    assert "'extrinsic'" in error
