"""SMPL rotations for clips of motion capture that hold joint positions only.

Data sets put their joints elsewhere than the body does: shoulders and hips lie further in or out, spines are straight
or curved, a standing person's knees and hanging arms look bent by 20 degrees. What can be trusted are the limbs'
directions and what changes over time. Each subject's upright stance therefore defines the rest pose: spine, neck,
collars and feet are at rest where the subject stands upright, and the straightest knee and elbow are nearly straight.
The rotations then follow from the directions by closed formulas, joint by joint. Frame: Y up, +Z front, +X left at
rest, metres.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.arrays import Array, FloatArray
from posenet3d_blender.body.kinematics import local_rotations
from posenet3d_blender.body.rotations import shortest_rotation, unit
from posenet3d_blender.body.skeleton import JOINT_COUNT, JOINT_INDEX, PARENTS

from ..data.clips import Clips
from ..data.subjects import subject_of
from .joint_frames import (
    about_axis,
    align_vectors,
    angle_between,
    blend,
    frame_along,
    smooth_in_time,
)
from .subject_constants import SubjectConstants, own_bones, subject_constants

_SAME_SKELETON: Final = 0.06
"""Metres: clips of one subject whose bones differ more were measured by other means, with constants of their own."""
_FLEXED: Final = np.sin(np.radians(25.0))
"""Sine of the flexion from which a knee or elbow shows its axis."""
_TWIST_SECONDS: Final = 0.15
_SIDES: Final = ("left", "right")
_PELVIS_BONES: Final = [JOINT_INDEX[name] for name in ("left_hip", "right_hip", "spine1")]
_CHEST_BONES: Final = [JOINT_INDEX[name] for name in ("neck", "left_collar", "right_collar")]


@dataclass(frozen=True)
class FittedClips:
    """Clips as rotations of a skeleton."""

    rotations: NDArray[np.float32]
    """(N, 24, 3, 3) relative to the parent; the pelvis's in the clip's frame, Y up."""
    bones: NDArray[np.float32]
    """(N, 24, 3) offset of each joint from its parent at rest, the subject's own."""


def join_fitted(parts: Sequence[FittedClips]) -> FittedClips:
    """The clips of several files (at least one), one after another."""
    return FittedClips(
        np.concatenate([part.rotations for part in parts]), np.concatenate([part.bones for part in parts])
    )


def fit_clips(clips: Clips, rest_bones: FloatArray) -> FittedClips:
    """Rotations of every clip, and the skeleton that they turn; rest_bones: (24, 3) the body's, metres."""
    return _fit(clips, subject_frames(clips), partial(subject_constants, rest_bones=rest_bones.astype(np.float64)))


def fit_lifted_clips(clips: Clips, rest_bones: FloatArray) -> FittedClips:
    """Rotations of clips that were lifted from 2D: each has its own skeleton, and no source has placed its joints."""
    return _fit(
        clips, [[each] for each in clips.ranges()], partial(own_bones, rest_bones=rest_bones.astype(np.float64))
    )


def _fit(
    clips: Clips, groups: Sequence[Sequence[tuple[int, int]]], measure: Callable[[Array], SubjectConstants]
) -> FittedClips:
    """Rotations of groups of frame ranges; each group is of one skeleton."""
    rotations = np.zeros((len(clips.root), JOINT_COUNT, 3, 3), np.float32)
    bones = np.zeros((len(clips.root), JOINT_COUNT, 3), np.float32)
    for frames in groups:
        every = np.concatenate([np.arange(start, end) for start, end in frames])
        constants = measure(_bone_vectors(clips.relative_joints[every].astype(np.float64)))
        bones[every] = constants.bones
        for start, end in frames:
            vectors = _bone_vectors(clips.relative_joints[start:end].astype(np.float64))
            rotations[start:end] = fit_rotations(vectors, constants, clips.frame_rate)
    return FittedClips(rotations, bones)


def subject_frames(clips: Clips) -> list[list[tuple[int, int]]]:
    """The frame ranges of each subject's clips, as far as names and bone lengths tell subjects apart."""
    groups: list[tuple[str, Array, list[tuple[int, int]]]] = []
    for name, (start, end) in zip(clips.names, clips.ranges(), strict=True):
        vectors = _bone_vectors(clips.relative_joints[start:end].astype(np.float64))
        lengths = np.median(np.linalg.norm(vectors, axis=-1), axis=0)
        subject = subject_of(name)
        for other, other_lengths, frames in groups:
            if other == subject and np.abs(lengths - other_lengths).max() < _SAME_SKELETON:
                frames.append((start, end))
                break
        else:
            groups.append((subject, lengths, [(start, end)]))
    return [frames for _, _, frames in groups]


def _bone_vectors(joints: Array) -> Array:
    """(N, 24, 3) of each joint from its parent; 0 for the pelvis."""
    vectors = np.zeros_like(joints)
    vectors[:, 1:] = joints[:, 1:] - joints[:, list(PARENTS[1:])]
    return vectors


def fit_rotations(vectors: Array, constants: SubjectConstants, frame_rate: float) -> NDArray[np.float32]:
    """(T, 24, 3, 3) rotations relative to the parent that turn the subject's rest bones into those of a clip.

    vectors: (T, 24, 3) of each joint from its parent, one clip in order.
    """
    world = np.tile(np.eye(3), (len(vectors), JOINT_COUNT, 1, 1))
    _fit_trunk(world, vectors, constants.bones)
    for side in _SIDES:
        _fit_arm(world, vectors, constants, side, frame_rate)
        _fit_leg(world, vectors, constants, side, frame_rate)
    return local_rotations(world).astype(np.float32)


def _fit_trunk(world: Array, vectors: Array, bones: Array) -> None:
    """Pelvis and chest by all their bones; the spine between bends along its bones and shares the twist."""
    pelvis = align_vectors(bones[_PELVIS_BONES], vectors[:, _PELVIS_BONES])
    chest = align_vectors(bones[_CHEST_BONES], vectors[:, _CHEST_BONES])
    world[:, JOINT_INDEX["pelvis"]], world[:, JOINT_INDEX["spine3"]] = pelvis, chest
    for name, child, share in (("spine1", "spine2", 1 / 3), ("spine2", "spine3", 2 / 3)):
        world[:, JOINT_INDEX[name]] = _swung(blend(pelvis, chest, share), bones, vectors, child)
    world[:, JOINT_INDEX["neck"]] = _swung(chest, bones, vectors, "head")
    # Positions leave the head's own turn open: it goes with the neck.
    world[:, JOINT_INDEX["head"]] = world[:, JOINT_INDEX["neck"]]


def _fit_arm(world: Array, vectors: Array, constants: SubjectConstants, side: str, frame_rate: float) -> None:
    collar, shoulder, elbow, wrist, hand = (
        JOINT_INDEX[f"{side}_{part}"] for part in ("collar", "shoulder", "elbow", "wrist", "hand")
    )
    bones = constants.bones
    world[:, collar] = _swung(world[:, JOINT_INDEX["spine3"]], bones, vectors, f"{side}_shoulder")
    upper, lower = unit(vectors[:, elbow]), unit(vectors[:, wrist])
    relaxed = _swung(world[:, collar], bones, vectors, f"{side}_elbow")
    # The forearm flexes forwards: about -Y on the left, about +Y on the right.
    sign = -1.0 if side == "left" else 1.0
    hinge = _hinge(upper, lower, sign * relaxed[..., 1], frame_rate)
    # Elbows do not bend backwards, whatever the constant.
    half = np.minimum(constants.elbow, angle_between(upper, lower)) / 2
    upper = (about_axis(hinge, half) @ upper[..., None])[..., 0]
    lower = (about_axis(hinge, -half) @ lower[..., None])[..., 0]
    rest_sign = np.sign(bones[elbow, 0])
    world[:, shoulder] = frame_along(0, rest_sign * upper, 1, sign * hinge)
    world[:, elbow] = frame_along(0, rest_sign * lower, 1, sign * hinge)
    world[:, wrist] = _swung(world[:, elbow], bones, vectors, f"{side}_hand")
    world[:, hand] = world[:, wrist]


def _fit_leg(world: Array, vectors: Array, constants: SubjectConstants, side: str, frame_rate: float) -> None:
    hip, knee, ankle, foot = (JOINT_INDEX[f"{side}_{part}"] for part in ("hip", "knee", "ankle", "foot"))
    bones = constants.bones
    upper, lower = unit(vectors[:, knee]), unit(vectors[:, ankle])
    relaxed = _swung(world[:, JOINT_INDEX["pelvis"]], bones, vectors, f"{side}_knee")
    # A straight leg's axis is told by the foot, which points where the knee would bend to.
    toes = unit(vectors[:, foot])
    by_foot = unit(np.cross(toes, upper)) * np.linalg.norm(np.cross(toes, upper), axis=-1, keepdims=True)
    hinge = _hinge(upper, lower, relaxed[..., 0] + by_foot, frame_rate)
    half = constants.knee / 2
    upper = (about_axis(hinge, half) @ upper[..., None])[..., 0]
    lower = (about_axis(hinge, -half) @ lower[..., None])[..., 0]
    world[:, hip] = _leg_frame(upper, hinge, bones[knee])
    world[:, knee] = _leg_frame(lower, hinge, bones[ankle])
    toes = (about_axis(hinge, -constants.foot) @ toes[..., None])[..., 0]
    rest = np.broadcast_to(unit(bones[foot]), toes.shape)
    level = shortest_rotation((world[:, knee] @ rest[..., None])[..., 0], toes)
    world[:, ankle] = level @ world[:, knee]
    world[:, foot] = world[:, ankle]


def _leg_frame(direction: Array, hinge: Array, rest: Array) -> Array:
    """(T, 3, 3) that turns the rest bone (3,) onto the direction (T, 3), and X as near to the hinge as that allows."""
    straight = frame_along(1, -direction, 0, hinge)
    rest_frame = frame_along(1, -rest[None], 0, np.array([[1.0, 0.0, 0.0]]))
    return straight @ np.swapaxes(rest_frame, -1, -2)


def _swung(start: Array, bones: Array, vectors: Array, child: str) -> Array:
    """(T, 3, 3) the start's rotations, swung by the least angle so that the bone to `child` points as it does."""
    joint = JOINT_INDEX[child]
    rest = (start @ bones[joint][:, None])[..., 0]
    return shortest_rotation(rest, vectors[:, joint]) @ start


def _hinge(upper: Array, lower: Array, relaxed: Array, frame_rate: float) -> Array:
    """(T, 3) unit axes about which a limb flexes, at right angles to its upper bone.

    Shown by the limb itself where it is flexed; else the relaxed axis, and smooth from one to the other.
    """
    across = np.cross(upper, lower)
    sine = np.linalg.norm(across, axis=-1, keepdims=True)
    shown = across / np.maximum(sine, 1e-6)
    relaxed = unit(relaxed - (relaxed * upper).sum(-1, keepdims=True) * upper)
    # Knees and elbows do not bend backwards: such an axis is noise about a straight limb.
    shown = np.where((shown * relaxed).sum(-1, keepdims=True) < -0.2, relaxed, shown)
    share = np.clip(sine / _FLEXED, 0, 1) ** 2
    axes = smooth_in_time(share * shown + (1 - share) * 0.5 * relaxed, _TWIST_SECONDS * frame_rate)
    axes = axes - (axes * upper).sum(-1, keepdims=True) * upper
    return unit(axes)
