"""Base of the recipe's stages: saves a checkpoint when the held-out loss is the lowest so far, without 3D data."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TypeVar

import torch

from posenet3d_blender.atomic_write import writing
from posenet3d_blender.capture.student.network import StudentNetwork
from posenet3d_blender.errors import PoseNet3DError

from ...training.checkpoint import Notes, load_network, save_network
from ...training.loop import Stage, to_device
from ...training.resume_state import HELD_OUT_LOSSES
from ...windows.windows import Windows
from ..pose_prior import Priors
from ..teacher.network import TeacherNetwork
from ..windows import DistillationWindows, SequenceWindows, TeacherWindows

PaperNetwork = Priors | TeacherNetwork | StudentNetwork

Batch = TypeVar("Batch", SequenceWindows, DistillationWindows, TeacherWindows, Windows)


class PaperStage(Stage[Batch]):
    """Base of the stages: saves a checkpoint when the held-out loss is the lowest so far."""

    def __init__(self, held_out: Batch, notes: Notes) -> None:
        """Store the held-out windows and the notes.

        Args:
            held_out: windows to choose the checkpoint by.
            notes: of the checkpoint; steps and held-out loss are added.
        """
        super().__init__()
        self._held_out: Batch = held_out
        self._notes = notes

    def networks(self) -> dict[str, PaperNetwork]:
        """Networks of the checkpoint, by name."""
        raise NotImplementedError

    def save(self, folder: Path, steps: int) -> None:
        """Write the networks, unless an earlier checkpoint of this run was better."""
        loss = self._held_out_loss()
        history = {step: value for step, value in read_held_out_losses(folder).items() if step < steps}
        if loss <= min(history.values(), default=loss):
            notes = {**self._notes, "steps": steps, "held_out_loss": loss}
            for name, network in self.networks().items():
                save_network(folder, name, network, asdict(network.config), notes)
        with writing(folder / HELD_OUT_LOSSES) as partial_file:
            partial_file.write_text(json.dumps({**history, steps: loss}, indent=1) + "\n")

    def restore(self, folder: Path) -> None:
        """Load the networks of the checkpoint in `folder`: the next stage starts from the best weights.

        Raises:
            PoseNet3DError: the checkpoint is damaged.
        """
        for name, network in self.networks().items():
            load_network(folder, name, partial(_same_network, network))

    @torch.no_grad()
    def _held_out_loss(self) -> float:
        """The stage's loss on the held-out windows, always with the same cameras."""
        device = next(self.parameters()).device
        with torch.random.fork_rng():
            torch.manual_seed(0)
            return float(torch.stack(list(self(to_device(self._held_out, device)).values())).sum())


def read_held_out_losses(folder: Path) -> dict[int, float]:
    """Held-out losses of a stage by step; empty before the first checkpoint.

    Raises:
        PoseNet3DError: the file is damaged.
    """
    path = folder / HELD_OUT_LOSSES
    try:
        return {int(step): float(value) for step, value in json.loads(path.read_text()).items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise PoseNet3DError(f"{path}: damaged; train without --resume, or restore the file") from error


def _same_network(network: PaperNetwork, config: dict[str, object]) -> PaperNetwork:
    """The network itself, if the checkpoint's config is its own."""
    # Through JSON, which has no tuples.
    if json.loads(json.dumps(asdict(network.config))) != config:
        raise ValueError("its sizes differ from the recipe's")
    return network
