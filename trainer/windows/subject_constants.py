"""A source's placement of one subject's joints, measured on the subject's own motion.

Sources put shoulders and hips farther in or out than the body, elbows and knees behind or before the limb's line. The
frames in which a subject stands upright show the first, their straightest arm and leg the second. Frame: Y up, metres.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.rotations import unit
from posenet3d_blender.body.skeleton import JOINT_INDEX, MIRRORED_JOINTS

from .joint_frames import angle_between, frame_along

STRAIGHT_KNEE: Final = np.radians(3.0)
"""Flexion of a person's straightest knee."""
_STRAIGHTEST: Final = 2.0
"""Percentile of a subject's knee or elbow flexion that counts as straight."""
_LARGEST_KNEE_ANGLE: Final = np.radians(25.0)
"""More than this is no placement of joints: the subject never straightens the legs."""
STRAIGHT_ELBOW: Final = np.radians(6.0)
"""Angle between the segments of a person's straightest arm."""
_LARGEST_ELBOW_ANGLE: Final = np.radians(12.0)
"""Many subjects never straighten their arms, so no more than this is taken for a placement of joints."""
_UPRIGHT: Final = np.cos(np.radians(20.0))
_REFERENCE_SHARE: Final = 0.1
"""Share of a subject's frames, the most upright ones, that define the rest pose."""
_FEWEST_UPRIGHT: Final = 15
_TRUNK: Final = (
    "left_hip",
    "right_hip",
    "spine1",
    "spine2",
    "spine3",
    "neck",
    "left_collar",
    "right_collar",
    "head",
    "left_shoulder",
    "right_shoulder",
)
"""Joints whose place at rest is the subject's own."""
_SIDES: Final = ("left", "right")
_FLIP: Final = np.array([-1.0, 1.0, 1.0])


@dataclass(frozen=True)
class SubjectConstants:
    """A source's placement of one subject's joints."""

    bones: Array
    """(24, 3) rest bones, metres."""
    knee: float
    """Radians by which every knee looks more bent than it is."""
    elbow: float
    """Radians by which every elbow looks more bent than it is."""
    foot: float
    """Radians by which feet look pitched down more than the body's."""


def subject_constants(vectors: Array, rest_bones: Array) -> SubjectConstants:
    """Measure one subject's constants on their most upright frames.

    vectors: (N, 24, 3) of each joint from its parent; rest_bones: (24, 3) the body's.
    """
    reference = _upright_frames(vectors)
    lengths = np.median(np.linalg.norm(vectors, axis=-1), axis=0)
    bones = unit(rest_bones) * lengths[:, None]
    heading = _headings(vectors[reference])
    for name in _TRUNK:
        joint = JOINT_INDEX[name]
        bones[joint] = np.median(np.einsum("tba,tb->ta", heading, vectors[reference, joint]), axis=0)
    # People are built alike on both sides, and so is the rest pose.
    bones = (bones + bones[list(MIRRORED_JOINTS)] * _FLIP) / 2
    bones[0] = 0
    return SubjectConstants(
        bones, _knee_constant(vectors), _elbow_constant(vectors), _foot_constant(vectors[reference], rest_bones)
    )


def own_bones(vectors: Array, rest_bones: Array) -> SubjectConstants:
    """The skeleton of one lifted clip, whose knees and elbows are bent as they look: no source has placed its joints.

    Arguments as of `subject_constants`. Where nobody stands upright, bones have the body's directions at rest.
    """
    measured = subject_constants(vectors, rest_bones)
    if (_uprightness(vectors) > _UPRIGHT).sum() >= _FEWEST_UPRIGHT:
        return replace(measured, knee=0.0, elbow=0.0)
    return SubjectConstants(unit(rest_bones) * np.linalg.norm(measured.bones, axis=-1, keepdims=True), 0.0, 0.0, 0.0)


def _upright_frames(vectors: Array) -> NDArray[np.intp]:
    """The frames in which the subject stands most upright, as many as are needed."""
    score = _uprightness(vectors)
    count = max(_FEWEST_UPRIGHT, int(_REFERENCE_SHARE * len(score)))
    order = np.argsort(-score, kind="stable")[: min(count, len(score))]
    upright = order[score[order] > _UPRIGHT]
    return upright if len(upright) >= _FEWEST_UPRIGHT else order[:_FEWEST_UPRIGHT]


def _uprightness(vectors: Array) -> Array:
    """(N,) cosine of the trunk's or the legs' angle to the vertical, whichever leans more."""
    trunk = vectors[:, [JOINT_INDEX[name] for name in ("spine1", "spine2", "spine3", "neck")]].sum(1)
    trunk_cosine = unit(trunk)[:, 1]
    leg_cosine = np.stack(
        [-unit(vectors[:, JOINT_INDEX[f"{side}_{part}"]])[:, 1] for side in _SIDES for part in ("knee", "ankle")]
    ).mean(0)
    score: Array = np.minimum(trunk_cosine, leg_cosine)
    return score


def _headings(vectors: Array) -> Array:
    """(N, 3, 3) level frames: X to the subject's left by hips and shoulders, Y up, Z to the front."""
    across = vectors[:, JOINT_INDEX["left_hip"]] - vectors[:, JOINT_INDEX["right_hip"]]
    left_arm = vectors[:, JOINT_INDEX["left_collar"]] + vectors[:, JOINT_INDEX["left_shoulder"]]
    right_arm = vectors[:, JOINT_INDEX["right_collar"]] + vectors[:, JOINT_INDEX["right_shoulder"]]
    left = unit(across) + unit(left_arm - right_arm)
    left[:, 1] = 0
    up = np.broadcast_to([0.0, 1.0, 0.0], left.shape)
    return frame_along(1, up, 0, left)


def _knee_constant(vectors: Array) -> float:
    """By how much knees look bent at their straightest, radians."""
    flexion = np.concatenate([_knee_flexion(vectors, side) for side in _SIDES])
    excess = float(np.percentile(flexion, _STRAIGHTEST) - STRAIGHT_KNEE)
    return excess if abs(excess) < _LARGEST_KNEE_ANGLE else 0.0


def _knee_flexion(vectors: Array, side: str) -> Array:
    """(N,) radians between thigh and shank; below 0 where the knee looks bent forwards."""
    thigh, shank = unit(vectors[:, JOINT_INDEX[f"{side}_knee"]]), unit(vectors[:, JOINT_INDEX[f"{side}_ankle"]])
    across = np.cross(thigh, shank)
    to_left = unit(vectors[:, JOINT_INDEX["left_hip"]] - vectors[:, JOINT_INDEX["right_hip"]])
    size = angle_between(thigh, shank)
    # Only a nearly straight knee can look bent forwards.
    forwards = ((across * to_left).sum(-1) < 0) & (size < _LARGEST_KNEE_ANGLE)
    return np.where(forwards, -size, size)


def _elbow_constant(vectors: Array) -> float:
    """By how much elbows look bent at their straightest, radians."""
    flexion = np.concatenate(
        [
            angle_between(vectors[:, JOINT_INDEX[f"{side}_elbow"]], vectors[:, JOINT_INDEX[f"{side}_wrist"]])
            for side in _SIDES
        ]
    )
    return float(np.clip(np.percentile(flexion, _STRAIGHTEST) - STRAIGHT_ELBOW, 0, _LARGEST_ELBOW_ANGLE))


def _foot_constant(vectors: Array, rest_bones: Array) -> float:
    """By how much the feet of a standing subject look pitched down more than the body's, radians."""
    feet = np.concatenate([vectors[:, JOINT_INDEX[f"{side}_foot"]] for side in _SIDES])
    pitch = np.arctan2(-feet[:, 1], np.hypot(feet[:, 0], feet[:, 2]))
    rest = rest_bones[JOINT_INDEX["left_foot"]]
    return float(np.median(pitch) - np.arctan2(-rest[1], np.hypot(rest[0], rest[2])))
