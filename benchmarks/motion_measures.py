"""Measures of a captured motion: with truth, without it, and between several views of one moment."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Final

import numpy as np

from posenet3d_blender.arrays import Array, interpolate_rows
from posenet3d_blender.body.keypoints import body_keypoints, keypoints_on_body
from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.model import load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.body.skeleton import JOINT_INDEX
from posenet3d_blender.body.soles import SOLE_JOINTS, body_soles
from posenet3d_blender.motion import Motion

RATE: Final = 30.0
"""Samples per second at which motions are compared."""
_LIMBS: Final = [
    JOINT_INDEX[f"{side}_{part}"]
    for part in ("ankle", "knee", "hip", "wrist", "elbow", "shoulder")
    for side in ("left", "right")
]


def load_scorer(path: Path) -> ModuleType:
    """The scorer of the marker-based truth, a script of its own."""
    specification = importlib.util.spec_from_file_location("score_motion", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def against_truth(motion: Motion, truth: Path, clip: str, scorer: ModuleType) -> dict[str, float]:
    """PA-MPJPE, WA-MPJPE (mm), accel (mm/frame^2), angle (degrees) and skate (cm/s) of one clip of the truth."""
    data = np.load(truth)
    all_names = [str(name) for name in data["joint_names"]]
    names = [name for name in all_names if name in scorer.SMPL]
    joints = data[f"{clip}_joints3d"].astype(float)[:, [all_names.index(name) for name in names]]
    found = motion.joints[:, [scorer.SMPL[name] for name in names]]
    score = scorer.score(data[f"{clip}_time"], joints, names, motion.time, found)
    keys = {"pa_mpjpe_mm": "PA", "wa_mpjpe_mm": "WA", "accel_mm": "accel", "angle_deg": "angle", "skate_cm_s": "skate"}
    return {name: float(score[key]) for key, name in keys.items()}


def without_truth(motion: Motion) -> dict[str, float]:
    """Resting feet's distance from the floor and slip, and all joints' jitter.

    Of feet that rest by the motion's contacts: how far the lower of heel and ball is off the floor, 95% and most (cm),
    and its speed (cm/s). Jitter is the mean second difference at 30 Hz (mm/frame^2).
    """
    time = np.arange(motion.time[0], motion.time[-1], 1 / RATE)
    soles = interpolate_rows(time, motion.time, posed_soles(motion)).reshape(len(time), 2, 2, 3)  # (N, foot, end, 3)
    joints = interpolate_rows(time, motion.time, motion.joints)
    rests = interpolate_rows(time, motion.time, motion.contacts) > 0.5  # (N, 2)
    figures = {"jitter": 1000 * float(np.linalg.norm(np.diff(joints, 2, axis=0), axis=-1).mean())}
    if not rests.any():
        return figures
    lower = soles[..., 2].argmin(axis=2)  # (N, 2)
    speed = np.linalg.norm(np.gradient(soles, axis=0), axis=-1) * RATE
    height = np.abs(np.take_along_axis(soles[..., 2], lower[..., None], 2)[..., 0])[rests]
    slip = np.take_along_axis(speed, lower[..., None], 2)[..., 0][rests]
    figures |= {"floor 95%": 100 * float(np.percentile(height, 95)), "floor most": 100 * float(height.max())}
    return figures | {"slip": 100 * float(slip.mean())}


def posed_soles(motion: Motion) -> Array:
    """(T, 4, 3) left heel, left ball, right heel, right ball in the world, metres, on the shipped body."""
    body, carriers = load_body(), list(SOLE_JOINTS)
    rest_joints = body.rest_joints(motion.betas)
    joints, world = forward_kinematics(axis_angle_to_matrix(motion.poses), rest_joints)
    arms = body_soles(body).rest_points(motion.betas) - rest_joints[carriers]
    soles: Array = joints[:, carriers] + (world[:, carriers] @ arms[..., None])[..., 0] + motion.trans[:, None]
    return soles


def posed_keypoints(motion: Motion) -> Array:
    """(T, 25, 3) the detector's keypoints on the shipped body, in the world, metres."""
    body = load_body()
    rest_joints = body.rest_joints(motion.betas)
    joints, world = forward_kinematics(axis_angle_to_matrix(motion.poses), rest_joints)
    points = keypoints_on_body(joints, world, rest_joints, body_keypoints(body).rest_points(motion.betas))
    return points + motion.trans[:, None]


def between_views(motions: Sequence[Motion], scorer: ModuleType) -> dict[str, float]:
    """Mean distance (mm) of two motions' limbs, over all pairs: after one similarity for the clip, and one a frame."""
    start, end = max(motion.time[0] for motion in motions), min(motion.time[-1] for motion in motions)
    time = np.arange(start, end, 1 / RATE)
    limbs = [interpolate_rows(time, motion.time, motion.joints[:, _LIMBS]) for motion in motions]
    whole, frames = [], []
    for number, one in enumerate(limbs):
        for other in limbs[number + 1 :]:
            fit = scorer.similarity(other.reshape(-1, 3), one.reshape(-1, 3))
            whole.append(_distance(fit(other.reshape(-1, 3)), one.reshape(-1, 3)))
            frames += [_distance(scorer.similarity(b, a)(b), a) for a, b in zip(one, other, strict=True)]
    return {"apart (clip)": 1000 * float(np.mean(whole)), "apart (frame)": 1000 * float(np.mean(frames))}


def against_points(motion: Motion, points: Array, time: Array, scorer: ModuleType) -> float:
    """Mean distance (mm) of the body's keypoints from triangulated ones after one similarity for the clip.

    Args:
        motion: of one view.
        points: (T, 25, 3) triangulated, nan where unknown.
        time: (T,) of the points, seconds.
        scorer: for its similarity.
    """
    found = interpolate_rows(time, motion.time, posed_keypoints(motion))
    known = np.isfinite(points).all(axis=-1)
    fit = scorer.similarity(found[known], points[known])
    return 1000 * _distance(fit(found[known]), points[known])


def _distance(one: Array, other: Array) -> float:
    return float(np.linalg.norm(one - other, axis=-1).mean())
