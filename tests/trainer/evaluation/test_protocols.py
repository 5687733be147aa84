"""Published protocols on made-up files in the formats of Human3.6M, 3DPW and MPI-INF-3DHP."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.model import Body, load_body
from posenet3d_blender.body.skeleton import JOINT_INDEX, JOINT_NAMES
from tests.trainer.datasets.pickles import python2_pickle
from tests.trainer.datasets.standing import joint
from tests.trainer.datasets.test_human36m import DROPPED, positions
from trainer.cli import main
from trainer.evaluation.metrics import COMMON_JOINTS
from trainer.evaluation.models import PredictedJoints
from trainer.evaluation.protocols import human36m, mpi_inf_3dhp, threedpw
from trainer.evaluation.protocols.camera_resection import resect
from trainer.synthesis.benchmark_views import BenchmarkView

FRAMES = 60
FOCAL, CENTRE = 1145.0, (512.0, 515.0)
INTRINSICS = np.array([[FOCAL, 0, CENTRE[0]], [0, FOCAL, CENTRE[1]], [0, 0, 1]])


def look_from(azimuth: float) -> tuple[Array, Array]:
    """Rotation (3, 3) and shift (3,) of a level camera 4 m from a world with Z up, 1 m above its ground."""
    cosine, sine = np.cos(azimuth), np.sin(azimuth)
    rotation = np.array([[cosine, sine, 0], [0, 0, -1], [-sine, cosine, 0]])
    return rotation, np.array([0.0, 1.0, 4.0])


def pixels_of(in_camera: Array) -> Array:
    projected: Array = in_camera[..., :2] / in_camera[..., 2:] * FOCAL + CENTRE
    return projected


def write_human36m(folder: Path) -> None:
    world = positions(FRAMES).astype(np.float64)
    views = []
    for camera in range(4):
        rotation, shift = look_from(0.4 + 1.5 * camera)
        views.append(pixels_of(np.delete(world, DROPPED, axis=1) @ rotation.T + shift))
    takes = {"Walking 1": world}
    np.savez(folder / human36m.FILE_3D, positions_3d=np.array({"S1": takes, "S9": takes, "S11": takes}, object))
    pixels = np.array({subject: {"Walking 1": views} for subject in ("S1", "S9", "S11")}, object)
    np.savez(folder / human36m.FILE_EXACT, positions_2d=pixels, metadata=np.array({}, object))
    np.savez(folder / human36m.FILE_DETECTED, positions_2d=pixels)


def standing_in_camera() -> Array:
    """(T, 24, 3) the standing person before a level camera, who comes nearer by 1 cm a frame."""
    upright = np.array([joint(name) for name in JOINT_NAMES]) * (1, -1, -1) + (0, 1, 4)
    walk: Array = upright + np.arange(FRAMES)[:, None, None] * np.array([0, 0, -0.01])
    return walk


def write_threedpw(folder: Path) -> None:
    in_camera = standing_in_camera()
    camera = np.eye(4)
    camera[:3, 3] = (0.2, -0.1, 0.5)
    points = np.zeros((FRAMES, 3, 18))
    for index, name in enumerate(threedpw.OPENPOSE_18):
        if name in JOINT_INDEX:
            points[:, :2, index], points[:, 2, index] = pixels_of(in_camera[:, JOINT_INDEX[name]]), 0.9
    valid = np.ones(FRAMES, np.int64)
    valid[20:25] = 0
    data = {
        "jointPositions": [(in_camera - camera[:3, 3]).reshape(FRAMES, 72)],
        "campose_valid": [valid],
        "cam_poses": np.tile(camera, (FRAMES, 1, 1)),
        "cam_intrinsics": INTRINSICS,
        "poses2d": [points],
    }
    (folder / threedpw.FOLDER).mkdir(parents=True)
    (folder / threedpw.FOLDER / "street_00.pkl").write_bytes(python2_pickle(data))


def write_mpi_inf_3dhp(folder: Path) -> None:
    in_camera = standing_in_camera()
    by_name = {name: in_camera[:, JOINT_INDEX[name]] for name in mpi_inf_3dhp.JOINTS_17 if name in JOINT_INDEX}
    by_name["pelvis"] = (by_name["left_hip"] + by_name["right_hip"]) / 2
    by_name["spine"] = in_camera[:, JOINT_INDEX["spine2"]]
    by_name["head_top"] = by_name["head"] + (0, -0.2, 0)
    joints = 1000 * np.stack([by_name[name] for name in mpi_inf_3dhp.JOINTS_17], axis=1)
    valid = np.ones((FRAMES, 1))
    valid[:10] = 0
    (folder / "TS1").mkdir()
    with h5py.File(folder / "TS1" / mpi_inf_3dhp.FILE, "w") as file:
        file["annot3"], file["univ_annot3"], file["valid_frame"] = joints[:, None], joints[:, None], valid


WRITERS = {"h36m": write_human36m, "3dpw": write_threedpw, "3dhp": write_mpi_inf_3dhp}


@pytest.fixture(params=WRITERS)
def data_set(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    folder = tmp_path / "data"
    folder.mkdir()
    WRITERS[request.param](folder)
    return request.param, folder


def run(name: str, folder: Path, *options: str) -> dict[str, dict[str, float]]:
    out = folder.parent / "out.json"
    assert main(["evaluate", "--protocol", name, "--data", str(folder), "--out", str(out), *options]) == 0
    result: dict[str, dict[str, float]] = json.loads(out.read_text())
    return result


def test_a_camera_comes_back_from_its_points() -> None:
    world = np.random.default_rng(0).uniform(-1, 1, (200, 3))
    rotation, shift = look_from(0.7)
    found = resect(world, pixels_of(world @ rotation.T + shift))
    np.testing.assert_allclose(found.intrinsics, INTRINSICS, atol=1e-4)
    np.testing.assert_allclose(found.world_to_camera[:3, :3], rotation, atol=1e-7)
    np.testing.assert_allclose(found.world_to_camera[:3, 3], shift, atol=1e-6)


def test_human36m_is_two_subjects_in_four_cameras(tmp_path: Path) -> None:
    write_human36m(tmp_path)
    for detected in (False, True):
        sequences = list(human36m.human36m_sequences(tmp_path, detected))
        assert len(sequences) == 8
        assert {one.name.split()[0] for one in sequences} == {"S9", "S11"}
        assert all(one.evaluated.all() and len(one.rays) == FRAMES for one in sequences)
        assert all(one.has_teacher_points is not detected for one in sequences)
    exact, given = (list(human36m.human36m_sequences(tmp_path, detected))[1] for detected in (False, True))
    seen = given.confidence[0] > 0
    np.testing.assert_allclose(given.rays[:, seen], exact.rays[:, seen], atol=1e-4)
    rotation, shift = look_from(0.4 + 1.5)
    world = positions(FRAMES)[:, 25]  # the right shoulder
    np.testing.assert_allclose(exact.joints[:, JOINT_INDEX["right_shoulder"]], world @ rotation.T + shift, atol=1e-4)


@dataclass
class Exact:
    """Stands in for a checkpoint: the standing person, larger and with chosen joints moved to the camera's right."""

    moved: dict[str, float]
    scale: float
    body: Body
    teacher: None = None

    def predict(self, view: BenchmarkView) -> PredictedJoints:
        upright = np.array([joint(name) for name in JOINT_NAMES]) * (1, -1, -1)
        for name, distance in self.moved.items():
            upright[JOINT_INDEX[name]] += (distance, 0, 0)
        joints = self.scale * np.tile(upright, (len(view.rays), 1, 1))
        return PredictedJoints(view.joints, joints, joints, joints, np.zeros((1, 24, 3, 3)))


@pytest.fixture
def exact_but(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put a stand-in with these joints moved, metres, in place of every checkpoint."""

    def replace(moved: dict[str, float], scale: float = 1.0) -> None:
        stand_in = Exact(moved, scale, load_body())
        monkeypatch.setattr("trainer.evaluation.protocols.run.open_models", lambda _: stand_in)

    return replace


@pytest.mark.parametrize("name", ["3dpw", "3dhp"])
def test_figures_worked_out_by_hand(
    name: str, tmp_path: Path, exact_but: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    WRITERS[name](folder)
    # The person's crown is 0.2 m over the head joint, and so that of the prediction.
    monkeypatch.setattr("trainer.evaluation.protocols.run.with_head_top", _with_crown)
    exact_but({"left_wrist": 0.07, "right_knee": -0.2})
    row = run(name, folder)["student"]
    assert row["mpjpe_mm"] == pytest.approx((70 + 200) / 14, abs=0.01)
    assert row["pck150"] == pytest.approx(100 * 13 / 14, abs=0.01)
    # Of 31 thresholds from 0 to 150 mm those over 70, which are 16, count the wrist; none the knee; 0 counts nothing.
    assert row["auc"] == pytest.approx(100 * (30 * 12 / 14 + 16 / 14) / 31, abs=0.01)
    assert row["accel_mm"] == pytest.approx(0, abs=1e-6)


def test_a_persons_size_is_forgiven_after_alignment(tmp_path: Path, exact_but: Callable[..., None]) -> None:
    write_threedpw(tmp_path)
    exact_but({}, scale=1.1)
    row = run("3dpw", tmp_path)["student"]
    from_hips = np.array([joint(JOINT_NAMES[index]) for index in COMMON_JOINTS]) - (0, 0.9, 0)
    assert row["mpjpe_mm"] == pytest.approx(100 * np.linalg.norm(from_hips, axis=1).mean(), abs=0.01)
    assert row["n_mpjpe_mm"] == pytest.approx(0, abs=1e-6)
    assert row["pa_mpjpe_mm"] == pytest.approx(0, abs=1e-6)


def _with_crown(joints: Array, _body: Body) -> NDArray[Any]:
    return np.concatenate([joints, joints[:, JOINT_INDEX["head"], None] + (0, -0.2, 0)], axis=1)


def test_frames_that_do_not_count(tmp_path: Path) -> None:
    write_threedpw(tmp_path)
    (sequence,) = threedpw.threedpw_sequences(tmp_path, detected=False)
    assert sequence.evaluated.sum() == FRAMES - 5
    np.testing.assert_allclose(sequence.joints[:, :24], standing_in_camera(), atol=1e-9)
    write_mpi_inf_3dhp(tmp_path)
    (sequence,) = mpi_inf_3dhp.mpi_inf_3dhp_sequences(tmp_path, detected=False)
    assert sequence.evaluated.sum() == FRAMES - 10


def test_the_shipped_student_sees_the_person(data_set: tuple[str, Path]) -> None:
    name, folder = data_set
    rows = run(name, folder)
    assert set(rows) == {"student", "student_body"}
    # A person in a T-pose, with bones in round numbers: far from a meaningful benchmark, near enough for a mirrored
    # or turned camera to show.
    assert rows["student"]["pa_mpjpe_mm"] < 60
    assert rows["student"]["mpjpe_mm"] < 120


def test_detected_points_are_used(tmp_path: Path) -> None:
    write_threedpw(tmp_path)
    (exact,) = threedpw.threedpw_sequences(tmp_path, detected=False)
    (found,) = threedpw.threedpw_sequences(tmp_path, detected=True)
    seen = found.confidence[0] > 0
    assert found.confidence[:, seen] == pytest.approx(0.9)
    assert 13 <= seen.sum() < (exact.confidence[0] > 0).sum()
    np.testing.assert_allclose(found.rays[:, seen], exact.rays[:, seen], atol=1e-9)


@pytest.mark.parametrize(
    ("name", "missing", "words"),
    [
        ("h36m", human36m.FILE_EXACT, "no such file"),
        ("3dpw", "sequenceFiles/test/street_00.pkl", "holds no .pkl"),
        ("3dhp", "TS1/annot_data.mat", "TS1/annot_data.mat"),
    ],
)
def test_a_missing_file_is_one_line(
    name: str, missing: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    WRITERS[name](folder)
    (folder / missing).unlink()
    out = tmp_path / "out.json"
    assert main(["evaluate", "--protocol", name, "--data", str(folder), "--out", str(out)]) == 1
    assert words in capsys.readouterr().err.splitlines()[-1]
    assert not out.exists()


def test_damaged_files_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_mpi_inf_3dhp(tmp_path)
    path = tmp_path / "TS1" / mpi_inf_3dhp.FILE
    path.write_bytes(path.read_bytes()[:1000])
    assert main(["evaluate", "--protocol", "3dhp", "--data", str(tmp_path), "--out", str(tmp_path / "o.json")]) == 1
    assert "not a complete .mat" in capsys.readouterr().err
    options = ["evaluate", "--protocol", "3dhp", "--data", str(tmp_path), "--out", str(tmp_path / "o.json")]
    assert main([*options, "--input", "detected"]) == 1
    assert "use --input clean" in capsys.readouterr().err
