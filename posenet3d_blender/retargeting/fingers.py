"""Fingers of a character from those of the source, whatever either hand's rest pose.

Directions of finger bones are compared in the frame of each hand's own palm, so that a finger bends about the axis that
its own hand has. A character's finger points where the source's does, relative to the palm; it starts from its rest
pose by the smallest rotation, so that its skin is twisted no more than needed. Bones between palm and fingers rest.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ..arrays import Array
from ..body.fingers import FINGERS, HAND_JOINT_NAMES
from ..body.rotations import shortest_rotation, unit
from .bone_map import BoneMap
from .controls import WantedTransform
from .finger_rest import FingerRest, SourceFingers
from .rig import Rig
from .roles import SIDES
from .skeleton import Skeleton
from .solve import SkeletonPose

_STRAIGHTEST: Final = 0.5
"""Cosine to the bone before above which the tail of a finger's last bone is taken for its direction."""


def find_finger_rest(rig: Rig, bone_map: BoneMap, skeleton: Skeleton) -> FingerRest:
    """The character's fingers at rest."""
    to_body = skeleton.frame.to_body
    heads = {role: to_body(rig.head(bone)) for role, bone in bone_map.fingers.items()}
    wrists = {side: to_body(rig.head(bone_map.bones[f"{side}_wrist"])) for side in SIDES}
    ends = {}
    for role, bone in bone_map.fingers.items():
        stem, number = role[:-1], int(role[-1])
        following = heads.get(f"{stem}{number + 1}")
        if following is None:
            before = heads.get(f"{stem}{number - 1}", wrists[role.partition("_")[0]])
            following = _fingertip(rig, rig.index[bone], heads[role] - before, skeleton)
        ends[role] = following
    return FingerRest(wrists, heads, ends)


def transfer_fingers(source: SourceFingers, target: FingerRest) -> dict[str, Array]:
    """(T, 3, 3) rotation from rest of each of the character's finger bones, relative to the hand's, by role.

    In the body frame.
    """
    rotations = {}
    for side in SIDES:
        palm = source.rest.palm_axes(side)
        if palm is None:
            continue
        own_palm = target.palm_axes(side)
        own_palm = palm if own_palm is None else own_palm
        for finger in FINGERS:
            above = np.eye(3)
            for number in (1, 2, 3):
                role = f"{side}_{finger}{number}"
                if role not in target.heads or role not in source.rotations:
                    continue
                own = own_palm.T @ (target.ends[role] - target.heads[role])
                wanted = palm.T @ (source.rest.ends[role] - source.rest.heads[role])
                above = shortest_rotation(above @ own, wanted) @ above
                bent = palm.T @ source.rotations[role] @ palm
                rotations[role] = own_palm @ bent @ above @ own_palm.T
    return rotations


def finger_transforms(source: SourceFingers, pose: SkeletonPose, rig: Rig, bone_map: BoneMap) -> list[WantedTransform]:
    """Transforms of the character's finger bones, or of the controls that move them, in the armature's space."""
    skeleton = pose.skeleton
    axes = skeleton.frame.axes
    found = transfer_fingers(source, find_finger_rest(rig, bone_map, skeleton))
    wanted = []
    for role in filter(found.__contains__, HAND_JOINT_NAMES):
        control = bone_map.finger_controls.get(role, bone_map.fingers[role])
        hand = pose.rotations[:, skeleton.of_role[f"{role.partition('_')[0]}_wrist"]]
        turned = axes @ hand @ found[role] @ axes.T @ rig.axes[rig.index[control]]
        wanted.append(WantedTransform(control, turned, None))
    return wanted


def _fingertip(rig: Rig, bone: int, before: Array, skeleton: Skeleton) -> Array:
    """(3,) end of a finger's last bone, body frame: of its children and its tail the one that goes on straightest.

    Tails of some rigs point anywhere; if none goes on, the finger does, straight from the bone `before` (3,).
    """
    to_body = skeleton.frame.to_body
    head = to_body(rig.heads[bone])
    ends = [to_body(rig.heads[child]) for child in rig.children[bone]] + [to_body(rig.tails[bone])]
    cosines = [float(unit(end - head) @ unit(before)) for end in ends]
    best = int(np.argmax(cosines))
    if cosines[best] < _STRAIGHTEST:
        return np.asarray(head + before)
    return np.asarray(ends[best])
