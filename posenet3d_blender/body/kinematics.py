"""Forward kinematics and linear blend skinning, as SMPL defines them (Loper et al. 2015), vectorised over frames."""

from __future__ import annotations

import numpy as np

from ..arrays import Array, FloatArray
from .fingers import FINGER_COUNT, FINGER_PARENTS, WRISTS
from .skeleton import JOINT_COUNT, PARENTS


def forward_kinematics(rotations: FloatArray, rest_joints: FloatArray) -> tuple[Array, Array]:
    """Pose the skeleton.

    Args:
        rotations: (..., 24, 3, 3), each joint's rotation relative to its parent, the pelvis's in the world.
        rest_joints: (24, 3) metres, or (..., 24, 3) with the same leading axes as `rotations`.

    Returns:
        joints (..., 24, 3) metres, the pelvis at its rest position, and world rotations (..., 24, 3, 3).
    """
    rotations = np.asarray(rotations, dtype=np.float64)
    rest_joints = np.asarray(rest_joints, dtype=np.float64)
    world = np.empty_like(rotations)
    joints = np.empty(rotations.shape[:-1])
    world[..., 0, :, :] = rotations[..., 0, :, :]
    joints[..., 0, :] = rest_joints[..., 0, :]
    for joint in range(1, JOINT_COUNT):
        parent = PARENTS[joint]
        world[..., joint, :, :] = world[..., parent, :, :] @ rotations[..., joint, :, :]
        bone = rest_joints[..., joint, :] - rest_joints[..., parent, :]
        joints[..., joint, :] = joints[..., parent, :] + (world[..., parent, :, :] @ bone[..., None])[..., 0]
    return joints, world


def finger_kinematics(
    rotations: FloatArray,
    rest_fingers: FloatArray,
    rest_joints: FloatArray,
    joints: FloatArray,
    world_rotations: FloatArray,
) -> tuple[Array, Array]:
    """Pose the fingers of a posed skeleton.

    Args:
        rotations: (..., 30, 3, 3) relative to the parent, a finger's first one to the wrist.
        rest_fingers: (30, 3) metres.
        rest_joints: (24, 3) metres.
        joints: (..., 24, 3) posed joints, metres.
        world_rotations: (..., 24, 3, 3)

    Returns:
        finger joints (..., 30, 3) metres and their world rotations (..., 30, 3, 3).
    """
    hands = []
    for side, wrist in enumerate(WRISTS):
        own = slice(side * FINGER_COUNT, (side + 1) * FINGER_COUNT)
        places, turned = hand_kinematics(rotations[..., own, :, :], rest_fingers[own] - rest_joints[wrist])
        above = world_rotations[..., wrist, :, :]
        hands.append(
            (joints[..., wrist, None, :] + places @ np.swapaxes(above, -1, -2), above[..., None, :, :] @ turned)
        )
    (left_places, left_world), (right_places, right_world) = hands
    return np.concatenate([left_places, right_places], axis=-2), np.concatenate([left_world, right_world], axis=-3)


def hand_kinematics(rotations: FloatArray, rest_joints: FloatArray) -> tuple[Array, Array]:
    """Pose the fingers of one hand.

    Args:
        rotations: (..., 15, 3, 3) relative to the parent, a finger's first one to the wrist.
        rest_joints: (15, 3) metres from the wrist.

    Returns:
        joints (..., 15, 3) metres and their rotations (..., 15, 3, 3), both relative to the wrist.
    """
    turned = np.array(rotations, dtype=np.float64)
    joints = np.broadcast_to(rest_joints, turned.shape[:-1]).copy()
    for joint, parent in enumerate(FINGER_PARENTS):
        if parent >= 0:
            above = turned[..., parent, :, :]
            turned[..., joint, :, :] = above @ turned[..., joint, :, :]
            joints[..., joint, :] = joints[..., parent, :] + above @ (rest_joints[joint] - rest_joints[parent])
    return joints, turned


def local_rotations(world_rotations: FloatArray) -> Array:
    """World rotations (..., 24, 3, 3) back to rotations relative to each parent; the pelvis's stays."""
    local = np.array(world_rotations, dtype=np.float64)
    parents = list(PARENTS[1:])
    local[..., 1:, :, :] = np.swapaxes(world_rotations[..., parents, :, :], -1, -2) @ world_rotations[..., 1:, :, :]
    return local


def skin(
    vertices: FloatArray,
    rest_joints: FloatArray,
    skin_weights: FloatArray,
    joints: FloatArray,
    world_rotations: FloatArray,
) -> Array:
    """Linear blend skinning of one rest mesh to many poses; needs little more memory than its result.

    Args:
        vertices: (V, 3) rest positions, metres.
        rest_joints: (J, 3) metres.
        skin_weights: (V, J), each row summing to 1.
        joints: (..., J, 3) posed joints, metres.
        world_rotations: (..., J, 3, 3).

    Returns:
        (..., V, 3) metres.
    """
    turned_rest = (world_rotations @ rest_joints[:, :, None])[..., 0]
    # a vertex is the weighted sum, over joints, of rotation @ vertex + shift: one product with what stays per frame
    transforms = np.concatenate([world_rotations, (joints - turned_rest)[..., None]], axis=-1)
    homogeneous = np.concatenate([vertices, np.ones((len(vertices), 1))], axis=-1)
    weighted = (skin_weights[:, :, None] * homogeneous[:, None, :]).reshape(len(vertices), -1)
    columns = np.moveaxis(transforms, -2, -1).reshape(*transforms.shape[:-3], 4 * transforms.shape[-3], 3)
    skinned: Array = weighted @ columns
    return skinned
