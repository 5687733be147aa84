"""Metrics of cases worked out by hand, and the evaluation from data file to metrics."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from posenet3d_blender.body.model import load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.body.skeleton import JOINT_INDEX
from posenet3d_blender.capture.keypoints.keypoints import KEYPOINT_COUNT
from posenet3d_blender.capture.keypoints.sampling import SampledKeypoints
from posenet3d_blender.capture.student.features import STUDENT_POINT_NAMES
from posenet3d_blender.capture.student.joint_of_point import JOINT_OF_POINT, NO_JOINT
from posenet3d_blender.capture.student.network import StudentConfig, StudentNetwork
from posenet3d_blender.capture.student.predict import load_student as load_exported
from trainer.cli import main
from trainer.data.clips import Clips, load_clips, resampled
from trainer.evaluation.metrics import COMMON_JOINTS, align_to, measure, scale_to
from trainer.evaluation.models import open_student
from trainer.export import export_student, in_half_precision, windows_of_people
from trainer.synthesis.benchmark_views import benchmark_views
from trainer.synthesis.detector_noise import load_detector_noise, simulate_detector
from trainer.training.checkpoint import save_student

METRIC_KEYS = {"mpjpe_mm", "n_mpjpe_mm", "pa_mpjpe_mm", "pck150", "auc", "accel_mm"}


@pytest.fixture(scope="module")
def walk() -> NDArray[Any]:
    """(45, 24, 3) a body that stands and waves, pelvis at 0, metres, Y up."""
    body = load_body()
    joints = np.repeat((body.joint_template - body.joint_template[0])[None], 45, 0)
    wave = axis_angle_to_matrix(np.array([0, 0, 1.2]) * np.sin(np.arange(45) / 6)[:, None])
    arm = [JOINT_INDEX[f"left_{part}"] for part in ("elbow", "wrist", "hand")]
    shoulder = joints[:, [JOINT_INDEX["left_shoulder"]]]
    joints[:, arm] = np.einsum("tij,tkj->tki", wave, joints[:, arm] - shoulder) + shoulder
    return joints


@pytest.fixture(scope="module")
def data(walk: NDArray[Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clips, one of them shorter than the student's window."""
    path = tmp_path_factory.mktemp("data") / "clips.npz"
    write_clips(path, walk)
    return path


def write_clips(path: Path, joints: NDArray[Any], **changes: NDArray[Any] | None) -> None:
    arrays: dict[str, NDArray[Any] | None] = {
        "rel": joints.astype(np.float16),
        "root": np.linspace((0, 0.9, 0), (0, 0.9, 1.0), len(joints)).astype(np.float32),
        "offsets": np.array([0, len(joints) - 8, len(joints)], np.int32),
        "names": np.array(["wave", "short"]),
        "fps": np.array(30, np.float32),
    }
    arrays |= changes
    np.savez(path, **{key: value for key, value in arrays.items() if value is not None})


def run(data: Path, out: Path, *options: str) -> dict[str, dict[str, float]]:
    assert main(["evaluate", "--data", str(data), "--out", str(out), *options]) == 0
    rows: dict[str, dict[str, float]] = json.loads(out.read_text())
    return rows


def test_a_shift_of_some_joints_is_measured(walk: NDArray[Any]) -> None:
    """Seven of fourteen joints lie 99 mm off; where the pelvis stands does not matter."""
    predicted = walk + np.array([5.0, 0, 0])
    predicted[:, COMMON_JOINTS[:7]] += (0, 0.0594, 0.0792)
    metrics = measure([(predicted, walk)])
    assert metrics.mpjpe_mm == pytest.approx(49.5)
    assert metrics.pck150 == 100
    # 30 of 31 limits lie above 0 mm, 11 above 99 mm.
    assert metrics.auc == pytest.approx(100 * (30 + 11) / 2 / 31, abs=0.2)
    assert metrics.accel_mm == pytest.approx(0, abs=1e-6)
    predicted[:, COMMON_JOINTS[:7]] += (0, 0.0594, 0.0792)
    assert measure([(predicted, walk)]).pck150 == 50


def test_scale_is_forgiven_by_name_only(walk: NDArray[Any]) -> None:
    metrics = measure([(1.25 * walk, walk)])
    assert metrics.mpjpe_mm == pytest.approx(250 * np.linalg.norm(walk[:, COMMON_JOINTS], axis=-1).mean())
    assert metrics.n_mpjpe_mm == pytest.approx(0, abs=1e-6)
    prediction, target = np.array([[[1.0, 0, 0], [0, 1, 0]]]), np.array([[[2.0, 0, 0], [0, 3, 0]]])
    np.testing.assert_allclose(scale_to(prediction, target), 2.5 * prediction)


def test_similarity_is_forgiven_and_reflection_is_not(walk: NDArray[Any]) -> None:
    rotation = axis_angle_to_matrix(np.array([0.4, -1.1, 0.7]))
    moved = 0.8 * walk @ rotation.T + (0.1, 0.2, 0.3)
    np.testing.assert_allclose(align_to(moved, walk), walk, atol=1e-9)
    metrics = measure([(moved, walk)])
    assert metrics.pa_mpjpe_mm == pytest.approx(0, abs=1e-6)
    assert metrics.n_mpjpe_mm > 100
    deep = walk + 0.3 * np.sin(np.arange(24))[:, None] * (0, 0, 1)
    assert measure([(deep * (1.0, 1.0, -1.0), deep)]).pa_mpjpe_mm > 50


def test_acceleration_is_per_frame_squared(walk: NDArray[Any]) -> None:
    predicted = walk.copy()
    predicted[:, 1:] += 0.001 * np.arange(len(walk))[:, None, None] ** 2 * np.array([1.0, 0, 0])
    assert measure([(predicted, walk)]).accel_mm == pytest.approx(2)
    assert measure([(predicted[:2], walk[:2])]).accel_mm is None


def test_the_hips_may_be_the_middle(walk: NDArray[Any]) -> None:
    predicted = walk.copy()
    predicted[:, 0] += (0, 0.05, 0)
    metrics = measure([(predicted, walk)])
    assert metrics.mpjpe_mm == pytest.approx(50)
    assert metrics.hip_mpjpe_mm == pytest.approx(0, abs=1e-6)


def test_views_are_exact_upright_and_before_the_camera(data: Path, walk: NDArray[Any]) -> None:
    clips = load_clips(data)
    views = list(benchmark_views(clips, 3, 7, None))
    assert [len(view.rays) for view in views] == [37] * 3 + [8] * 3
    for view in views:
        for point, joint in enumerate(JOINT_OF_POINT):
            if joint != NO_JOINT:
                expected = view.joints[:, joint, :2] / view.joints[:, joint, 2:]
                np.testing.assert_allclose(view.rays[:, point], expected, atol=1e-12)
            assert (view.confidence[:, point] == (joint != NO_JOINT)).all()
        up = view.joints[:, JOINT_INDEX["head"]] - view.joints[:, JOINT_INDEX["left_ankle"]]
        assert (up[:, 1] < -0.5).all()
        assert (up[:, 2] < 0.3).all(), "the camera stands level or high, so that heads are nearer than feet"
        assert 3 <= view.joints[:, 0, 2].mean() <= 7
    apart = np.linalg.norm(views[0].joints[:, 16] - views[0].joints[:, 17], axis=-1)
    np.testing.assert_allclose(apart, np.linalg.norm(walk[:37, 16] - walk[:37, 17], axis=-1), atol=2e-3)
    # No mirror: in the camera's frame, the triple product of left, up and front keeps its sign.
    left, head, toe = (JOINT_INDEX[name] for name in ("left_shoulder", "head", "left_foot"))
    volume = np.linalg.det(views[0].joints[:, [left, head, toe]] - views[0].joints[:, [0]])
    assert (np.sign(volume) == np.sign(np.linalg.det(walk[:37, [left, head, toe]]))).all()


def test_the_camera_is_set_back_from_a_close_person(walk: NDArray[Any]) -> None:
    root = np.linspace((-20, 0, 0), (20, 0, 0), len(walk)).astype(np.float32)
    clips = Clips(walk.astype(np.float32), root, np.array([0, len(walk)], np.int32), ("run",), 30.0)
    assert all(view.joints[..., 2].min() > 0.99 for view in benchmark_views(clips, 4, 0, None))


def test_detected_points_miss_as_measured() -> None:
    noise = load_detector_noise()
    noise = replace(noise, sides=replace(noise.sides, swap=0.0))
    exact, heights = np.zeros((6000, 27, 2)), np.full(6000, 0.5)
    rays, confidence = simulate_detector(exact, heights, noise, torch.Generator().manual_seed(0))
    miss = np.linalg.norm(rays / 0.5, axis=-1)
    measured = json.loads((Path(simulate_detector.__code__.co_filename).parent / "detector_noise.json").read_text())[
        "keypoints"
    ]
    medians = np.array([np.median(miss[confidence[:, i] > 0.5, i]) for i in range(KEYPOINT_COUNT)])
    expected = np.array([measured[name]["median"] for name in STUDENT_POINT_NAMES[:KEYPOINT_COUNT]])
    assert np.median(medians / expected) == pytest.approx(1, abs=0.1)
    unsure = (confidence[:, :KEYPOINT_COUNT] <= 0.5).mean(0)
    rates = np.array([measured[name]["unsure_rate"] for name in STUDENT_POINT_NAMES[:KEYPOINT_COUNT]])
    np.testing.assert_allclose(unsure, rates, atol=0.12)
    assert np.median(np.abs(np.diff(rays, axis=0))) < np.median(np.abs(rays)), "misses last"


def test_other_rates_come_to_the_students(walk: NDArray[Any]) -> None:
    slow = Clips(walk[:31].astype(np.float32), np.zeros((31, 3), np.float32), np.array([0, 31], np.int32), ("a",), 15.0)
    twice = resampled(slow, 30.0)
    assert twice.ranges() == [(0, 61)]
    np.testing.assert_allclose(twice.relative_joints[::2], slow.relative_joints, atol=1e-6)
    assert resampled(twice, 30.0) is twice


def test_given_keypoints_and_given_points_are_one_way(walk: NDArray[Any]) -> None:
    student = load_exported("cpu")
    rng = np.random.default_rng(0)
    rays, confidence = 0.1 * rng.normal(size=(50, KEYPOINT_COUNT, 2)), rng.uniform(0.5, 1, (50, KEYPOINT_COUNT))
    first = student.predict(SampledKeypoints(np.arange(50) / 30, rays, confidence))
    padded = np.pad(rays, ((0, 0), (0, 2), (0, 0))), np.pad(confidence, ((0, 0), (0, 2)))
    np.testing.assert_array_equal(first.rotations, student.predict_points(*padded).rotations)


@pytest.mark.parametrize("source", ["clean", "detected"])
def test_the_shipped_student_gives_figures(data: Path, tmp_path: Path, source: str) -> None:
    first = run(data, tmp_path / "a.json", "--views", "2", "--input", source)
    assert set(first["student"]) >= METRIC_KEYS
    assert np.isfinite(list(first["student"].values())).all()
    assert first["student"]["pa_mpjpe_mm"] < 150
    assert first["student"]["pa_mpjpe_mm"] <= first["student"]["mpjpe_mm"]
    assert run(data, tmp_path / "b.json", "--views", "2", "--input", source) == first
    assert run(data, tmp_path / "c.json", "--views", "2", "--input", source, "--seed", "1") != first


def test_the_persons_own_skeleton_is_measured_beside_the_shipped_body(data: Path, tmp_path: Path) -> None:
    network = StudentNetwork(StudentConfig(width=8, blocks=1))
    save_student(tmp_path / "plain", network, {})
    offsets = torch.zeros(24, 3)
    for side, sign in (("left", 1), ("right", -1)):
        offsets[JOINT_INDEX[f"{side}_knee"]] = torch.tensor([sign * 0.01, -0.2, 0.0])
    with torch.no_grad():
        network.bones.bias.copy_(offsets.flatten())
    save_student(tmp_path / "longer", network, {})
    plain, longer = (
        run(data, tmp_path / f"{name}.json", "--views", "1", "--checkpoint", str(tmp_path / name))
        for name in ("plain", "longer")
    )
    assert plain["student"] == pytest.approx(plain["student_body"])
    assert longer["student_body"] == plain["student_body"]
    # Knees and ankles of two legs, 4 of 14 joints, lie lower by the 20 cm at most.
    assert 0 < abs(longer["student"]["mpjpe_mm"] - plain["student"]["mpjpe_mm"]) < 4 / 14 * 201
    view = next(benchmark_views(load_clips(data), 1, 0, None))
    prediction = open_student(str(tmp_path / "longer")).predict_points(view.rays, view.confidence)
    np.testing.assert_allclose(prediction.bone_offsets, offsets, atol=1e-6)
    body = load_body()
    shift = prediction.rest_joints(body) - body.rest_joints(prediction.betas)
    np.testing.assert_allclose(shift[JOINT_INDEX["left_foot"]], (0.01, -0.2, 0), atol=1e-6)
    np.testing.assert_allclose(shift[JOINT_INDEX["left_wrist"]], 0, atol=1e-9)


def test_one_sided_offsets_come_out_even(data: Path, tmp_path: Path) -> None:
    """Each window is also run mirrored: an offset of one side only is halved and given to both."""
    network = StudentNetwork(StudentConfig(width=8, blocks=1))
    with torch.no_grad():
        network.bones.bias[3 * JOINT_INDEX["left_elbow"]] = 0.1
    save_student(tmp_path, network, {})
    view = next(benchmark_views(load_clips(data), 1, 0, None))
    prediction = open_student(str(tmp_path)).predict_points(view.rays, view.confidence).bone_offsets
    assert prediction[JOINT_INDEX["left_elbow"], 0] == pytest.approx(0.05)
    assert prediction[JOINT_INDEX["right_elbow"], 0] == pytest.approx(-0.05)


def test_torch_and_exported_give_the_same(data: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = StudentNetwork(StudentConfig(width=32, blocks=1))
    torch.nn.init.normal_(network.bones.weight, std=0.01)
    save_student(tmp_path / "run", in_half_precision(network), {"recipe": "supervised"})
    export_student(tmp_path / "run", tmp_path / "exported")
    figures = [
        run(data, tmp_path / f"{name}.json", "--views", "2", "--checkpoint", str(tmp_path / name))["student"]
        for name in ("run", "exported")
    ]
    assert figures[0] == pytest.approx(figures[1], abs=1e-2)


def test_what_ships_is_the_committed_checkpoint() -> None:
    features = windows_of_people()
    shipped = open_student("shipped").network.run({"features": features})
    trained = open_student("supervised").network.run({"features": features})
    assert shipped.keys() == trained.keys()
    for name, values in shipped.items():
        np.testing.assert_allclose(values, trained[name], atol=1e-4, err_msg=name)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"root": None}, "'root'"),
        ({"fps": None}, "'fps'"),
        ({"fps": np.array(0.0)}, "'fps'"),
        ({"rel": np.full((45, 24, 3), np.nan, np.float16)}, "'rel'"),
        ({"rel": np.array("text")}, "'rel'"),
        ({"offsets": np.array([0], np.int32)}, "'offsets'"),
    ],
)
def test_damaged_data_is_one_line(
    walk: NDArray[Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, NDArray[Any] | None],
    message: str,
) -> None:
    write_clips(tmp_path / "bad.npz", walk, **changes)
    assert main(["evaluate", "--data", str(tmp_path / "bad.npz"), "--out", str(tmp_path / "out.json")]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert message in error
    assert "bad.npz" in error
    assert not (tmp_path / "out.json").exists()


def test_a_wrong_checkpoint_is_one_line(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_student(tmp_path / "other", StudentNetwork(StudentConfig(width=8, blocks=1, features=10)), {})
    network = StudentNetwork(StudentConfig(width=8, blocks=1))
    torch.nn.init.constant_(network.pose.bias, float("nan"))
    save_student(tmp_path / "nan", network, {})
    (tmp_path / "file").write_text("no folder")
    for wrong in ("other", "nan", "file", "nowhere"):
        arguments = ["--checkpoint", str(tmp_path / wrong), "--out", str(tmp_path / "out.json")]
        assert main(["evaluate", "--data", str(data), *arguments]) == 1, wrong
        error = capsys.readouterr().err
        assert error.count("\n") == 1, error
        assert str(tmp_path / wrong) in error
    assert not (tmp_path / "out.json").exists()


def test_wrong_usage_is_told(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["evaluate", "--data", str(data), "--views", "0", "--out", str(tmp_path / "out.json")])
    assert stopped.value.code == 2
    out = tmp_path / "nowhere" / "out.json"
    assert main(["evaluate", "--data", str(data), "--out", str(out)]) == 1
    assert "nowhere" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--views", "--seed"])
def test_numbers_are_asked_for_in_plain_words(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    with pytest.raises(SystemExit):
        main(["evaluate", "--data", str(data), option, "x", "--out", str(tmp_path / "out.json")])
    assert f"{option}: 'x' is not a whole number from 0" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--views", "--seed"])
def test_published_protocols_have_their_own_cameras(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    command = ["evaluate", "--protocol", "3dpw", "--data", str(tmp_path), "--out", str(tmp_path / "out.json")]
    assert main([*command, option, "2"]) == 1
    assert "leave out --views and --seed" in capsys.readouterr().err


def test_the_data_is_never_replaced(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = tmp_path / "own.npz"
    own.write_bytes(data.read_bytes())
    assert main(["evaluate", "--data", str(own), "--out", str(own)]) == 1
    assert "own.npz: would replace a file that is read" in capsys.readouterr().err
    assert own.read_bytes() == data.read_bytes()
