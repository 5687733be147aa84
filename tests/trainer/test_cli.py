"""The command line when it is interrupted."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainer.cli import main


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("arguments", "stopped_in", "message"),
    [
        (
            ["train", "--recipe", "supervised"],
            "trainer.supervised.train.train_supervised",
            "stopped; continue with --resume",
        ),
        (["convert", "bvh", "a.bvh", "--out", "b.npz"], "trainer.datasets.convert.convert", "stopped"),
        (["export", "--checkpoint", "a", "--out", "b"], "trainer.export.export_student", "stopped"),
    ],
)
def test_only_training_can_be_resumed(
    arguments: list[str],
    stopped_in: str,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(stopped_in, interrupted)
    assert main(arguments) == 130
    assert capsys.readouterr().err == f"trainer: {message}\n"
