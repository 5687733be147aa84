"""Hands before calibrated cameras: points triangulated from several, angles at the finger joints."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.fingers import FINGERS, TIPS
from posenet3d_blender.body.hands import RestHand
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.capture.hands.bones import FINGER_BONES, PALM_BONES, PALM_COUNT, rest_vectors
from posenet3d_blender.capture.keypoints.hand_keypoints import POINT_INDEX
from tools import calibrate_on_people

SHARED: Final = Path(__file__).parents[2] / "shared"
DESK: Final = SHARED / "video" / "caliscope_seated_hands"
IMAGE_SIZE: Final = (1280, 720)
"""Of the films in DESK."""
JOINTS: Final = tuple(f"{finger} {number}" for finger in TIPS for number in (1, 2, 3))
"""Finger joints from the palm outwards, at which angles are measured."""
SURE: Final = 0.9
"""Presence from which a view counts for the truth."""
LARGEST_ERROR: Final = 8.0
"""Pixels of the median distance between a hand's triangulated points and its found ones, beyond which the views don't
show one hand."""


class View(calibrate_on_people.View):
    """One calibrated camera."""

    @property
    def focal_length(self) -> float:
        """Mean of both axes', pixels."""
        return float(self.matrix[0, 0] + self.matrix[1, 1]) / 2

    def field_of_view(self, image_size: tuple[int, int]) -> float:
        """Degrees along the picture's longer side."""
        return float(np.degrees(2 * np.arctan(max(image_size) / 2 / self.focal_length)))

    def rays(self, points: Array) -> Array:
        """(..., 2) x/z and y/z of pixels (..., 2)."""
        flat = points.reshape(-1, 1, 2).astype(np.float64)
        return np.asarray(cv2.undistortPoints(flat, self.matrix, self.distortion), np.float64).reshape(points.shape)


def read_two_cameras(folder: Path) -> list[View]:
    """The cameras of handpose3d."""
    views = []
    for number in (0, 1):
        numbers = _numbers(folder / f"c{number}.dat")
        # The first camera's place is listed first, another transform may follow.
        place = _numbers(folder / f"rot_trans_c{number}.dat")
        rotation, shift = place[:9].reshape(3, 3), place[9:12]
        views.append(View(numbers[:9].reshape(3, 3), numbers[9:14], np.column_stack([rotation, shift])))
    return views


def read_four_cameras() -> list[View]:
    """The cameras of Caliscope's seated hands, in DESK."""
    cameras = tomllib.loads((DESK / "camera_array.toml").read_text(encoding="utf-8"))["cameras"]
    return [
        View(
            np.array(one["matrix"]),
            np.array(one["distortions"]),
            np.column_stack([np.array(one["rotation"]), np.array(one["translation"])]),
        )
        for _, one in sorted(cameras.items())
    ]


def _numbers(path: Path) -> Array:
    words = path.read_text(encoding="utf-8").split()
    return np.array([float(word) for word in words if word.lstrip("-").replace(".", "").replace("e", "").isdigit()])


def triangulate(views: Sequence[View], points: Array, presence: Array) -> tuple[Array, NDArray[np.bool_]]:
    """A hand's points by the views that see it surely.

    Args:
        views: V cameras.
        points: (V, T, 21, 2) pixels.
        presence: (V, T)

    Returns:
        (T, 21, 3) in the world, and a mask (T,) of frames in which two views or more agree.
    """
    rays = np.stack([view.rays(of_view) for view, of_view in zip(views, points, strict=True)])
    result, is_known = np.zeros((*points.shape[1:3], 3)), np.zeros(points.shape[1], dtype=bool)
    for frame in range(points.shape[1]):
        used = np.flatnonzero(presence[:, frame] >= SURE)
        if len(used) < 2:
            continue
        result[frame] = _intersect([views[one].world_to_camera for one in used], rays[used, frame])
        off = []
        for one in used:
            place = views[one].world_to_camera
            in_camera = result[frame] @ place[:, :3].T + place[:, 3]
            error = in_camera[:, :2] / in_camera[:, 2:] - rays[one, frame]
            off.append(np.median(np.linalg.norm(error, axis=1)) * views[one].focal_length)
        is_known[frame] = max(off) <= LARGEST_ERROR
    return result, is_known


def _intersect(places: Sequence[Array], rays: Array) -> Array:
    """(21, 3) points nearest to the rays (V, 21, 2) of cameras (3, 4), by least squares."""
    rows = np.stack(
        [
            np.stack([ray[:, :1] * place[2] - place[0], ray[:, 1:] * place[2] - place[1]], axis=1)
            for place, ray in zip(places, rays, strict=True)
        ],
        axis=1,
    ).reshape(rays.shape[1], -1, 4)  # (21, 2 V, 4)
    _, _, right = np.linalg.svd(rows)
    solution = right[:, -1]
    points: Array = solution[:, :3] / solution[:, 3:]
    return points


def joint_angles(points: Array) -> Array:
    """(..., 15) degrees between the bones that meet at each of JOINTS, of points (..., 21, 3)."""
    angles = []
    for finger in TIPS:
        chain = ["wrist", *(f"{finger}{number}" for number in range(1, 5))]
        places = points[..., [POINT_INDEX[name] for name in chain], :]
        bones = np.diff(places, axis=-2)
        bones = bones / np.maximum(np.linalg.norm(bones, axis=-1, keepdims=True), 1e-9)
        cosine = (bones[..., 1:, :] * bones[..., :-1, :]).sum(axis=-1)
        angles.append(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
    return np.concatenate(angles, axis=-1)


def posed_points(rest: RestHand, pose: Array) -> Array:
    """(T, 21, 3) metres from the wrist: the networks' points, as the truth's are, on a hand in poses (T, 45)."""
    _, _, turned = rest.posed(axis_angle_to_matrix(pose.reshape(len(pose), -1, 3)))
    vectors = rest_vectors(rest)
    points = np.zeros((len(pose), len(POINT_INDEX), 3))
    for number, (_, end) in enumerate(PALM_BONES[: len(FINGERS)]):
        points[:, POINT_INDEX[end]] = vectors[number]
    for joint, (start, end) in enumerate(FINGER_BONES):
        points[:, POINT_INDEX[end]] = points[:, POINT_INDEX[start]] + turned[:, joint] @ vectors[PALM_COUNT + joint]
    return points
