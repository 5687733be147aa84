"""The exported student: outputs of the checkpoint, written atomically."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from posenet3d_blender.capture.runtime.network import open_network
from posenet3d_blender.capture.runtime.torch_network import TorchNetwork
from posenet3d_blender.capture.student.network import StudentConfig, StudentNetwork, StudentOutput
from posenet3d_blender.capture.student.predict import STUDENT_FOLDER
from posenet3d_blender.errors import PoseNet3DError
from trainer.cli import main
from trainer.evaluation.models import CHECKPOINTS
from trainer.export import (
    LARGEST_DIFFERENCE,
    differences,
    export_student,
    in_half_precision,
    refuse_difference,
    windows_of_people,
)
from trainer.paper.teacher.network import load_teacher
from trainer.training.checkpoint import load_student, save_student


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny student with random weights in every head."""
    torch.manual_seed(0)
    network = StudentNetwork(StudentConfig(width=16, blocks=1))
    torch.nn.init.normal_(network.bones.weight, std=0.01)
    folder = tmp_path_factory.mktemp("checkpoint") / "supervised"
    save_student(folder, network, {"recipe": "supervised", "settings": {"seed": 3}})
    return folder


@pytest.fixture(scope="module")
def exported(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its ONNX file, in a folder that had to be made."""
    logging.getLogger("torch.onnx").setLevel(logging.DEBUG)
    return export_student(checkpoint, tmp_path_factory.mktemp("exported") / "new" / "asset")


def test_a_student_with_feedback_and_lifter_is_run_by_both_runtimes(tmp_path: Path) -> None:
    torch.manual_seed(1)
    sizes = StudentConfig(width=16, blocks=1, feedback_width=8, feedback_blocks=1, lifter_width=16)
    network = StudentNetwork(sizes)
    for feedback in network.feedbacks():
        torch.nn.init.normal_(feedback.turns.weight, std=0.01)
    save_student(tmp_path / "lifting", network, {})
    path = export_student(tmp_path / "lifting", tmp_path / "exported")
    features = {"features": windows_of_people()}
    expected, actual = open_network(path, "cpu").run(features), TorchNetwork(path, "cpu").run(features)
    for name in StudentOutput._fields:
        np.testing.assert_allclose(actual[name], expected[name], atol=LARGEST_DIFFERENCE, err_msg=name)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_shipped_student_is_the_committed_checkpoint() -> None:
    network = in_half_precision(load_student(CHECKPOINTS / "supervised"))
    apart = differences(network, STUDENT_FOLDER / "student.onnx")
    assert apart.keys() == set(StudentOutput._fields)
    assert max(apart.values()) < LARGEST_DIFFERENCE, apart
    descriptions = (
        json.loads((folder / "student.json").read_text()) for folder in (STUDENT_FOLDER, CHECKPOINTS / "supervised")
    )
    shipped, committed = descriptions
    assert shipped["training"] == committed["training"]
    assert shipped["config"] == committed["config"]
    assert shipped["sha256"] == hashlib.sha256((STUDENT_FOLDER / "student.onnx").read_bytes()).hexdigest()


def test_the_committed_paper_students_lifter_is_its_teacher() -> None:
    student, teacher = load_student(CHECKPOINTS / "paper"), load_teacher(CHECKPOINTS / "paper").state_dict()
    assert student.lifter is not None
    for name, weights in student.lifter.state_dict().items():
        assert torch.equal(weights.float(), teacher[name].float()), name


def test_the_description_tells_the_training_and_the_hash(exported: Path) -> None:
    description = json.loads(exported.with_name("student.json").read_text())
    assert description["training"] == {"recipe": "supervised", "settings": {"seed": 3}}
    assert description["sha256"] == hashlib.sha256(exported.read_bytes()).hexdigest()
    assert sorted(contents(exported.parent)) == ["student.json", "student.onnx"]
    assert logging.getLogger("torch.onnx").level == logging.DEBUG, "silenced during the export only"


def test_weights_are_stored_in_half_precision(exported: Path, checkpoint: Path) -> None:
    weights = sum(parameter.numel() for parameter in load_student(checkpoint).parameters())
    assert 2 * weights < exported.stat().st_size < 2 * weights + 30_000


@pytest.mark.parametrize("output", StudentOutput._fields)
def test_every_output_is_compared(checkpoint: Path, exported: Path, output: str) -> None:
    network = in_half_precision(load_student(checkpoint)).eval()
    refuse_difference(network, exported, exported)
    head = {"rotations": "pose", "betas": "shape", "up": "up", "contacts": "contact", "bone_offsets": "bones"}[output]
    with torch.no_grad():
        bias = getattr(network, head).bias
        bias += 3e-4 * (-1.0) ** torch.arange(len(bias))
    with pytest.raises(PoseNet3DError, match=rf"student.onnx: '{output}' differs from the checkpoint's by"):
        refuse_difference(network, exported, exported)
    zeros = np.zeros((3, network.config.window, network.config.features), np.float32)
    assert differences(network, exported, zeros)[output] > 1e-4, "on given windows too"


def test_an_export_that_differs_is_not_left_behind(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forward = StudentNetwork.forward
    (tmp_path / "student.json").write_text("the last one")

    def wrong(network: StudentNetwork, features: Tensor) -> StudentOutput:
        right = forward(network, features)
        return right._replace(betas=right.betas + 3e-4) if torch.compiler.is_exporting() else right

    monkeypatch.setattr(StudentNetwork, "forward", wrong)
    with pytest.raises(PoseNet3DError, match=r"student.onnx: 'betas' differs from the checkpoint's by 3.0e-04"):
        export_student(checkpoint, tmp_path)
    assert contents(tmp_path) == {"student.json": b"the last one"}


@pytest.mark.parametrize("moves_before", [0, 1])
def test_a_kill_between_the_files_leaves_no_other_ones_description(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moves_before: int
) -> None:
    for name in ("student.onnx", "student.json"):
        (tmp_path / name).write_text("the last one")

    class Killed(BaseException):
        pass

    moved: list[Path] = []

    def move(source: Path, target: Path) -> None:
        if len(moved) == moves_before:
            raise Killed
        moved.append(target)
        shutil.move(source, target)

    monkeypatch.setattr("posenet3d_blender.atomic_write.os.replace", move)
    with pytest.raises(Killed):
        export_student(checkpoint, tmp_path)
    assert contents(tmp_path).keys() == {"student.onnx"}
    assert (contents(tmp_path)["student.onnx"] == b"the last one") == (moves_before == 0)


def test_errors_of_the_export_are_one_line(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    bare = tmp_path / "bare"
    bare.mkdir()
    for name, content in contents(checkpoint).items():
        (bare / name).write_bytes(content)
    description = json.loads((bare / "student.json").read_text())
    del description["training"]
    (bare / "student.json").write_text(json.dumps(description))
    for source, out, message in (
        (checkpoint, tmp_path / "file" / "out", "file"),
        (checkpoint, tmp_path / "file", "file: can't be made"),
        (bare, tmp_path / "out", "student.json: key 'training' is missing"),
        (checkpoint, checkpoint, "holds a checkpoint, whose student.json would be replaced"),
        (tmp_path / "nowhere", tmp_path / "out", "nowhere/student.json: no such file"),
    ):
        assert main(["export", "--checkpoint", str(source), "--out", str(out)]) == 1
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()
    assert main(["export", "--checkpoint", str(checkpoint), "--out", str(tmp_path / "out")]) == 0, "still whole"


def test_a_committed_checkpoint_is_known_by_name(
    checkpoint: Path,
    exported: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("trainer.evaluation.models.CHECKPOINTS", checkpoint.parent)
    assert main(["export", "--checkpoint", checkpoint.name, "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "student.onnx")
    assert contents(tmp_path) == contents(exported.parent)
