"""The recipe `supervised`: the student learns from windows with their exact truth."""

from __future__ import annotations

import copy
import logging
import math
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch.utils.data import DataLoader, IterableDataset

from posenet3d_blender.body.model import load_body
from posenet3d_blender.body.skeleton import PARENTS
from posenet3d_blender.capture.student_network import StudentConfig, StudentNetwork, StudentOutput

from .checkpoint import load_progress, save_progress, save_student
from .data.clips import load_clips
from .data.rotations import load_or_fit
from .data.sampler import Mixture, Windows, WindowSampler
from .data.views import NoiseRanges, ViewRanges
from .losses import SupervisedWeights, supervised_losses

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SupervisedRecipe:
    """All that decides a run; read from a TOML file in `trainer/recipes`."""

    data: str
    run: str
    seed: int = 0
    steps: int = 8000
    batch: int = 64
    learning_rate: float = 1e-3
    warm_up: int = 200
    weight_decay: float = 0.01
    average_decay: float = 0.998
    """Of the moving average of the weights, which is what is kept."""
    threads: int = 2
    save_every: int = 200
    student: StudentConfig = field(default_factory=StudentConfig)
    weights: SupervisedWeights = field(default_factory=SupervisedWeights)
    mixture: Mixture = field(default_factory=Mixture)
    views: ViewRanges = field(default_factory=ViewRanges)
    noise: NoiseRanges = field(default_factory=NoiseRanges)


class _WindowStream(IterableDataset):
    """Batches drawn in a process of their own, beside the training."""

    def __init__(self, sampler: WindowSampler, batch: int) -> None:
        self.sampler, self.batch = sampler, batch

    def __iter__(self) -> Iterator[Windows]:
        torch.set_num_threads(1)
        while True:
            yield self.sampler.draw(self.batch)


def train_supervised(recipe: SupervisedRecipe, resume: bool) -> Path:
    """Train, and return the folder of the checkpoint; it is written anew every few minutes."""
    torch.manual_seed(recipe.seed)
    torch.set_num_threads(recipe.threads)
    folder = Path(recipe.run)
    network = StudentNetwork(recipe.student)
    average = copy.deepcopy(network)
    optimiser = torch.optim.AdamW(network.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay)
    done = load_progress(folder, network, optimiser) if resume else 0
    average.load_state_dict(network.state_dict())
    sampler = make_sampler(recipe, seed=recipe.seed + done)
    stream = DataLoader(_WindowStream(sampler, recipe.batch), batch_size=None, num_workers=1, prefetch_factor=4)
    started = time.monotonic()
    sums: dict[str, float] = {}
    for step, windows in enumerate(stream, start=done):
        if step >= recipe.steps:
            break
        for group in optimiser.param_groups:
            group["lr"] = _learning_rate(recipe, step)
        with torch.autocast("cpu", torch.bfloat16):
            output = network(windows.features)
        terms = supervised_losses(_as_float(output), windows, sampler.body_bones, recipe.weights)
        loss = torch.stack(list(terms.values())).sum()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        _follow(average, network, min(recipe.average_decay, (1 + step) / (10 + step)))
        for name, term in terms.items():
            sums[name] = sums.get(name, 0.0) + term.item()
        if (step + 1) % recipe.save_every == 0:
            minutes = (time.monotonic() - started) / 60
            means = {name: value / recipe.save_every for name, value in sums.items()}
            _report(folder, step + 1, minutes, means)
            sums = {}
            save_student(folder, average, {"recipe": "supervised", "steps": step + 1, "data": Path(recipe.data).name})
            save_progress(folder, step + 1, network, optimiser)
    return folder


def make_sampler(recipe: SupervisedRecipe, seed: int) -> WindowSampler:
    """The recipe's source of windows; the clips' rotations are fitted once and kept beside the run."""
    body = load_body()
    clips = load_clips(Path(recipe.data))
    rest_bones = body.joint_template.copy()
    rest_bones[1:] -= body.joint_template[list(PARENTS[1:])]
    fitted = load_or_fit(clips, rest_bones, Path(recipe.run).parent / f"{Path(recipe.data).stem}_rotations.npz")
    return WindowSampler(clips, fitted, body, seed, recipe.mixture, recipe.views, recipe.noise)


def _learning_rate(recipe: SupervisedRecipe, step: int) -> float:
    warm = min(1.0, (step + 1) / recipe.warm_up)
    return recipe.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * step / recipe.steps))


def _as_float(output: StudentOutput) -> StudentOutput:
    return StudentOutput(*(tensor.float() for tensor in output))


@torch.no_grad()
def _follow(average: StudentNetwork, network: StudentNetwork, decay: float) -> None:
    for kept, new in zip(average.parameters(), network.parameters(), strict=True):
        kept.lerp_(new, 1 - decay)


def _report(folder: Path, step: int, minutes: float, means: dict[str, float]) -> None:
    from torch.utils.tensorboard import SummaryWriter

    log.info("step %d, %.1f min: %s", step, minutes, ", ".join(f"{k} {v:.4f}" for k, v in means.items()))
    with SummaryWriter(os.fspath(folder / "log")) as writer:
        for name, value in means.items():
            writer.add_scalar(name, value, step)
