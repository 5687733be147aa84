"""A run of several stages: which of them count as trained."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from posenet3d_blender.errors import PoseNet3DError
from trainer.training.loop import Stage
from trainer.training.resume_state import HELD_OUT_LOSSES, PROGRESS_NAME
from trainer.training.run import Run
from trainer.training.schedule import Schedule

NAMES = ("first", "second", "third")
SCHEDULE = Schedule(steps=3, batch_size=4, warmup_steps=0, save_every=1, mixed_precision=False)


class Numbers:
    """Random numbers, or a refusal."""

    def __init__(self, seed: int, refuse: bool = False) -> None:
        self.generator, self.refuse = torch.Generator().manual_seed(seed), refuse

    def draw(self, count: int) -> Tensor:
        if self.refuse:
            raise PoseNet3DError("nothing is to be drawn")
        return torch.rand(count, 2, generator=self.generator)


REFUSING = partial(Numbers, refuse=True)


class Regression(Stage[Tensor]):
    """One layer."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 1)

    def forward(self, batch: Tensor) -> dict[str, Tensor]:
        return {"square": self.layer(batch).square().mean()}

    def save(self, folder: Path, steps: int) -> None:
        pass


class Noted(Regression):
    """Notes the precision that it is asked to compute in."""

    def __init__(self) -> None:
        super().__init__()
        self.used: set[bool] = set()

    def forward(self, batch: Tensor) -> dict[str, Tensor]:
        self.used.add(self.mixed_precision)
        return super().forward(batch)


def run_in(folder: Path, resume: bool = False) -> Run:
    return Run({name: folder / name for name in NAMES}, seed=5, threads=1, resume=resume)


def trained(folder: Path) -> set[str]:
    return {name for name in NAMES if (folder / name / PROGRESS_NAME).exists()}


def train_all(folder: Path) -> None:
    run = run_in(folder)
    run.begin()
    for name in NAMES:
        run.train(Regression(), Numbers, SCHEDULE, name)
        (folder / name / HELD_OUT_LOSSES).write_text("{}")


def test_training_a_stage_further_forgets_the_later_ones(tmp_path: Path) -> None:
    train_all(tmp_path)
    run = run_in(tmp_path, resume=True)
    run.begin()
    for name in NAMES:
        run.train(Regression(), REFUSING, SCHEDULE, name)
    assert trained(tmp_path) == set(NAMES), "nothing was left to train"
    # Killed in the midst: the stages that depend on this one are forgotten all the same.
    with pytest.raises(PoseNet3DError, match="nothing is to be drawn"):
        run.train(Regression(), REFUSING, replace(SCHEDULE, steps=5), "second")
    assert trained(tmp_path) == {"first", "second"}
    assert not (tmp_path / "third" / HELD_OUT_LOSSES).exists()
    assert (tmp_path / "second" / HELD_OUT_LOSSES).exists()


def test_a_new_run_forgets_all_stages(tmp_path: Path) -> None:
    train_all(tmp_path)
    run_in(tmp_path).begin()
    assert not trained(tmp_path)
    assert not list(tmp_path.rglob(HELD_OUT_LOSSES))


def test_a_stage_without_steps_is_left_out(tmp_path: Path) -> None:
    run_in(tmp_path).train(Regression(), REFUSING, replace(SCHEDULE, steps=0), "first")
    assert not list(tmp_path.iterdir())


def test_a_run_in_no_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "first").write_text("")
    with pytest.raises(PoseNet3DError, match=r"first.*can't be deleted"):
        run_in(tmp_path).begin()


@pytest.mark.parametrize("mixed", [False, True])
def test_a_stage_takes_the_precision_of_its_schedule(tmp_path: Path, mixed: bool) -> None:
    stage = Noted()
    run_in(tmp_path).train(stage, Numbers, replace(SCHEDULE, steps=1, mixed_precision=mixed), "first")
    assert stage.used == {mixed}
