"""Stages of the supervised recipe in one run's folder: which are trained again, and with which settings."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from posenet3d_blender.capture.student.network import StudentConfig, StudentNetwork
from posenet3d_blender.errors import PoseNet3DError
from trainer.supervised.recipe import SupervisedRecipe
from trainer.supervised.train import SupervisedStage, train_supervised
from trainer.training.checkpoint import load_student, save_student
from trainer.training.schedule import Schedule
from trainer.windows.windows import Windows

from .still_clips import write_still

STUDENT = StudentConfig(width=16, blocks=1, feedback_width=8, feedback_blocks=1)
SCHEDULE = Schedule(steps=2, batch_size=4, warmup_steps=0, save_every=1, ema_decay=0.5)


@pytest.fixture
def recipe(tmp_path: Path) -> SupervisedRecipe:
    write_still(tmp_path / "clips.npz", [40])
    return SupervisedRecipe(
        data=[str(tmp_path / "clips.npz")],
        run=str(tmp_path / "run"),
        threads=1,
        student=STUDENT,
        frames=SCHEDULE,
        windows=SCHEDULE,
        feedback=SCHEDULE,
    )


def assert_last_stage_follows(run: Path, steps: int) -> None:
    """The run's student is that of the windows, apart from its feedback, and of the settings of this run."""
    windows, last = (load_student(folder).state_dict() for folder in (run / "windows", run))
    assert {name.partition(".")[0] for name in last if not torch.equal(last[name], windows[name])} == {"feedback"}
    settings = json.loads((run / "student.json").read_text())["training"]["settings"]
    assert settings["windows"]["steps"] == steps


def test_stages_after_a_trained_one_are_trained_again(recipe: SupervisedRecipe) -> None:
    run = train_supervised(recipe, resume=False)
    assert_last_stage_follows(run, 2)
    train_supervised(replace(recipe, windows=replace(SCHEDULE, steps=4)), resume=True)
    assert_last_stage_follows(run, 4)


def test_a_new_run_in_a_used_folder_forgets_the_old_one(
    recipe: SupervisedRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = train_supervised(recipe, resume=False)
    other = replace(recipe, seed=1)
    with monkeypatch.context() as patch:

        def killed(stage: SupervisedStage, folder: Path, steps: int) -> None:
            raise KeyboardInterrupt

        patch.setattr(SupervisedStage, "save", killed)
        with pytest.raises(KeyboardInterrupt):
            train_supervised(other, resume=False)
    train_supervised(other, resume=True)
    assert_last_stage_follows(run, 2)
    assert json.loads((run / "windows" / "student.json").read_text())["training"]["settings"]["seed"] == 1


def test_a_start_of_other_sizes_is_refused_in_one_line(recipe: SupervisedRecipe, tmp_path: Path) -> None:
    save_student(tmp_path / "other", StudentNetwork(StudentConfig(width=24, blocks=1)), {})
    with pytest.raises(PoseNet3DError, match=r"other: its student has other sizes .*'embed.weight'") as refused:
        train_supervised(replace(recipe, start_from=str(tmp_path / "other")), resume=False)
    assert "\n" not in str(refused.value)
    without_feedback = replace(recipe, student=replace(STUDENT, feedback_width=0), feedback=Schedule(steps=0))
    save_student(tmp_path / "corrected", StudentNetwork(STUDENT), {})
    with pytest.raises(PoseNet3DError, match=r"corrected: its student has other sizes .*'feedback\."):
        train_supervised(replace(without_feedback, start_from=str(tmp_path / "corrected")), resume=False)


def test_each_stage_has_its_own_tables_precision(recipe: SupervisedRecipe, monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[tuple[int, bool]] = []
    forward = SupervisedStage.forward

    def watched(stage: SupervisedStage, batch: Windows) -> dict[str, torch.Tensor]:
        used.append((batch.features.shape[1], stage.mixed_precision))
        return forward(stage, batch)

    monkeypatch.setattr(SupervisedStage, "forward", watched)
    train_supervised(replace(recipe, frames=replace(SCHEDULE, mixed_precision=False)), resume=False)
    assert set(used) == {(1, False), (32, True)}
