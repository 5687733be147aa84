"""Real people's proportions: joint centres where they lie inside the flesh, segments as long as people's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.skeleton import JOINT_COUNT, JOINT_INDEX

from .anny_people import LEG_DIRECTION, least_rotation


@dataclass(frozen=True)
class Ratios:
    """Distances between joint centres over the leg's length (thigh + shank)."""

    thigh: float
    foot: float
    """From the ankle to the toes' base."""
    hips: float
    """From hip to hip."""
    torso: float
    """From the hips' middle to the shoulders' middle."""
    shoulders: float
    upper_arm: float
    forearm: float

    @property
    def shank(self) -> float:
        """The leg's other part."""
        return 1 - self.thigh


PUBLISHED: Final = Ratios(
    thigh=0.493,
    foot=0.178,
    hips=0.225,
    torso=0.602,
    shoulders=0.46,
    upper_arm=0.329,
    forearm=0.314,
)
"""Thigh, trunk and arms: de Leva (1996), men, from joint centre to joint centre (422.2, 515.5, 281.7 and 268.9 mm
beside a leg of 856.2). Hips: the regressions of Harrington et al. (2007) and Hara et al. (2016) give 0.20 to 0.22 for
men of average pelvis and leg, and women's are wider. Shoulders: the biacromial breadth of Gordon et al. (2014) less
2 cm on each side, where the humeral head's centre lies. Foot: the ball of the foot at 0.72 of its length, the ankle at
0.25, of a foot 0.15 of the stature long (Drillis and Contini 1966)."""

# Where a joint's centre lies in the flesh, from where Anny has it: metres on a leg of 0.85 m (+X left, Y up, +Z front),
# left side. The hip's centre lies 9 cm above the crotch and 5 cm behind the front spines (Harrington et al. 2007); the
# knee's between the condyles, behind the lower half of the kneecap and half way through the knee; the ankle's between
# the malleoli; the shoulder's 4 cm below the acromion.
_IN_THE_FLESH: Final = {
    "hip": (-0.009, -0.010, 0.012),
    "knee": (0.0, -0.012, -0.010),
    "ankle": (0.0, -0.005, 0.0),
    "shoulder": (0.005, 0.010, 0.0),
}
_REFERENCE_LEG: Final = 0.85
_SPREADING_STEPS: Final = 40

_SPINE: Final = ("pelvis", "spine1", "spine2", "spine3", "neck")
_MAIN_CHILD: Final = {
    **{_SPINE[i]: _SPINE[i + 1] for i in range(4)},
    **{"neck": "head", "hip": "knee", "knee": "ankle", "ankle": "foot"},
    **{"collar": "shoulder", "shoulder": "elbow", "elbow": "wrist", "wrist": "hand"},
}
"""The joint that a bone runs to."""


def centred_joints(joints: Array) -> Array:
    """Anny's joints (24, 3), each moved to its place in the flesh; the spine's into the plane of hips and shoulders."""
    result = joints.copy()
    scale = leg_length(joints) / _REFERENCE_LEG
    for part, shift in _IN_THE_FLESH.items():
        for side, sign in (("left", 1.0), ("right", -1.0)):
            result[JOINT_INDEX[f"{side}_{part}"]] += scale * np.array(shift) * (sign, 1.0, 1.0)
    hips, shoulders = _middle(result, "hip"), _middle(result, "shoulder")
    moved = [JOINT_INDEX[name] for name in (*_SPINE, "left_collar", "right_collar")]
    share = (result[moved, 1] - hips[1]) / (shoulders[1] - hips[1])
    result[moved, 2] = hips[2] + share * (shoulders[2] - hips[2])
    return result


def measured(joints: Array) -> Ratios:
    """The ratios of joints (24, 3)."""
    leg = leg_length(joints)
    return Ratios(
        thigh=_distance(joints, "left_hip", "left_knee") / leg,
        foot=_distance(joints, "left_ankle", "left_foot") / leg,
        hips=_distance(joints, "left_hip", "right_hip") / leg,
        torso=float(np.linalg.norm(_middle(joints, "shoulder") - _middle(joints, "hip"))) / leg,
        shoulders=_distance(joints, "left_shoulder", "right_shoulder") / leg,
        upper_arm=_distance(joints, "left_shoulder", "left_elbow") / leg,
        forearm=_distance(joints, "left_elbow", "left_wrist") / leg,
    )


def leg_length(joints: Array) -> float:
    """Thigh and shank of joints (24, 3), metres."""
    return _distance(joints, "left_hip", "left_knee") + _distance(joints, "left_knee", "left_ankle")


def placed_joints(joints: Array, leg: float, ratios: Ratios) -> Array:
    """Centred joints (24, 3) moved to the `ratios` over a leg of `leg` metres, the trunk upright over the hips."""
    result = joints.copy()
    hips, shoulders = _middle(joints, "hip"), _middle(joints, "shoulder")
    stretch = ratios.torso * leg / (shoulders[1] - hips[1])
    for name in _SPINE:
        joint = JOINT_INDEX[name]
        result[joint, 1] = hips[1] + stretch * (joints[joint, 1] - hips[1])
        result[joint, 2] = hips[2]
    result[JOINT_INDEX["head"]] += result[JOINT_INDEX["neck"]] - joints[JOINT_INDEX["neck"]]
    top = np.array([0.0, hips[1] + ratios.torso * leg, hips[2]])
    for side, sign in (("left", 1.0), ("right", -1.0)):
        hip, knee, ankle, foot = (JOINT_INDEX[f"{side}_{part}"] for part in ("hip", "knee", "ankle", "foot"))
        collar, shoulder, elbow = (JOINT_INDEX[f"{side}_{part}"] for part in ("collar", "shoulder", "elbow"))
        wrist, hand = JOINT_INDEX[f"{side}_wrist"], JOINT_INDEX[f"{side}_hand"]
        down = np.array([sign, 1.0, 1.0]) * LEG_DIRECTION / np.linalg.norm(LEG_DIRECTION)
        out, sole = np.array([sign, 0.0, 0.0]), joints[foot] - joints[ankle]
        result[hip] = hips + out * ratios.hips * leg / 2
        result[knee] = result[hip] + down * ratios.thigh * leg
        result[ankle] = result[knee] + down * ratios.shank * leg
        result[foot] = result[ankle] + sole * ratios.foot * leg / np.linalg.norm(sole)
        wider = ratios.shoulders * leg / _distance_apart(joints, "shoulder")
        result[collar] = top + (joints[collar] - shoulders) * (wider, 1.0, 1.0)
        result[shoulder] = top + out * ratios.shoulders * leg / 2
        result[elbow] = result[shoulder] + out * ratios.upper_arm * leg
        result[wrist] = result[elbow] + out * ratios.forearm * leg
        result[hand] = result[wrist] + joints[hand] - joints[wrist]
    return result


def carried_flesh(vertices: Array, weights: Array, old: Array, new: Array) -> Array:
    """Vertices (V, 3) carried by their bones from joints `old` (24, 3) to `new`: turned, and longer or shorter."""
    maps = np.empty((JOINT_COUNT, 3, 3))
    for name, joint in JOINT_INDEX.items():
        side, _, part = name.rpartition("_")
        child = _MAIN_CHILD.get(part)
        if child is None:
            maps[joint] = np.eye(3)
            continue
        end = JOINT_INDEX[f"{side}_{child}" if side else child]
        maps[joint] = _bone_map(old[end] - old[joint], new[end] - new[joint])
    pelvis = JOINT_INDEX["pelvis"]
    maps[pelvis] = maps[pelvis] @ np.diag([_distance_apart(new, "hip") / _distance_apart(old, "hip"), 1.0, 1.0])
    shifts = new - np.einsum("jab,jb->ja", maps, old)
    result: Array = np.einsum("vj,jab,vb->va", weights, maps, vertices, optimize=True) + weights @ shifts
    return result


def diffused(weights: Array, faces: NDArray[np.int64]) -> Array:
    """Skin weights (V, 24) spread over the surface's neighbours, so that flesh stretches without folds in its pits."""
    edges = np.unique(np.sort(faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1), axis=0)
    ends = np.concatenate([edges, edges[:, ::-1]])
    neighbours = coo_array((np.ones(len(ends)), ends.T), shape=(len(weights), len(weights))).tocsr()
    count = np.maximum(neighbours.sum(axis=1), 1)[:, None]
    for _ in range(_SPREADING_STEPS):
        weights = (weights + neighbours @ weights / count) / 2
    result: Array = weights / weights.sum(axis=1, keepdims=True)
    return result


def _bone_map(old: Array, new: Array) -> Array:
    """(3, 3) that takes one bone onto another, keeping what lies across it."""
    along = old / np.linalg.norm(old)
    stretch = np.eye(3) + (np.linalg.norm(new) / np.linalg.norm(old) - 1) * np.outer(along, along)
    result: Array = least_rotation(old, new) @ stretch
    return result


def _middle(joints: Array, part: str) -> Array:
    result: Array = (joints[JOINT_INDEX[f"left_{part}"]] + joints[JOINT_INDEX[f"right_{part}"]]) / 2
    return result


def _distance(joints: Array, first: str, second: str) -> float:
    return float(np.linalg.norm(joints[JOINT_INDEX[first]] - joints[JOINT_INDEX[second]]))


def _distance_apart(joints: Array, part: str) -> float:
    return _distance(joints, f"left_{part}", f"right_{part}")
