"""Joints that a data set lacks, placed by its other joints and the shipped body's proportions."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Final

import numpy as np

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.model import Body, load_body
from posenet3d_blender.body.skeleton import JOINT_INDEX

from ..geometry.proportions import hand_to_forearm

COLLAR_SHARE: Final = 0.35
"""Share of the way from neck to shoulder at which a collar joint lies."""
_SPINE: Final = ("pelvis", "spine1", "spine2", "spine3", "neck")


@cache
def _body() -> Body:
    return load_body()


def _rest(name: str) -> Array:
    """(3,) a joint of the shipped body at rest, metres."""
    joint: Array = _body().joint_template[JOINT_INDEX[name]]
    return joint


def collar(neck: Array, shoulder: Array) -> Array:
    """(T, 3) the collar joint, metres, for data without one, or with collar bones that start on the spine."""
    return neck + COLLAR_SHARE * (shoulder - neck)


def spine(pelvis: Array, middle: Array, neck: Array) -> dict[str, Array]:
    """spine1, spine2 and spine3 (T, 3) on the line pelvis, middle, neck, each at the body's own share of its length."""
    links = [np.linalg.norm(_rest(b) - _rest(a)) for a, b in pairwise(_SPINE)]
    shares = np.cumsum(links)[:3] / np.sum(links)
    lower = np.linalg.norm(middle - pelvis, axis=-1, keepdims=True)
    upper = np.linalg.norm(neck - middle, axis=-1, keepdims=True)
    joints = {}
    for name, share in zip(_SPINE[1:4], shares, strict=True):
        length = share * (lower + upper)
        below = pelvis + (middle - pelvis) * (length / np.maximum(lower, 1e-9))
        above = middle + (neck - middle) * ((length - lower) / np.maximum(upper, 1e-9))
        joints[name] = np.where(length < lower, below, above)
    return joints


def hand(elbow: Array, wrist: Array, towards: Array | None = None) -> Array:
    """(T, 3) the hand joint; the hand is as long for the forearm as the shipped body's.

    Args:
        elbow: (T, 3) metres.
        wrist: (T, 3) metres.
        towards: (T, 3) a point of the hand, for its direction; None: the hand continues the forearm.
    """
    ratio = hand_to_forearm(_body())
    forearm = wrist - elbow
    direction = forearm if towards is None else towards - wrist
    length = ratio * np.linalg.norm(forearm, axis=-1, keepdims=True)
    joint: Array = wrist + length * direction / np.maximum(np.linalg.norm(direction, axis=-1, keepdims=True), 1e-9)
    return joint


def foot(side: str, knee: Array, ankle: Array, to_left: Array) -> Array:
    """(T, 3) the ball of the foot, fixed to the shin as on the shipped body at rest.

    Args:
        side: "left" or "right".
        knee: (T, 3) metres.
        ankle: (T, 3) metres.
        to_left: (T, 3) from the right hip to the left one.
    """
    rest_shin = _rest(f"{side}_knee") - _rest(f"{side}_ankle")
    rest_frame = _frame(rest_shin, _rest("left_hip") - _rest("right_hip"))
    in_frame = rest_frame.T @ (_rest(f"{side}_foot") - _rest(f"{side}_ankle"))
    scale = np.linalg.norm(knee - ankle, axis=-1, keepdims=True) / np.linalg.norm(rest_shin)
    joint: Array = ankle + scale * (_frame(knee - ankle, to_left) @ in_frame)
    return joint


def _frame(up: Array, to_left: Array) -> Array:
    """(..., 3, 3) with the columns left, up and front: `up` exactly, left as near as possible to `to_left`."""
    y = up / np.maximum(np.linalg.norm(up, axis=-1, keepdims=True), 1e-9)
    x = to_left - (to_left * y).sum(-1, keepdims=True) * y
    x = x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-9)
    return np.stack([x, y, np.cross(x, y)], axis=-1)
