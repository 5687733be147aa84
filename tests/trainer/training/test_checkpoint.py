"""Checkpoints: errors name file and key."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from posenet3d_blender.capture.student.network import StudentConfig, StudentNetwork
from posenet3d_blender.errors import PoseNet3DError
from trainer.training.checkpoint import load_student, save_student

Tensors = dict[str, Tensor]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    save_student(tmp_path, StudentNetwork(StudentConfig(width=16, blocks=1)), {"recipe": "a", "settings": {"b": [1]}})
    return tmp_path


def test_a_network_comes_back(folder: Path) -> None:
    torch.manual_seed(0)
    wanted = StudentNetwork(StudentConfig(width=16, blocks=1)).state_dict()
    for key, tensor in load_student(folder).state_dict().items():
        assert torch.equal(tensor, wanted[key])
    assert json.loads((folder / "student.json").read_text())["training"] == {"recipe": "a", "settings": {"b": [1]}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda tensors: tensors.pop("norm.bias"), "'norm.bias' is missing"),
        (
            lambda tensors: tensors.update({"norm.bias": torch.zeros(7)}),
            r"'norm.bias' has the shape \(7,\), not \(16,\)",
        ),
        (lambda tensors: tensors.update({"norm.bias": torch.full((16,), torch.inf)}), "'norm.bias' holds values"),
        (lambda tensors: tensors.update({"more": torch.zeros(1)}), "'more' is of another network"),
    ],
)
def test_wrong_weights_are_named(folder: Path, change: Callable[[Tensors], object], message: str) -> None:
    path = folder / "student.safetensors"
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path)
    with pytest.raises(PoseNet3DError, match=rf"student.safetensors: {message}") as refused:
        load_student(folder)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not a checkpoint"),
        ("[]", "not a checkpoint"),
        ('{"config": {}, "training": {}}', "key 'version'"),
        ('{"version": 9, "config": {}, "training": {}}', "version 9, expected 1 or 2"),
        ('{"version": 1, "config": 3, "training": {}}', "key 'config'"),
        ('{"version": 1, "config": {}}', "key 'training'"),
        ('{"version": 1, "config": {"wide": 3}, "training": {}}', "key 'config' makes no network"),
        ('{"version": 1, "config": {"width": "x"}, "training": {}}', "key 'config' makes no network"),
    ],
)
def test_a_wrong_description_is_named(folder: Path, content: str, message: str) -> None:
    (folder / "student.json").write_text(content)
    with pytest.raises(PoseNet3DError, match=rf"student.json: .*{message}") as refused:
        load_student(folder)
    assert "\n" not in str(refused.value)


def test_feedback_that_was_trained_on_other_residuals_is_refused(tmp_path: Path) -> None:
    for name, feedback_width in (("plain", 0), ("corrected", 8)):
        config = StudentConfig(width=16, blocks=1, feedback_width=feedback_width, feedback_blocks=1)
        save_student(tmp_path / name, StudentNetwork(config), {})
        load_student(tmp_path / name)
        description = json.loads((tmp_path / name / "student.json").read_text())
        (tmp_path / name / "student.json").write_text(json.dumps(description | {"version": 1}))
    load_student(tmp_path / "plain")
    with pytest.raises(PoseNet3DError, match="corrected: a student whose feedback expects other residuals; train it"):
        load_student(tmp_path / "corrected")


@pytest.mark.parametrize("name", ["student.json", "student.safetensors"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(PoseNet3DError, match=f"{name}: no such file"):
        load_student(folder)
