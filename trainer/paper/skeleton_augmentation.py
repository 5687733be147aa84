"""Augmentation of lifted skeletons: other proportions, limbs exchanged between windows.

Only the teacher's own skeletons are used, so no 3D data enters. The augmented skeletons go through the teacher's cycle,
which then covers far more poses than the data.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor
from torch.nn.functional import normalize

from posenet3d_blender.capture.student.lifter.skeleton import HIPS, LIFTED_INDEX, LIFTED_NAMES

from .geometry import root_centred
from .skeleton import MIRRORED_LIFTED

_ROOT: Final = -1
_PARENT_PART: Final = {
    "knee": "hip",
    "ankle": "knee",
    "foot": "ankle",
    "elbow": "shoulder",
    "wrist": "elbow",
    "hand": "wrist",
}
_SHOULDERS: Final = tuple(LIFTED_INDEX[f"{side}_shoulder"] for side in ("left", "right"))
_LEFT_OF_PAIR: Final = tuple(min(joint, MIRRORED_LIFTED[joint]) for joint in range(len(LIFTED_NAMES)))
_PROPORTION_DEVIATION: Final = 0.08
"""Standard deviation of the logarithm of a bone's length; the same for left and right."""
_EXCHANGED: Final = 0.35
"""Chance of each limb to be taken from another window."""
_LIMBS: Final = (
    ("left_knee", "left_ankle", "left_foot"),
    ("right_knee", "right_ankle", "right_foot"),
    ("left_elbow", "left_wrist", "left_hand"),
    ("right_elbow", "right_wrist", "right_hand"),
)


def _parent(name: str) -> int:
    side, _, part = name.partition("_")
    if part == "hip" or name == "neck":
        return _ROOT
    if part == "shoulder" or name == "head":
        return LIFTED_INDEX["neck"]
    return LIFTED_INDEX[f"{side}_{_PARENT_PART[part]}"]


_PARENTS: Final = tuple(_parent(name) for name in LIFTED_NAMES)


def _depth(joint: int) -> int:
    return 0 if joint == _ROOT else 1 + _depth(_PARENTS[joint])


_ORDER: Final = sorted(range(len(LIFTED_NAMES)), key=_depth)
"""Parents before their children."""


def augment_skeletons(joints: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Windows (B, T, 18, 3) with other proportions and some limbs exchanged; the path of the hips is kept.

    generator: source of random numbers; None: torch's global one.
    """
    bones = _bones(joints)  # (B, T, 18, 3)
    lengths, directions = bones.norm(dim=-1, keepdim=True), normalize(bones, dim=-1, eps=1e-6)
    directions = _exchange_limbs(joints, directions, generator)
    normal = torch.randn(len(joints), 1, len(LIFTED_NAMES), 1, device=joints.device, generator=generator)
    # The left side's numbers serve both sides.
    deviation = _PROPORTION_DEVIATION * normal[:, :, list(_LEFT_OF_PAIR)]
    return _assembled(joints[:, :, list(HIPS)].mean(2), directions * lengths * deviation.exp())


def _exchange_limbs(joints: Tensor, directions: Tensor, generator: torch.Generator | None) -> Tensor:
    """Bone directions (B, T, 18, 3) with limbs of random partners in the batch, relative to the trunk."""
    count = len(joints)
    partner = torch.randperm(count, device=joints.device, generator=generator)
    hips, shoulders = trunk_rotation(joints, HIPS), trunk_rotation(joints, _SHOULDERS)
    result = directions
    for limb in _LIMBS:
        own = hips if limb[0].endswith("knee") else shoulders
        rotation = own @ own[partner].transpose(-1, -2)  # (B, T, 3, 3)
        columns = [LIFTED_INDEX[name] for name in limb]
        others = (rotation[:, :, None] @ directions[partner][:, :, columns, :, None])[..., 0]
        chosen = torch.rand(count, 1, 1, 1, device=joints.device, generator=generator) < _EXCHANGED
        mixed = result.clone()
        mixed[:, :, columns] = torch.where(chosen, others, result[:, :, columns])
        result = mixed
    return result


def trunk_rotation(joints: Tensor, pair: tuple[int, ...]) -> Tensor:
    """(B, T, 3, 3) rotation whose columns are: to the left along `pair`, up the trunk, and to the front."""
    left, right = joints[:, :, pair[0]], joints[:, :, pair[1]]
    up = normalize(joints[:, :, LIFTED_INDEX["neck"]] - joints[:, :, list(HIPS)].mean(2), dim=-1, eps=1e-6)
    across = left - right
    across = normalize(across - (across * up).sum(-1, keepdim=True) * up, dim=-1, eps=1e-6)
    return torch.stack([across, up, torch.linalg.cross(across, up)], -1)


def _bones(joints: Tensor) -> Tensor:
    """(B, T, 18, 3) of each joint from its parent."""
    from_hips = root_centred(joints)
    parents = torch.stack(
        [torch.zeros_like(from_hips[:, :, 0]) if parent == _ROOT else from_hips[:, :, parent] for parent in _PARENTS], 2
    )
    return from_hips - parents


def _assembled(root: Tensor, bones: Tensor) -> Tensor:
    """Joints (B, T, 18, 3) from the middle of the hips (B, T, 3) and bones."""
    placed: dict[int, Tensor] = {_ROOT: root}
    for joint in _ORDER:
        placed[joint] = placed[_PARENTS[joint]] + bones[:, :, joint]
    return torch.stack([placed[joint] for joint in range(len(LIFTED_NAMES))], 2)
