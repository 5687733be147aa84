"""Rotations of a character's bones from those of the SMPL skeleton, whatever the rest pose."""

from __future__ import annotations

from typing import Final

import numpy as np

from ..arrays import Array
from ..body.rotations import axis_angle_to_matrix, matrix_to_axis_angle, shortest_rotation
from ..body.skeleton import JOINT_INDEX
from .roles import NEXT_ROLE, SIDES
from .skeleton import Skeleton
from .source import SourceMotion

_SPINE: Final = ("pelvis", "spine1", "spine2", "spine3")
_NECK: Final = ("spine3", "neck", "head")
_HAND_ENDS: Final = {f"{side}_wrist": f"{side}_hand" for side in SIDES}


def transfer_rotations(source: SourceMotion, skeleton: Skeleton, hand_ends: dict[str, Array]) -> Array:
    """(T, B, 3, 3) rotation of each mapped bone from its own rest, in the body frame.

    Limbs point where the source's point: the difference between both rest poses is undone first. Pelvis, trunk and
    head, which rest upright in every rig, turn from rest as the source's do.

    Args:
        source: motion.
        skeleton: of the character.
        hand_ends: (3,) position of the fingers' base at rest, body frame, by the wrist's role; may lack hands.
    """
    corrections = rest_corrections(source, skeleton, hand_ends)
    rotations = np.empty((source.frame_count, len(skeleton.bones), 3, 3))
    for bone, role in enumerate(skeleton.roles):
        rotations[:, bone] = _source_rotation(source.rotations, role, skeleton) @ corrections[bone]
    return rotations


def rest_corrections(source: SourceMotion, skeleton: Skeleton, hand_ends: dict[str, Array]) -> Array:
    """(B, 3, 3) rotation of each bone from its rest to the rest pose of the source."""
    corrections = np.repeat(np.eye(3)[None], len(skeleton.bones), axis=0)
    index = skeleton.of_role
    for side in SIDES:
        for limb in (("shoulder", "elbow", "wrist"), ("hip", "knee")):
            above = np.eye(3)
            for part in limb:
                role = f"{side}_{part}"
                directions = _directions(role, source, skeleton, hand_ends)
                if directions is not None:
                    own, wanted = directions
                    above = shortest_rotation(above @ own, wanted) @ above
                corrections[index[role]] = above
        for part in ("ankle", "foot"):
            # Both stand on flat soles at rest: only the heading of the foot differs.
            if f"{side}_{part}" in index and f"{side}_foot" in index:
                corrections[index[f"{side}_{part}"]] = _heading_correction(side, source, skeleton)
    return corrections


def _directions(
    role: str, source: SourceMotion, skeleton: Skeleton, hand_ends: dict[str, Array]
) -> tuple[Array, Array] | None:
    """Rest direction of a limb's bone of the character and of the source; None if the rig does not show it."""
    end_role = NEXT_ROLE.get(role) or _HAND_ENDS[role]
    start = skeleton.heads[skeleton.of_role[role]]
    end = skeleton.heads[skeleton.of_role[end_role]] if end_role in skeleton.of_role else hand_ends.get(role)
    if end is None or np.allclose(end, start):
        return None
    return end - start, source.rest_joints[JOINT_INDEX[end_role]] - source.rest_joints[JOINT_INDEX[role]]


def _heading_correction(side: str, source: SourceMotion, skeleton: Skeleton) -> Array:
    ankle, ball = (skeleton.heads[skeleton.of_role[f"{side}_{part}"]] for part in ("ankle", "foot"))
    own = ball - ankle
    wanted = source.rest_joints[JOINT_INDEX[f"{side}_foot"]] - source.rest_joints[JOINT_INDEX[f"{side}_ankle"]]
    flat = np.array([1.0, 1.0, 0.0])
    return shortest_rotation(own * flat, wanted * flat)


def _source_rotation(rotations: Array, role: str, skeleton: Skeleton) -> Array:
    """(T, 3, 3) rotation that a role takes from the source; chains of any length share the bend of SMPL's."""
    chain, _, number = role.partition("/")
    if not number:
        return rotations[:, JOINT_INDEX[role]]
    joints = _SPINE if chain == "spine" else _NECK
    count = skeleton.length(chain) + (chain == "neck")  # the head is the last of the neck's chain
    return _along(rotations[:, [JOINT_INDEX[joint] for joint in joints]], (int(number) + 1) / count)


def _along(rotations: Array, fraction: float) -> Array:
    """(T, 3, 3) rotation at a fraction from the first to the last of (T, N, 3, 3) evenly spaced ones."""
    place = fraction * (rotations.shape[1] - 1)
    below = min(int(np.floor(place + 1e-9)), rotations.shape[1] - 2)
    start, end = rotations[:, below], rotations[:, below + 1]
    turn = matrix_to_axis_angle(np.swapaxes(start, -1, -2) @ end)
    return start @ axis_angle_to_matrix(turn * (place - below))
