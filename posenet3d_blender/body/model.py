"""The SMPL-format body: the one that ships, or a user's own SMPL file.

Body frame: Y up, +Z front, +X left, metres.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..arrays import AnyArray, Array, FloatArray
from ..errors import PoseNet3DError
from .fingers import Fingers, split_hands
from .gender import NEUTRAL, gender_of_body
from .kinematics import finger_kinematics, forward_kinematics, skin
from .skeleton import JOINT_COUNT
from .smpl_layouts import LAYOUTS, parents_of, with_24_joints
from .smpl_pickle import read_smpl_archive, read_smpl_pickle

SHAPE_COUNT: Final = 10
SHIPPED_BODY: Final = Path(__file__).parents[1] / "assets" / "body" / "body_smpl24.npz"

SHIPPED_FINGERS: Final = SHIPPED_BODY.with_stem(f"{SHIPPED_BODY.stem}_fingers")
"""Apart, so that readers of an SMPL body find nothing in it that they don't know."""

_REQUIRED: Final = ("v_template", "f", "shapedirs", "J_regressor", "weights")
_BODIES: Final = "an SMPL body with 24 joints, SMPL-H with 52 or SMPL-X with 55"
_OPTIONAL: Final = ("posedirs", "kintree_table", "gender")


@dataclass(frozen=True)
class Body:
    """SMPL (Loper et al. 2015): a skinned body in its format."""

    name: str
    template: Array
    """(V, 3) metres, arms stretched out sideways."""
    faces: NDArray[np.int64]
    """(F, 3) vertex indices."""
    shape_directions: Array
    """(V, 3, 10) metres per unit of shape coefficient."""
    pose_directions: Array | None
    """(V, 3, 207) metres per unit of (rotation matrix - identity) of joints 1..23; None: the body has none."""
    joint_regressor: Array
    """(24, V)"""
    skin_weights: Array
    """(V, 24), each row sums to 1."""
    gender: str = NEUTRAL
    """One of `gender.GENDERS`: of the people whose shapes the coefficients describe."""
    fingers: Fingers | None = None
    """None: the body's hands are stiff, as SMPL's are."""

    @cached_property
    def joint_template(self) -> Array:
        """(24, 3) rest joints of the mean shape, metres."""
        return self.joint_regressor @ self.template

    @cached_property
    def joint_directions(self) -> Array:
        """(24, 3, 10) metres by which rest joints move per unit of shape coefficient."""
        directions: Array = np.einsum("jv,vac->jac", self.joint_regressor, self.shape_directions)
        return directions

    @cached_property
    def finger_template(self) -> Array:
        """(30, 3) rest finger joints of the mean shape, metres; a body without fingers has (0, 3)."""
        return self._finger_regressor @ self.template

    @cached_property
    def finger_directions(self) -> Array:
        """(30, 3, 10) metres by which finger joints move per unit of shape coefficient."""
        directions: Array = np.einsum("jv,vac->jac", self._finger_regressor, self.shape_directions)
        return directions

    @property
    def _finger_regressor(self) -> Array:
        return self.fingers.joint_regressor if self.fingers else np.zeros((0, len(self.template)))

    def rest_fingers(self, betas: FloatArray) -> Array:
        """(..., 30, 3) metres for shape coefficients (..., 10), in the order of `fingers.HAND_JOINT_NAMES`."""
        betas = np.asarray(betas, dtype=np.float64)
        joints: Array = self.finger_template + np.einsum("jac,...c->...ja", self.finger_directions, betas)
        return joints

    def rest_vertices(self, betas: FloatArray) -> Array:
        """(V, 3) metres for shape coefficients (10,)."""
        return self.template + self.shape_directions @ np.asarray(betas, dtype=np.float64)

    def rest_joints(self, betas: FloatArray) -> Array:
        """(..., 24, 3) metres for shape coefficients (..., 10)."""
        betas = np.asarray(betas, dtype=np.float64)
        joints: Array = self.joint_template + np.einsum("jac,...c->...ja", self.joint_directions, betas)
        return joints

    def posed_vertices(
        self,
        rotations: FloatArray,
        betas: FloatArray,
        translation: FloatArray,
        finger_rotations: FloatArray | None = None,
    ) -> Array:
        """The skin in each frame.

        Args:
            rotations: (T, 24, 3, 3) relative to the parent, the pelvis's in the world.
            betas: (10,)
            translation: (T, 3) metres; the pelvis stands at its rest position plus this.
            finger_rotations: (T, 30, 3, 3) relative to the parent, of a body with fingers; None: its hands are stiff.

        Returns:
            (T, V, 3) metres.
        """
        rest_joints, rest_vertices = self.rest_joints(betas), self.rest_vertices(betas)
        joints, world = forward_kinematics(rotations, rest_joints)
        weights = self.skin_weights
        if finger_rotations is not None and self.fingers:
            rest_fingers = self.rest_fingers(betas)
            places, turned = finger_kinematics(finger_rotations, rest_fingers, rest_joints, joints, world)
            rest_joints = np.concatenate([rest_joints, rest_fingers])
            joints, world = np.concatenate([joints, places], axis=1), np.concatenate([world, turned], axis=1)
            weights = self.fingers.with_body(weights)
        directions, features = self._pose_features(rotations, finger_rotations)
        if directions is None:
            vertices = skin(rest_vertices, rest_joints, weights, joints, world)
        else:
            vertices = np.empty((len(joints), *rest_vertices.shape))
            for frame, each in enumerate(features):
                corrected = rest_vertices + directions @ each
                vertices[frame] = skin(corrected, rest_joints, weights, joints[frame], world[frame])
        return vertices + np.asarray(translation, dtype=np.float64)[:, None]

    def _pose_features(self, rotations: FloatArray, finger_rotations: FloatArray | None) -> tuple[Array | None, Array]:
        """Pose corrections (V, 3, P), None without any, and the rotations that drive them (T, P)."""
        directions = self.pose_directions
        features = (np.asarray(rotations, dtype=np.float64)[:, 1:] - np.eye(3)).reshape(len(rotations), -1)
        if finger_rotations is None or not self.fingers or self.fingers.pose_directions is None or directions is None:
            return directions, features
        of_fingers = (np.asarray(finger_rotations, dtype=np.float64) - np.eye(3)).reshape(len(features), -1)
        return (
            np.concatenate([directions, self.fingers.pose_directions], axis=2),
            np.concatenate([features, of_fingers], axis=1),
        )


def load_body(path: Path | None = None) -> Body:
    """Load the shipped body, or a user's own SMPL file (`.npz`, or the official `.pkl`, of which nothing is executed).

    The shipped body is read once and shared: its arrays are not to be written to.

    SMPL-H and SMPL-X bodies have fingers; of SMPL-X jaw, eyes and expressions stay at rest.

    Raises:
        PoseNet3DError: the file is missing, is no SMPL body, or is one with other joints.
    """
    if path is None:
        return _shipped_body(SHIPPED_BODY, SHIPPED_FINGERS)
    if not os.path.isfile(path):
        raise PoseNet3DError(f"{path}: no such file; give an SMPL body as .npz or .pkl")
    return _load(path)


@lru_cache(maxsize=1)
def _shipped_body(body_file: Path, fingers_file: Path) -> Body:
    """The shipped body of two files, read once: a capture asks for it several times."""
    for path in (body_file, fingers_file):
        if not path.is_file():
            raise PoseNet3DError(f"{path}: the shipped body is missing; install PoseNet3D again")
    body = _load(body_file)
    arrays = read_smpl_archive(fingers_file, ("weights", "J_regressor"))
    shapes = {"weights": (len(body.template), 30), "J_regressor": (30, len(body.template))}
    if any(key not in arrays or arrays[key].shape != shape for key, shape in shapes.items()):
        raise PoseNet3DError(f"{fingers_file}: it holds no fingers of the shipped body; install PoseNet3D again")
    shares, regressor = (arrays[key].astype(np.float64) for key in ("weights", "J_regressor"))
    return replace(body, fingers=Fingers(regressor, split_hands(body.skin_weights, shares)))


def _load(path: Path) -> Body:
    arrays = _read(path)
    gender = gender_of_body(path, arrays.pop("gender", None))
    if arrays.get("posedirs", np.empty(0)).ndim == 2 and arrays.get("weights", np.empty(0)).ndim:
        arrays["posedirs"] = _pose_directions_of_columns(arrays["posedirs"], arrays["weights"].shape[-1])
    _check(path, arrays)
    arrays, fingers = with_24_joints(arrays)
    return _body_from_arrays(path.stem, arrays, gender, fingers)


def _read(path: Path) -> dict[str, AnyArray]:
    keys = _REQUIRED + _OPTIONAL
    ending = path.suffix.lower()
    if ending == ".npz":
        return read_smpl_archive(path, keys)
    if ending != ".pkl":
        raise PoseNet3DError(f"{path}: not an SMPL body; give one as .npz or .pkl")
    try:
        return read_smpl_pickle(path, keys)
    except OSError as error:
        raise PoseNet3DError(f"{path}: can't be read ({error.strerror or error}); check the file") from error


def _check(path: Path, arrays: dict[str, AnyArray]) -> None:
    """Raise PoseNet3DError unless the arrays make up a body of SMPL, SMPL-H or SMPL-X."""
    for key in _REQUIRED:
        if key not in arrays:
            raise PoseNet3DError(f"{path}: key '{key}' is missing; give {_BODIES}")
    for key, array in arrays.items():
        if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
            raise PoseNet3DError(f"{path}: key '{key}' holds values that are not finite numbers; get the file again")
    joint_count = arrays["weights"].shape[-1] if arrays["weights"].ndim else 0
    if joint_count not in (JOINT_COUNT, *LAYOUTS):
        raise PoseNet3DError(f"{path}: the body has {joint_count} joints; give {_BODIES}")
    vertex_count = len(arrays["weights"])
    expected: dict[str, tuple[int | None, ...]] = {
        "v_template": (vertex_count, 3),
        "f": (None, 3),
        "shapedirs": (vertex_count, 3, None),
        "J_regressor": (joint_count, vertex_count),
        "weights": (vertex_count, joint_count),
        "posedirs": (vertex_count, 3, 9 * (joint_count - 1)),
        "kintree_table": (2, joint_count),
    }
    for key, array in arrays.items():
        sides = expected[key]
        if array.ndim != len(sides) or any(
            side not in (None, length) for side, length in zip(sides, array.shape, strict=True)
        ):
            raise PoseNet3DError(f"{path}: key '{key}' has the shape {array.shape} of no SMPL body; get the file again")
    if not (arrays["f"].size and 0 <= arrays["f"].min() <= arrays["f"].max() < vertex_count):
        raise PoseNet3DError(f"{path}: key 'f' names vertices that do not exist; get the file again")
    if not (arrays["weights"].min() >= 0 and arrays["weights"].sum(axis=1).min() > 0):
        raise PoseNet3DError(
            f"{path}: key 'weights' has vertices that no joint moves, or negative weights; get the file again"
        )
    if (
        "kintree_table" in arrays
        and tuple(arrays["kintree_table"][0, 1:].astype(np.int64)) != parents_of(joint_count)[1:]
    ):
        raise PoseNet3DError(f"{path}: the joints are not in SMPL's order; give {_BODIES}")


def _pose_directions_of_columns(directions: AnyArray, joint_count: int) -> AnyArray:
    """(P, 3 V), as PyTorch programs keep them, to (V, 3, P), P = 9 (J - 1); anything else stays as it is."""
    feature_count = 9 * (joint_count - 1)
    if directions.shape[0] != feature_count or directions.shape[1] % 3:
        return directions
    return directions.T.reshape(-1, 3, feature_count)


def _body_from_arrays(name: str, arrays: dict[str, AnyArray], gender: str, fingers: Fingers | None) -> Body:
    shape_directions = np.zeros((len(arrays["v_template"]), 3, SHAPE_COUNT))
    directions = arrays["shapedirs"][:, :, :SHAPE_COUNT]
    shape_directions[:, :, : directions.shape[2]] = directions
    pose_directions = arrays.get("posedirs")
    if pose_directions is not None and not pose_directions.any():
        pose_directions = None
    weights = arrays["weights"].astype(np.float64)
    return Body(
        name=name,
        template=arrays["v_template"].astype(np.float64),
        faces=arrays["f"].astype(np.int64),
        shape_directions=shape_directions,
        pose_directions=None if pose_directions is None else pose_directions.astype(np.float64),
        joint_regressor=arrays["J_regressor"].astype(np.float64),
        skin_weights=weights / weights.sum(axis=1, keepdims=True),
        gender=gender,
        fingers=fingers,
    )
