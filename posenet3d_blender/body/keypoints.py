"""The 25 keypoints that detection gives, as points fixed to the body.

A keypoint rides on one joint: it keeps its place in that joint's frame, whatever the pose. Its place at rest is an
anchor found on any SMPL-format body (a joint, or a spot found by the mesh's own shape) plus a measured offset.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array, FloatArray
from .model import Body
from .skeleton import JOINT_INDEX, mirrored_name

KEYPOINT_NAMES: Final[tuple[str, ...]] = (
    # COCO's 17, in COCO's order
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
    # feet and knuckles: they tell front from back and turn feet and hands
    "left_big_toe",
    "right_big_toe",
    "left_heel",
    "right_heel",
    "left_index",
    "right_index",
    "left_pinky",
    "right_pinky",
)

KEYPOINT_COUNT: Final = len(KEYPOINT_NAMES)
KEYPOINT_INDEX: Final[dict[str, int]] = {name: index for index, name in enumerate(KEYPOINT_NAMES)}
MIRRORED_KEYPOINTS: Final[tuple[int, ...]] = tuple(KEYPOINT_INDEX[mirrored_name(name)] for name in KEYPOINT_NAMES)

_NOSE_TIP, _EAR, _HEEL, _TOE_TIP = "nose tip", "ear", "heel", "toe tip"

# Keypoint: the joint that carries it, its anchor, and metres from the anchor in the body frame (+X left, Y up, +Z
# front). The right side mirrors the left. Measured: what best explains our detector's points on 360 renderings of the
# shipped body (tools/render_people.py, tools/calibrate_keypoints.py), carriers included. Nose and eyes are measured on
# the bundled clip: where a face is turned away or dim, the detector guesses it some 2 cm too high.
_PLACES: Final[dict[str, tuple[str, str, tuple[float, float, float]]]] = {
    "nose": ("head", _NOSE_TIP, (0.0, 0.006, -0.002)),
    "left_eye": ("head", _NOSE_TIP, (0.028, 0.042, -0.030)),
    "left_ear": ("head", _EAR, (-0.039, 0.010, 0.036)),
    "left_shoulder": ("left_collar", "left_shoulder", (-0.021, 0.003, 0.014)),
    "left_elbow": ("left_shoulder", "left_elbow", (-0.014, 0.0, 0.011)),
    "left_wrist": ("left_wrist", "left_wrist", (0.007, 0.004, 0.008)),
    "left_hip": ("pelvis", "left_hip", (-0.006, 0.003, 0.014)),
    "left_knee": ("left_knee", "left_knee", (-0.002, 0.002, 0.0)),
    "left_ankle": ("left_knee", "left_ankle", (0.005, 0.029, 0.002)),
    "left_big_toe": ("left_foot", _TOE_TIP, (0.003, 0.008, -0.027)),
    "left_heel": ("left_ankle", _HEEL, (-0.003, 0.003, 0.020)),
    "left_index": ("left_wrist", "left_hand", (-0.014, -0.009, 0.025)),
    "left_pinky": ("left_wrist", "left_hand", (-0.020, -0.005, -0.002)),
}


def _place(name: str) -> tuple[int, str, Array]:
    """The carrier's index, the anchor's name and the offset (3,) of a keypoint of either side."""
    if name in _PLACES:
        carrier, anchor, offset = _PLACES[name]
        return JOINT_INDEX[carrier], anchor, np.array(offset)
    carrier, anchor, offset = _PLACES[mirrored_name(name)]
    return JOINT_INDEX[mirrored_name(carrier)], mirrored_name(anchor), np.array(offset) * (-1.0, 1.0, 1.0)


KEYPOINT_JOINTS: Final[tuple[int, ...]] = tuple(_place(name)[0] for name in KEYPOINT_NAMES)
"""The joint that carries each keypoint."""


@dataclass(frozen=True)
class BodyKeypoints:
    """Rest positions of one body's keypoints, linear in its shape."""

    template: Array
    """(25, 3) metres, of the mean shape."""
    directions: Array
    """(25, 3, 10) metres per unit of shape coefficient."""

    def rest_points(self, betas: FloatArray) -> Array:
        """(..., 25, 3) metres in the rest pose for shape coefficients (..., 10)."""
        betas = np.asarray(betas, dtype=np.float64)
        points: Array = self.template + np.einsum("kac,...c->...ka", self.directions, betas)
        return points


def body_keypoints(body: Body) -> BodyKeypoints:
    """Find the keypoints on `body`. Takes milliseconds; do it once for each body."""
    template, directions = np.empty((KEYPOINT_COUNT, 3)), np.empty((KEYPOINT_COUNT, 3, body.shape_directions.shape[2]))
    for index, name in enumerate(KEYPOINT_NAMES):
        _, anchor, offset = _place(name)
        if anchor in JOINT_INDEX:
            joint = JOINT_INDEX[anchor]
            template[index], directions[index] = body.joint_template[joint], body.joint_directions[joint]
        else:
            vertices = _anchor_vertices(body, anchor, -1 if name.startswith("right_") else 1)
            template[index] = body.template[vertices].mean(axis=0)
            directions[index] = body.shape_directions[vertices].mean(axis=0)
        template[index] += offset
    return BodyKeypoints(template, directions)


def keypoint_rest_points(body: Body, betas: FloatArray) -> Array:
    """The keypoints (..., 25, 3) of `body` in the rest pose, metres, for shape coefficients (..., 10)."""
    return body_keypoints(body).rest_points(betas)


def keypoints_on_body(
    joints: FloatArray,
    world_rotations: FloatArray,
    rest_joints: FloatArray,
    rest_points: FloatArray,
) -> Array:
    """The keypoints of a posed body, in the frame of `joints`.

    Args:
        joints: (..., 24, 3) posed joints, metres.
        world_rotations: (..., 24, 3, 3).
        rest_joints: (24, 3), or with leading axes, metres.
        rest_points: (25, 3), or with leading axes, metres, from `keypoint_rest_points`.

    Returns:
        (..., 25, 3) metres.
    """
    carriers = list(KEYPOINT_JOINTS)
    arms = rest_points - rest_joints[..., carriers, :]
    points: Array = joints[..., carriers, :] + (world_rotations[..., carriers, :, :] @ arms[..., None])[..., 0]
    return points


def _anchor_vertices(body: Body, anchor: str, side: int) -> NDArray[np.intp]:
    """The vertices of a named spot, found by shape alone, so that any SMPL-format mesh has it."""
    prefix = "left_" if side > 0 else "right_"
    foot = (prefix + "ankle", prefix + "foot")
    regions_and_directions = {
        _NOSE_TIP: (("head",), (0, 0, 1)),
        _EAR: (("head",), (side, 0, 0)),
        _HEEL: (foot, (0, 0, -1)),
        _TOE_TIP: (foot, (0, 0, 1)),
    }
    joints, direction = regions_and_directions[anchor]
    owners = body.skin_weights.argmax(axis=1)
    region = np.flatnonzero(np.isin(owners, [JOINT_INDEX[name] for name in joints]))
    reach = body.template[region] @ np.array(direction)
    depth = 0.004  # metres: a few vertices, so that one odd vertex does not decide
    vertices: NDArray[np.intp] = region[reach > reach.max() - depth]
    return vertices
