"""A student tuned to one person's 2D sequences."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from posenet3d_blender.body.keypoints import KEYPOINT_COUNT, body_keypoints, keypoints_on_body
from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.model import load_body
from posenet3d_blender.capture.student.features import STUDENT_POINT_COUNT, STUDENT_WINDOW
from posenet3d_blender.capture.student.network import StudentConfig, StudentNetwork
from posenet3d_blender.capture.student.predict import load_student as load_exported
from trainer.cli import main
from trainer.data.sequences import PointSequences, save_sequences
from trainer.geometry.rotations import axis_angle_to_matrix
from trainer.training.checkpoint import load_student, save_student
from trainer.training.loop import train_stage
from trainer.training.schedule import Schedule
from trainer.tuning.footage import FootageSampler
from trainer.tuning.losses import TuneDeviations, best_place, reprojection
from trainer.tuning.tune import TuneStage

SAMPLES = 60


@pytest.fixture(scope="module")
def sequences() -> PointSequences:
    """A person 4 m away who bends the knees, seen by an exact detector."""
    angles = torch.zeros(1, SAMPLES, 24, 3)
    angles[..., 0, 2] = torch.pi  # y up to y down: a half turn about z, the back to the camera as the untrained student
    bend = 0.5 - 0.5 * torch.cos(torch.arange(SAMPLES) / 8)
    for side in (1, 2):
        angles[0, :, side, 0], angles[0, :, side + 3, 0] = -bend, 2 * bend
    body = load_body()
    joints, world = forward_kinematics(axis_angle_to_matrix(angles[0]).numpy(), body.joint_template)
    keypoints = keypoints_on_body(joints, world, body.joint_template, body_keypoints(body).template)
    placed = keypoints + np.array([0.3, 0.1, 4.0])
    rays = np.zeros((SAMPLES, STUDENT_POINT_COUNT, 2), np.float32)
    confidence = np.zeros((SAMPLES, STUDENT_POINT_COUNT), np.float32)
    rays[:, :KEYPOINT_COUNT], confidence[:, :KEYPOINT_COUNT] = placed[..., :2] / placed[..., 2:], 1
    return PointSequences(rays, confidence, np.array([0, SAMPLES], np.int32), ("knees",))


@pytest.fixture
def student() -> StudentNetwork:
    """A tiny one that knows the rest pose alone."""
    torch.manual_seed(0)
    return StudentNetwork(StudentConfig(width=32, blocks=1))


def test_the_best_place_is_the_true_one() -> None:
    generator = torch.Generator().manual_seed(0)
    points = torch.randn(2, 3, KEYPOINT_COUNT, 3, generator=generator)
    place = torch.tensor([0.5, -0.2, 6.0])
    placed = points + place
    confidence = torch.rand(2, 3, KEYPOINT_COUNT, generator=generator)
    found = best_place(points, placed[..., :2] / placed[..., 2:], confidence)
    torch.testing.assert_close(found, place.expand(2, 3, 3), atol=1e-3, rtol=0)


def test_a_point_that_is_far_off_counts_little(sequences: PointSequences) -> None:
    batch = FootageSampler(sequences, seed=0).draw(4)
    rays, points = batch.rays.clone(), torch.cat([batch.rays, torch.ones_like(batch.rays[..., :1])], -1) * 4
    exact = float(reprojection(points, batch, TuneDeviations()))
    rays[:, :, 3] += 1.0
    moved = type(batch)(batch.features, rays, batch.confidence)
    assert exact == pytest.approx(0, abs=1e-4)
    assert exact < float(reprojection(points, moved, TuneDeviations())) < 4.0, "0.08 m of 0.04 m: four at most"


def test_tuning_fits_the_footage_and_stays_near_the_first_answers(
    sequences: PointSequences, student: StudentNetwork, tmp_path: Path
) -> None:
    batch = FootageSampler(sequences, seed=9).draw(8)
    assert batch.features.shape == (8, STUDENT_WINDOW, 82)
    schedule = Schedule(steps=60, batch_size=8, learning_rate=3e-3, warmup_steps=5, ema_decay=0.5, save_every=60)
    fitted = {}
    for pose in (0.1, 0.005):
        stage = TuneStage(StudentNetwork(student.config), TuneDeviations(pose=pose), {})
        stage.student.load_state_dict(student.state_dict())
        stage.untuned.load_state_dict(student.state_dict())
        before = stage(batch)
        train_stage(stage, lambda seed: FootageSampler(sequences, seed), schedule, tmp_path / str(pose), 0, 1, False)
        after = stage.cpu()(batch)
        fitted[pose] = float(after["reprojection"].detach())
        assert fitted[pose] < float(before["reprojection"].detach())
    assert fitted[0.1] < 0.7 * fitted[0.005]


def test_a_students_lifter_is_not_tuned() -> None:
    student = StudentNetwork(StudentConfig(width=16, blocks=1, feedback_width=8, feedback_blocks=1, lifter_width=16))
    stage = TuneStage(student, TuneDeviations(), {})
    trained = {name for name, weight in stage.student.named_parameters() if weight.requires_grad}
    frozen = {name for name, _ in stage.student.named_parameters()} - trained
    assert frozen == {name for name, _ in student.named_parameters() if ".lifter." in name}
    assert {name.partition(".")[0] for name in trained} >= {"embed", "feedback", "lifted_feedback"}


def test_a_tuned_student_is_one_that_capture_takes(
    sequences: PointSequences,
    student: StudentNetwork,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    save_student(tmp_path / "first", student, {"recipe": "supervised"})
    save_sequences(tmp_path / "mine.npz", sequences)
    arguments = ["--data", str(tmp_path / "mine.npz"), "--checkpoint", str(tmp_path / "first"), "--steps", "3"]
    assert main(["tune", *arguments, "--out", str(tmp_path / "tuned")]) == 0
    assert Path(capsys.readouterr().out.strip()) == tmp_path / "tuned" / "student.onnx"
    assert "mine.npz: 2.0 s of footage; less than 5 s may make captures worse" in caplog.text
    notes = json.loads((tmp_path / "tuned" / "student.json").read_text())["training"]
    assert notes == {"recipe": "supervised", "tuned_on": "mine.npz", "tuning_steps": 3}
    prediction = load_exported("cpu", tmp_path / "tuned").predict_points(
        sequences.rays.astype(np.float64), sequences.confidence.astype(np.float64)
    )
    assert prediction.rotations.shape == (SAMPLES, 24, 3, 3)
    assert load_student(tmp_path / "first") is not None, "the first student stays"


def test_footage_shorter_than_a_window_is_refused(
    sequences: PointSequences, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    short = PointSequences(sequences.rays[:20], sequences.confidence[:20], np.array([0, 20], np.int32), ("a",))
    save_sequences(tmp_path / "short.npz", short)
    assert main(["tune", "--data", str(tmp_path / "short.npz"), "--out", str(tmp_path / "tuned")]) == 1
    assert "20 samples, fewer than the window of 32" in capsys.readouterr().err
    assert not (tmp_path / "tuned").exists()
