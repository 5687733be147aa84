"""Figures of skeletons and of losses: content, places and colours."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from posenet3d_blender.body.model import load_body
from posenet3d_blender.body.skeleton import JOINT_NAMES
from posenet3d_blender.capture.student.network import StudentConfig, StudentNetwork
from posenet3d_blender.errors import PoseNet3DError
from trainer.cli import main
from trainer.evaluation.loss_curves import draw_loss_curves
from trainer.evaluation.skeleton_figure import FigureRow, draw_side_by_side
from trainer.training.checkpoint import save_student

LEFT = np.array([name.startswith("left_") for name in JOINT_NAMES])


@pytest.fixture(scope="module")
def standing() -> NDArray[Any]:
    """(24, 3) the shipped body at rest, upright before a camera and facing it."""
    joints = load_body().joint_template
    placed: NDArray[Any] = (joints - joints[0]) * (1.0, -1.0, -1.0) + (0.0, 0.0, 4.0)
    return placed


@pytest.fixture
def row(standing: NDArray[Any]) -> FigureRow:
    joints = {"student": standing, "truth": standing}
    return FigureRow("clip, 1.0 s", standing[:, :2] / standing[:, 2:], joints)


def drawn(path: Path) -> NDArray[Any]:
    """(H, W, 3) red, green, blue."""
    return cv2.imread(str(path))[..., ::-1].astype(int)


def blue(picture: NDArray[Any]) -> NDArray[Any]:
    mask: NDArray[Any] = picture[..., 2] - picture[..., 0] > 100
    return mask


def orange(picture: NDArray[Any]) -> NDArray[Any]:
    mask: NDArray[Any] = picture[..., 0] - picture[..., 2] > 100
    return mask


def test_sides_have_their_colours_and_places(row: FigureRow, tmp_path: Path) -> None:
    draw_side_by_side([row], tmp_path / "both.png")
    picture = drawn(tmp_path / "both.png")
    panel = picture[:, : picture.shape[1] // 5]
    # A person facing the camera has the left hand on the image's right.
    assert np.nonzero(blue(panel))[1].mean() > np.nonzero(orange(panel))[1].mean() + 10
    head, feet = (row.points[JOINT_NAMES.index(name), 1] for name in ("head", "left_foot"))
    assert head < feet
    rows = np.nonzero(blue(panel) | orange(panel))[0]
    assert rows.max() > rows.min() + 100

    draw_side_by_side([replace(row, points=np.where(LEFT[:, None], np.nan, row.points))], tmp_path / "right.png")
    panel = drawn(tmp_path / "right.png")[:, : picture.shape[1] // 5]
    assert not blue(panel).any()
    assert orange(panel).any()


def test_the_second_view_shows_depth(row: FigureRow, standing: NDArray[Any], tmp_path: Path) -> None:
    draw_side_by_side([row], tmp_path / "picture.png")
    picture = drawn(tmp_path / "picture.png")
    width = picture.shape[1] // 5
    front, side = (picture[:, index * width : (index + 1) * width] for index in (3, 4))
    spread = [np.ptp(np.nonzero(blue(panel) | orange(panel))[1]) for panel in (front, side)]
    assert spread[0] > 2 * spread[1], "arms are wide from the front only"
    assert np.ptp(standing[:, 0]) > 2 * np.ptp(standing[:, 2])


def test_only_what_there_is_gets_a_column(row: FigureRow, standing: NDArray[Any], tmp_path: Path) -> None:
    teacher = np.where(np.isin(JOINT_NAMES, ["spine1", "spine2"])[:, None], np.nan, standing)
    draw_side_by_side([row], tmp_path / "student.png")
    draw_side_by_side([row, replace(row, joints={**row.joints, "teacher": teacher})], tmp_path / "teacher.png")
    without, with_teacher = drawn(tmp_path / "student.png"), drawn(tmp_path / "teacher.png")
    assert with_teacher.shape[1] == pytest.approx(without.shape[1] * 7 / 5, abs=5)
    assert with_teacher.shape[0] > 1.5 * without.shape[0]
    first_teacher = with_teacher[
        : with_teacher.shape[0] // 2, with_teacher.shape[1] // 7 : with_teacher.shape[1] // 7 * 2
    ]
    assert not (blue(first_teacher) | orange(first_teacher)).any()


def test_every_stage_has_its_curves(tmp_path: Path) -> None:
    from torch.utils.tensorboard import SummaryWriter

    for stage in ("teacher", "student"):
        with SummaryWriter(str(tmp_path / "run" / stage / "log")) as writer:
            for step in (1, 2, 3):
                for name in ("total", "cycle", "learning_rate"):
                    writer.add_scalar(name, 1 / step, step)
    draw_loss_curves(tmp_path / "run", tmp_path / "run.png")
    draw_loss_curves(tmp_path / "run" / "teacher", tmp_path / "teacher.png")
    both, one = drawn(tmp_path / "run.png"), drawn(tmp_path / "teacher.png")
    assert both.shape[0] == pytest.approx(2 * one.shape[0], rel=0.01)
    assert (blue(one).any(0)).sum() > one.shape[1] / 3, "three curves of four columns"
    with pytest.raises(PoseNet3DError, match="nowhere"):
        draw_loss_curves(tmp_path / "nowhere", tmp_path / "out.png")


def test_a_damaged_log_is_told_or_drawn_as_far_as_it_is_whole(tmp_path: Path) -> None:
    from tensorboard.summary.writer.record_writer import RecordWriter
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(tmp_path / "run" / "log")) as writer:
        for step in (1, 2, 3):
            writer.add_scalar("total", 1 / step, step)
    (log,) = (tmp_path / "run" / "log").iterdir()
    whole = log.read_bytes()
    log.write_bytes(whole[:-7])
    draw_loss_curves(tmp_path / "run", tmp_path / "cut.png")
    assert blue(drawn(tmp_path / "cut.png")).any()
    with log.open("wb") as stream:
        RecordWriter(stream).write(b"\x0f no event")
    with pytest.raises(PoseNet3DError, match="log: the TensorBoard log can't be read") as refused:
        draw_loss_curves(tmp_path / "run", tmp_path / "foreign.png")
    assert "\n" not in str(refused.value)
    log.write_bytes(b"no log at all")
    with pytest.raises(PoseNet3DError, match="run: no readable TensorBoard log in it"):
        draw_loss_curves(tmp_path / "run", tmp_path / "text.png")
    assert [path.name for path in tmp_path.iterdir() if path.suffix] == ["cut.png"]


def test_the_command_draws_a_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    joints = load_body().joint_template
    np.savez(
        tmp_path / "clips.npz",
        rel=np.repeat((joints - joints[0])[None], 50, 0).astype(np.float16),
        root=np.zeros((50, 3), np.float32),
        offsets=np.array([0, 30, 50], np.int32),
        names=np.array(["stand", "still"]),
        fps=np.float32(30),
    )
    torch.manual_seed(0)
    save_student(tmp_path / "run", StudentNetwork(StudentConfig(width=16, blocks=1)), {})
    out = tmp_path / "new" / "pictures"
    arguments = ["pictures", "--data", str(tmp_path / "clips.npz"), "--out", str(out)]
    assert main([*arguments, "--checkpoint", str(tmp_path / "run"), "--input", "detected"]) == 0
    assert capsys.readouterr().out.split() == [str(out / "side_by_side.png")]
    picture = drawn(out / "side_by_side.png")
    assert picture.shape[0] > 3 * 200, "two frames of both clips"
    assert main([*arguments, "--checkpoint", str(tmp_path / "nowhere")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
