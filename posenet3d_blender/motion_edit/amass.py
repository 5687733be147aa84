"""Motions of AMASS's files: parameters of SMPL-H or SMPL-X as they are published, or of SMPL by the same keys.

Used keys: `poses` (T, 156) axis-angle in radians, pelvis and 21 body joints first, as in SMPL, then the fingers of the
left and the right hand ((T, 165) of SMPL-X have jaw and eyes before the fingers, (T, 72) of SMPL have none); `trans`
(T, 3) metres; `mocap_framerate` (`mocap_frame_rate` with SMPL-X); `betas` and `gender` as far as they are there.
Z up. https://amass.is.tue.mpg.de
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from ..arrays import AnyArray, Array
from ..body.gender import stated_gender
from ..body.kinematics import forward_kinematics
from ..body.model import SHAPE_COUNT, Body, load_body
from ..body.rotations import axis_angle_to_matrix
from ..body.skeleton import JOINT_COUNT
from ..body.soles import SOLE_JOINTS, body_soles
from ..errors import PoseNet3DError
from ..motion import LARGEST_VALUE, WANTED, Motion, load_motion
from ..motion_hands import BODY_VALUES, HAND_VALUES, SMPL_H_VALUES
from ..npz import read_npz
from ..progress import Warn
from .contacts import estimate_contacts

WANTED_TAKE: Final = "a take of AMASS (.npz)"
RATE_KEYS: Final = ("mocap_framerate", "mocap_frame_rate")
FACE_VALUES: Final = 9
"""Of SMPL-X's jaw and eyes, before the fingers."""
LARGEST_LIFT: Final = 0.25
"""Metres by which a take's lowest sole may be off the floor, which is at height 0, to be put on it."""
_WIDTHS: Final = (BODY_VALUES, 3 * JOINT_COUNT, SMPL_H_VALUES, SMPL_H_VALUES + FACE_VALUES)
"""Values of `poses` in a frame, of the common body alone, SMPL, SMPL-H and SMPL-X: others are no axis-angle."""
_LARGEST_TURN: Final = 12.6
"""Radians, two whole turns; an arm that hangs is turned by more degrees."""
_LONGEST_WAY: Final = 50.0
"""Metres from the origin, the median over a take; a pelvis is higher in centimetres."""
_CAPTURED: Final = ("time", "contacts", "confidence")
"""Keys of the motions that capture wrote, which AMASS's files lack."""


@dataclass(frozen=True)
class AmassTake:
    """A file's parameters."""

    poses: Array
    """(T, 22, 3) axis-angle, radians: pelvis and body, common to SMPL, SMPL-H and SMPL-X."""
    hands: Array | None
    """(T, 2, 45) axis-angle of the left and the right hand's fingers; None: there are none, or none that ever bend."""
    trans: Array
    """(T, 3) metres, Z up."""
    betas: Array
    """(10,) the first shape coefficients of SMPL's body."""
    frame_rate: float
    gender: str | None
    """None: the file states none."""

    @property
    def smpl_poses(self) -> Array:
        """(T, 24, 3) axis-angle of SMPL's joints, whose two hands, which AMASS lacks, stay at rest."""
        poses = np.zeros((len(self.poses), JOINT_COUNT, 3))
        poses[:, : self.poses.shape[1]] = self.poses
        return poses


def load_any_motion(path: Path, own_body: Path | None, warn: Warn) -> Motion:
    """Read a motion file that capture wrote, or one of AMASS's.

    Args:
        path: the file.
        own_body: the user's SMPL file, for the shape of AMASS's takes; None: they get the shipped body's mean shape.
        warn: told that the body is not the file's.

    Raises:
        PoseNet3DError: as of `load_motion` and `read_take`.
    """
    if read_npz(path, WANTED, _CAPTURED):
        return load_motion(path)
    take = read_take(path, f"{WANTED}, or {WANTED_TAKE}")
    motion = take_motion(take, own_body)
    if own_body is None:
        warn(f"{path.name} is of SMPL's body; the shipped one in its mean shape moves instead, give yours by --body")
    elif take.gender not in (None, motion.gender):
        warn(f"{path.name} is of a {take.gender} body, {own_body.name} is {motion.gender}; give the {take.gender} one")
    return motion


def take_motion(take: AmassTake, own_body: Path | None) -> Motion:
    """The motion of a take on the user's body in the take's shape, or on the shipped one in its mean shape.

    The shipped body, whose legs are of another length, is put on the floor by its lowest sole.
    """
    body = load_body(own_body)
    betas = take.betas if own_body else np.zeros(SHAPE_COUNT)
    poses = take.smpl_poses
    joints, world = forward_kinematics(axis_angle_to_matrix(poses), body.rest_joints(betas))
    trans = take.trans if own_body else take.trans + _lift(body, betas, joints + take.trans[:, None], world)
    joints = joints + trans[:, None]
    hands = (None, None) if take.hands is None else take.hands.swapaxes(0, 1)
    seen = None if take.hands is None else np.ones(len(poses))
    return Motion(
        poses=poses,
        trans=trans,
        betas=betas,
        frame_rate=take.frame_rate,
        time=np.arange(len(poses)) / take.frame_rate,
        joints=joints,
        contacts=estimate_contacts(joints, take.frame_rate),
        confidence=np.ones(len(poses)),
        gender=body.gender,
        left_hand_pose=hands[0],
        right_hand_pose=hands[1],
        left_hand_confidence=seen,
        right_hand_confidence=seen,
    )


def _lift(body: Body, betas: Array, joints: Array, rotations: Array) -> Array:
    """(3,) metres that put the lowest sole of posed joints (T, 24, 3) on the floor; 0 where it is far from that."""
    soles = body_soles(body).rest_points(betas) - body.rest_joints(betas)[list(SOLE_JOINTS)]  # (4, 3)
    posed = joints[:, SOLE_JOINTS] + np.einsum("tjab,jb->tja", rotations[:, SOLE_JOINTS], soles)
    lowest = float(posed[..., 2].min())
    return np.array([0.0, 0.0, -lowest if abs(lowest) <= LARGEST_LIFT else 0.0])


def read_take(path: Path, wanted: str = WANTED_TAKE) -> AmassTake:
    """Read the parameters of one take.

    Args:
        path: the file.
        wanted: the kind of file that was expected, for messages.

    Raises:
        PoseNet3DError: the file is missing or damaged, or a key is missing, of another layout or not finite.
    """
    data = read_npz(path, wanted, ("poses", "trans", "betas", "gender", *RATE_KEYS))
    rate_key = next((key for key in RATE_KEYS if key in data), RATE_KEYS[0])
    data.setdefault("betas", np.zeros(SHAPE_COUNT))
    for key in ("poses", "trans", rate_key, "betas"):
        if key not in data:
            raise PoseNet3DError(f"{path}: key '{key}' is missing; give {wanted}")
        if data[key].dtype.kind not in "fiu" or not np.isfinite(data[key]).all():
            raise PoseNet3DError(f"{path}: key '{key}' holds values that are not finite numbers; get the file again")
        if np.abs(data[key].astype(np.float64)).max(initial=0.0) > LARGEST_VALUE:
            raise PoseNet3DError(f"{path}: key '{key}' holds values over {LARGEST_VALUE:g}; get the file again")
    poses, trans, rate = data["poses"], data["trans"], data[rate_key]
    if poses.ndim != 2 or poses.shape[1] not in _WIDTHS or len(poses) < 2:
        raise PoseNet3DError(f"{path}: key 'poses' has the shape {poses.shape}, not (T, 156); give {wanted}")
    if _largest_turn(poses) > _LARGEST_TURN:
        raise PoseNet3DError(f"{path}: key 'poses' turns joints by over {_LARGEST_TURN:g}; give radians, not degrees")
    if trans.shape != (len(poses), 3):
        raise PoseNet3DError(f"{path}: key 'trans' has the shape {trans.shape}, not ({len(poses)}, 3); give {wanted}")
    if np.median(np.linalg.norm(trans, axis=-1)) > _LONGEST_WAY:
        raise PoseNet3DError(f"{path}: key 'trans' is over {_LONGEST_WAY:g} from the origin; give metres")
    if rate.size != 1 or rate.reshape(-1)[0] <= 0:
        raise PoseNet3DError(f"{path}: key '{rate_key}' must be one positive number; give {wanted}")
    betas = np.zeros(SHAPE_COUNT)
    coefficients = data["betas"].reshape(-1)[:SHAPE_COUNT]
    betas[: len(coefficients)] = coefficients
    return AmassTake(
        poses[:, :BODY_VALUES].reshape(len(poses), -1, 3).astype(np.float64),
        _hands(poses),
        trans.astype(np.float64),
        betas,
        float(rate.reshape(-1)[0]),
        stated_gender(data.get("gender")),
    )


def _largest_turn(poses: AnyArray) -> float:
    """The largest angle of the body's joints in poses (T, N)."""
    return float(np.linalg.norm(poses[:, :BODY_VALUES].reshape(len(poses), -1, 3), axis=-1).max())


def _hands(poses: AnyArray) -> Array | None:
    """(T, 2, 45) of poses in SMPL-H's or SMPL-X's layout; None: of another layout, or hands that are at rest."""
    first = {SMPL_H_VALUES: BODY_VALUES, SMPL_H_VALUES + FACE_VALUES: BODY_VALUES + FACE_VALUES}.get(poses.shape[1])
    if first is None or not poses[:, first:].any():
        return None
    hands: Array = poses[:, first:].reshape(len(poses), 2, HAND_VALUES).astype(np.float64)
    return hands
