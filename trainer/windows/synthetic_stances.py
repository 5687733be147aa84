"""Synthetic motions that the training clips lack: squats, sitting down, kneeling, lunges.

The pelvis swings smoothly between two random stances; the legs follow by two-bone inverse kinematics from pelvis and
feet, so that the feet do not slide. Frame: Y up, +Z front, +X left, metres.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from posenet3d_blender.body.skeleton import JOINT_INDEX

from ..geometry.rotations import axis_angle_to_matrix

_FULL_LEG = 0.9996
"""Largest share of the leg's length between hip and ankle: the knee stays bent by 3 degrees."""


@dataclass(frozen=True)
class Stance:
    """Place of pelvis and feet, each field (...) of samples. Lengths as shares of the leg, angles in radians."""

    height: Tensor
    """Hip above ankle."""
    forward: Tensor
    """Pelvis ahead of the middle of the feet."""
    sideways: Tensor
    """Pelvis to the left of the middle of the feet."""
    width: Tensor
    """Half the feet's distance, sideways."""
    stride: Tensor
    """Half the distance of the left foot ahead of the right."""
    lean: Tensor
    """Pelvis pitched forward."""
    turn: Tensor
    """Feet turned out."""
    left_heel: Tensor
    """Left foot pitched toe down."""
    right_heel: Tensor


def random_stances(count: int, generator: torch.Generator) -> Stance:
    """Random variations of standing, squatting, sitting, kneeling and lunging, (count,)."""

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(count, generator=generator)

    kind = torch.randint(0, 5, (count,), generator=generator)

    def pick(stand: Tensor, squat: Tensor, sit: Tensor, kneel: Tensor, lunge: Tensor) -> Tensor:
        return torch.stack([stand, squat, sit, kneel, lunge]).gather(0, kind[None])[0]

    zero = torch.zeros(count)
    side = torch.randint(0, 2, (count,), generator=generator).float() * 2 - 1
    kneel_heel = uniform(0.9, 1.5)
    lunge_heel = uniform(0.3, 1.0)
    return Stance(
        height=pick(uniform(0.96, 1.02), uniform(0.25, 0.9), uniform(0.4, 0.62), uniform(0.3, 0.5), uniform(0.45, 0.9)),
        forward=pick(
            uniform(-0.05, 0.05), uniform(-0.3, 0.0), uniform(-0.65, -0.3), uniform(0.0, 0.4), uniform(-0.1, 0.1)
        ),
        sideways=pick(uniform(-0.1, 0.1), uniform(-0.08, 0.08), zero, uniform(-0.05, 0.05), uniform(-0.1, 0.1)),
        width=pick(uniform(0.05, 0.3), uniform(0.1, 0.4), uniform(0.08, 0.25), uniform(0.08, 0.2), uniform(0.08, 0.25)),
        stride=side * pick(uniform(0, 0.15), uniform(0, 0.1), uniform(0, 0.1), uniform(0.2, 0.5), uniform(0.3, 0.65)),
        lean=pick(uniform(-0.1, 0.2), uniform(0.0, 0.8), uniform(-0.3, 0.4), uniform(-0.2, 0.5), uniform(-0.1, 0.4)),
        turn=pick(uniform(-0.1, 0.5), uniform(0.0, 0.7), uniform(-0.1, 0.4), uniform(-0.1, 0.2), uniform(-0.1, 0.3)),
        left_heel=pick(zero, uniform(0, 0.1), zero, kneel_heel * (side < 0), lunge_heel * (side < 0)),
        right_heel=pick(zero, uniform(0, 0.1), zero, kneel_heel * (side > 0), lunge_heel * (side > 0)),
    )


def swing(count: int, window: int, generator: torch.Generator) -> Tensor:
    """(count, window) shares from 0 to 1 of a smooth oscillation at 0.1 to 0.8 Hz with a random phase."""
    seconds = torch.arange(window) / 30.0
    frequency = 0.1 + 0.7 * torch.rand(count, 1, generator=generator)
    phase = torch.rand(count, 1, generator=generator)
    return 0.5 - 0.5 * torch.cos(2 * math.pi * (frequency * seconds + phase))


def replace_lower_body(rotations: Tensor, bones: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Replace the lower body of windows by a motion between two random stances.

    Args:
        rotations: (B, T, 24, 3, 3); the upper body is kept, relative to the pelvis.
        bones: (B, 24, 3) rest bones.
        generator: source of random numbers.

    Returns:
        rotations (B, T, 24, 3, 3) with the pelvis facing +Z, and the pelvis's position (B, T, 3).
    """
    count, window = rotations.shape[:2]
    share = swing(count, window, generator)
    first, second = random_stances(count, generator), random_stances(count, generator)
    stance = Stance(
        *(
            (1 - share) * getattr(first, field.name)[:, None] + share * getattr(second, field.name)[:, None]
            for field in fields(Stance)
        )
    )
    knee, ankle = bones[:, JOINT_INDEX["left_knee"]].norm(dim=-1), bones[:, JOINT_INDEX["left_ankle"]].norm(dim=-1)
    leg = (knee + ankle)[:, None]
    zero = torch.zeros_like(share)
    pelvis = axis_angle_to_matrix(torch.stack([stance.lean, 0.15 * (stance.sideways / 0.1).tanh(), zero], -1))
    position = torch.stack([stance.sideways * leg, stance.height * leg, stance.forward * leg], -1)
    posed = rotations.clone()
    posed[:, :, 0] = pelvis
    for name, sign, heel in (("left", 1.0, stance.left_heel), ("right", -1.0, stance.right_heel)):
        hip = position + (pelvis @ bones[:, None, JOINT_INDEX[f"{name}_hip"], :, None])[..., 0]
        ankle_at = torch.stack([sign * stance.width * leg, 0.12 * heel * leg, sign * stance.stride * leg], -1)
        upper, lower, foot = _leg(hip, ankle_at, knee[:, None], ankle[:, None], sign * stance.turn, heel)
        posed[:, :, JOINT_INDEX[f"{name}_hip"]] = pelvis.mT @ upper
        posed[:, :, JOINT_INDEX[f"{name}_knee"]] = upper.mT @ lower
        posed[:, :, JOINT_INDEX[f"{name}_ankle"]] = lower.mT @ foot
        posed[:, :, JOINT_INDEX[f"{name}_foot"]] = torch.eye(3)
    return posed, position


def _leg(
    hip: Tensor, ankle: Tensor, thigh: Tensor, shin: Tensor, turn: Tensor, heel: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """World rotations of thigh, shin and foot; the knee points as the foot does."""
    reach = ankle - hip
    distance = reach.norm(dim=-1).clamp(min=1e-3)
    direction = reach / distance[..., None]
    distance = torch.minimum(distance, _FULL_LEG * (thigh + shin)).clamp(min=0.3 * (thigh + shin))
    front = torch.stack([turn.sin(), torch.zeros_like(turn), turn.cos()], -1)
    hinge = torch.nn.functional.normalize(torch.linalg.cross(front, direction), dim=-1)
    hinge = torch.where((hinge[..., :1] < 0), -hinge, hinge)
    cosine = ((thigh**2 + distance**2 - shin**2) / (2 * thigh * distance)).clamp(-1, 1)
    knee_front = torch.linalg.cross(direction, hinge)
    knee_front = torch.where(((knee_front * front).sum(-1, keepdim=True) < 0), -knee_front, knee_front)
    upper = cosine[..., None] * direction + (1 - cosine**2).sqrt()[..., None] * knee_front
    lower = torch.nn.functional.normalize(direction * distance[..., None] - upper * thigh[..., None], dim=-1)
    foot = axis_angle_to_matrix(torch.stack([torch.zeros_like(turn), turn, torch.zeros_like(turn)], -1)) @ (
        axis_angle_to_matrix(torch.stack([heel, torch.zeros_like(turn), torch.zeros_like(turn)], -1))
    )
    return _limb_rotation(upper, hinge), _limb_rotation(lower, hinge), foot


def _limb_rotation(direction: Tensor, hinge: Tensor) -> Tensor:
    """Rotation whose -Y is the limb's direction and whose X is the hinge."""
    return torch.stack([hinge, -direction, torch.linalg.cross(hinge, -direction)], -1)
