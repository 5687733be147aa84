"""SMPL rotations for clips of joint positions.

Positions do not determine the twist of straight limbs, of hands and of the head. Each clip's rotations are found by
gradient descent on the joints' distance, with priors for the rest: hinges at knees and elbows, an evenly bent spine,
little twist, smooth motion.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.skeleton import JOINT_COUNT, JOINT_INDEX, PARENTS
from posenet3d_blender.errors import PoseNet3DError
from posenet3d_blender.npz import read_npz, write_npz

from ..data.clips import Clips
from ..geometry.kinematics import forward_kinematics, matrix_to_six_d, six_d_to_matrix
from ..training.checkpoint import make_folder

log = logging.getLogger(__name__)

STEPS = 150
ROUNDS = 2
"""After each round, the clip's own bone directions are measured in the fitted frames."""
LEARNING_RATE = 0.03
# Prior weights, relative to squared joint distances in decimetres.
HINGE_WEIGHT = 0.02
REST_WEIGHT = 0.002
SMOOTH_WEIGHT = 0.05

_CHILDREN = [[child for child in range(JOINT_COUNT) if PARENTS[child] == joint] for joint in range(JOINT_COUNT)]
_HINGES = {"left_knee": 0, "right_knee": 0, "left_elbow": 1, "right_elbow": 1}
"""Axis of each hinge in the rest frame."""


def clip_bones(clips: Clips, rest_bones: Array) -> NDArray[np.float32]:
    """(N, 24, 3) rest bones of every frame: the body's directions, the clip's lengths."""
    parents = np.array(PARENTS[1:])
    lengths = np.linalg.norm(clips.relative_joints[:, 1:] - clips.relative_joints[:, parents], axis=-1)
    directions = rest_bones[1:] / np.linalg.norm(rest_bones[1:], axis=-1, keepdims=True)
    bones = np.zeros((len(lengths), JOINT_COUNT, 3), np.float32)
    for start, end in clips.ranges():
        bones[start:end, 1:] = directions * np.median(lengths[start:end], axis=0)[:, None]
    return bones


def adapt_bones(clips: Clips, rotations: Tensor, bones: Tensor) -> Tensor:
    """(N, 24, 3) mean bones in the fitted frames, constant over each clip."""
    joints = torch.from_numpy(clips.relative_joints)
    parents = list(PARENTS[1:])
    _, world = forward_kinematics(rotations, bones)
    local = world[:, parents].transpose(-1, -2) @ (joints[:, 1:] - joints[:, parents])[..., None]
    adapted = bones.clone()
    for start, end in clips.ranges():
        adapted[start:end, 1:] = local[start:end, :, :, 0].mean(0)
    return adapted


def fit_rotations(joints: Tensor, bones: Tensor, starts: Tensor, initial: Tensor | None = None) -> Tensor:
    """(N, 24, 3, 3) rotations relative to the parent that pose the rest bones to reach the joints.

    Args:
        joints: (N, 24, 3) relative to the pelvis.
        bones: (N, 24, 3) at rest.
        starts: (N,) true where a clip begins.
        initial: (N, 24, 3, 3) initial rotations; None: a first guess.
    """
    if initial is None:
        initial = _swing_rotations(joints, bones)
    six_d = matrix_to_six_d(initial).requires_grad_()
    optimiser = torch.optim.Adam([six_d], LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS)
    continues = (~starts[1:]).float()[:, None, None, None]
    for _ in range(STEPS):
        rotations = six_d_to_matrix(six_d)
        fitted, _ = forward_kinematics(rotations, bones)
        distance = (10 * (fitted - joints)).square().sum()
        smooth = ((rotations[1:] - rotations[:-1]) * continues).square().sum()
        loss = distance + SMOOTH_WEIGHT * smooth + _prior(rotations)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return six_d_to_matrix(six_d).detach()


def _prior(rotations: Tensor) -> Tensor:
    distance = 3 - rotations[:, 1:].diagonal(dim1=-2, dim2=-1).sum(-1)
    cost = REST_WEIGHT * distance.sum()
    for name, axis in _HINGES.items():
        off_axis = rotations[:, JOINT_INDEX[name], :, axis].index_select(
            -1, torch.tensor([a for a in range(3) if a != axis])
        )
        cost = cost + HINGE_WEIGHT * off_axis.square().sum()
    return cost


def _swing_rotations(joints: Tensor, bones: Tensor) -> Tensor:
    """Initial rotations from the pelvis outwards: each joint rotates its bones by the least angle."""
    world: list[Tensor] = []
    local: list[Tensor] = []
    for joint in range(JOINT_COUNT):
        parent = world[PARENTS[joint]] if joint else torch.eye(3).expand(len(joints), 3, 3)
        children = _CHILDREN[joint]
        if not children:
            rotation = torch.eye(3).expand(len(joints), 3, 3)
        else:
            rest = (parent[:, None] @ bones[:, children, :, None])[..., 0]
            rotation = _best_rotation(rest, joints[:, children] - joints[:, [joint]])
        world.append(rotation @ parent)
        local.append(parent.transpose(-1, -2) @ world[joint])
    return torch.stack(local, 1)


def _best_rotation(source: Tensor, target: Tensor) -> Tensor:
    """Kabsch's least-squares rotation (N, 3, 3) of vectors (N, K, 3); of a single one, that of the least angle."""
    covariance = target.transpose(-1, -2) @ source
    if source.shape[1] == 1:
        # A weak pull towards the identity fixes the free twist.
        covariance = covariance + 1e-3 * covariance.norm(dim=(-1, -2), keepdim=True) * torch.eye(3)
    u, _, vt = torch.linalg.svd(covariance)
    sign = torch.ones(len(source), 3)
    sign[:, 2] = torch.linalg.det(u @ vt).sign()
    rotations: Tensor = u @ (sign[..., None] * vt)
    return rotations


@dataclass(frozen=True)
class FittedClips:
    """Clips as rotations of a skeleton."""

    rotations: NDArray[np.float32]
    """(N, 24, 3, 3) relative to the parent; the pelvis's in the clip's frame, Y up."""
    bones: NDArray[np.float32]
    """(N, 24, 3) offset of each joint from its parent at rest, the clip's own."""


def load_or_fit(clips: Clips, rest_bones: Array, cache: Path) -> FittedClips:
    """Rotations and bones of the clips, fitted once (minutes) and stored in the file `cache`.

    A cache that is damaged, or of other clips or another body, is replaced.

    Raises:
        PoseNet3DError: the cache can't be written.
    """
    fingerprint = fingerprint_of(clips, rest_bones)
    fitted = _read_cache(cache, fingerprint, len(clips.root)) if cache.exists() else None
    if fitted is None:
        log.info("%s: fitting rotations to %d frames, once; this takes minutes", cache, len(clips.root))
        fitted = fit_clips(clips, rest_bones)
        write_cache(cache, fitted, fingerprint)
    return fitted


def fit_clips(clips: Clips, rest_bones: Array) -> FittedClips:
    """Fit rotations to the clips; rest_bones: (24, 3) the body's, metres."""
    joints = torch.from_numpy(clips.relative_joints)
    starts = torch.zeros(len(joints), dtype=torch.bool)
    starts[torch.from_numpy(clips.offsets[:-1].astype(np.int64))] = True
    bones = torch.from_numpy(clip_bones(clips, rest_bones))
    rotations = fit_rotations(joints, bones, starts)
    for _ in range(ROUNDS - 1):
        bones = adapt_bones(clips, rotations, bones)
        rotations = fit_rotations(joints, bones, starts, rotations)
    return FittedClips(rotations.numpy(), bones.numpy())


def fingerprint_of(clips: Clips, rest_bones: Array) -> str:
    """SHA-256 of everything the fit depends on."""
    digest = hashlib.sha256()
    # Bones to a hundredth of a millimetre: further digits depend on the machine.
    for part in (clips.relative_joints, clips.offsets, np.round(1e5 * rest_bones).astype(np.int32)):
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()


def write_cache(cache: Path, fitted: FittedClips, fingerprint: str) -> None:
    """Write the cache of `load_or_fit`.

    Raises:
        PoseNet3DError: the file can't be written.
    """
    make_folder(cache.parent)
    arrays = {"rotations": fitted.rotations, "bones": fitted.bones, "fingerprint": np.array(fingerprint)}
    write_npz(cache, arrays)


def _read_cache(cache: Path, fingerprint: str, count: int) -> FittedClips | None:
    """Contents of the cache; None if it is damaged or has another fingerprint."""
    shapes = {"rotations": (count, JOINT_COUNT, 3, 3), "bones": (count, JOINT_COUNT, 3)}
    try:
        arrays = read_npz(cache, "the rotations of a training-data file", (*shapes, "fingerprint"))
    except PoseNet3DError as error:
        log.info("%s; it is replaced", error)
        return None
    complete = all(
        key in arrays and arrays[key].shape == shape and arrays[key].dtype == np.float32
        for key, shape in shapes.items()
    )
    if not complete or str(arrays.get("fingerprint")) != fingerprint:
        log.info("%s: of other clips or another body; it is replaced", cache)
        return None
    return FittedClips(arrays["rotations"], arrays["bones"])
