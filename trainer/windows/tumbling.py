"""Upside-down and lying people, which motion capture hardly holds: whole windows turned about a level axis."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from posenet3d_blender.body.skeleton import JOINT_INDEX

from ..config_checks import require_shares, require_shares_of_one
from ..geometry.rotations import axis_angle_to_matrix


@dataclass(frozen=True)
class Tumbles:
    """Shares of windows that are turned over."""

    lying: float = 0.04
    upside_down: float = 0.06
    handstand: float = 0.7
    """Of those upside down, windows with both arms stretched past the head."""
    turning: float = 0.5
    """Of both, windows that turn on while they last, as in a cartwheel or a roll."""

    def __post_init__(self) -> None:
        require_shares(self, "lying", "upside_down", "handstand", "turning")
        require_shares_of_one(self, "lying", "upside_down")


def tumble(rotations: Tensor, root: Tensor, ranges: Tumbles, generator: torch.Generator) -> Tensor:
    """Turn some windows over, in place.

    Args:
        rotations: (B, T, 24, 3, 3) relative to the parent, the pelvis's in a Y-up world.
        root: (B, T, 3) the pelvis's path.
        ranges: how many.
        generator: all chance comes from it.

    Returns:
        (B,) whether the window was turned.
    """
    count, window = root.shape[:2]

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(*shape, generator=generator)

    kind = torch.rand(count, generator=generator)
    lying, over = kind < ranges.lying, (kind >= ranges.lying) & (kind < ranges.lying + ranges.upside_down)
    turned = lying | over
    angle = torch.where(over, uniform(math.radians(110), math.radians(180), count), uniform(1.0, 1.9, count))
    azimuth = uniform(0, 2 * math.pi, count)
    axis = torch.stack([azimuth.cos(), torch.zeros(count), azimuth.sin()], -1)  # (B, 3)
    speed = uniform(-5.0, 5.0, count) * (torch.rand(count, generator=generator) < ranges.turning)  # rad/s
    seconds = (torch.arange(window) - window / 2) / 30.0
    angles = angle[:, None] + speed[:, None] * seconds  # (B, T)
    turns = axis_angle_to_matrix(axis[:, None] * angles[..., None])  # (B, T, 3, 3)
    rotations[turned, :, 0] = turns[turned] @ rotations[turned, :, 0]
    handstand = over & (torch.rand(count, generator=generator) < ranges.handstand)
    _raise_arms(rotations, handstand, generator)
    return turned


def _raise_arms(rotations: Tensor, chosen: Tensor, generator: torch.Generator) -> None:
    """Stretch both arms of the chosen windows past the head, each a little off."""
    number = int(chosen.sum())
    for side, sign in (("left", 1.0), ("right", -1.0)):
        raised = torch.zeros(number, 3)
        raised[:, 2] = sign * (1.1 + 0.5 * torch.rand(number, generator=generator))
        # Collars take a part of it, as shoulder blades do.
        rotations[chosen, :, JOINT_INDEX[f"{side}_collar"]] = axis_angle_to_matrix(0.2 * raised)[:, None]
        wobble = 0.2 * torch.randn(number, 3, generator=generator)
        upper = axis_angle_to_matrix(raised) @ axis_angle_to_matrix(wobble)
        rotations[chosen, :, JOINT_INDEX[f"{side}_shoulder"]] = upper[:, None]
        bend = torch.zeros(number, 3)
        bend[:, 1] = -sign * 0.4 * torch.rand(number, generator=generator) ** 2
        rotations[chosen, :, JOINT_INDEX[f"{side}_elbow"]] = axis_angle_to_matrix(bend)[:, None]
