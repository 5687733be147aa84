"""A run: the stages of a recipe in order, each trained in a folder of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .distributed import main_process_first
from .loop import MakeSource, Stage, train_stage
from .resume_state import delete_progress
from .schedule import Schedule


@dataclass(frozen=True)
class Run:
    """The folders of a recipe's stages, and the settings that all stages share."""

    folders: Mapping[str, Path]
    """Folder of each stage by its name, in the order of training: a stage depends on those before it."""
    seed: int
    threads: int
    resume: bool
    """Continue the run in these folders; finished stages are not trained again."""

    def begin(self) -> None:
        """Forget a former run in these folders, unless it is resumed. Call it once the data is loaded."""
        if not self.resume:
            delete_progress(self.folders.values())

    def train(self, stage: Stage[Any], make_source: MakeSource, schedule: Schedule, name: str) -> None:
        """Train the stage `name`, unless its schedule has no steps; afterwards it holds its checkpoint's weights.

        Raises:
            PoseNet3DError: as `train_stage`.
        """
        if schedule.steps == 0:
            return
        names = list(self.folders)
        later = [self.folders[other] for other in names[names.index(name) + 1 :]]
        folder = self.folders[name]
        train_stage(stage, make_source, schedule, folder, self.seed, self.threads, self.resume, later)
        with main_process_first():
            stage.restore(folder)
