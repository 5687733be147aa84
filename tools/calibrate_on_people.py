"""Check where real people's keypoints lie on the body: people seen by several calibrated cameras at once.

    python -m tools.calibrate_on_people --person CALIBRATION KEYPOINTS.json... [--person ...]

CALIBRATION is Qualisys' file (.qca.txt), the KEYPOINTS are what `posenet3d capture --keypoints-out` wrote of each
camera's film, in the calibration's order, frame by frame at the same moments. The body's
shape, its poses and how far the keypoints lie off the places in posenet3d_blender/body/landmarks.py are fitted together
to the triangulated points, each near what is usual: shapes by their standard deviations, places by OFFSET_DEVIATION.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from posenet3d_blender.body.keypoints import KEYPOINT_INDEX, KEYPOINT_NAMES, body_keypoints, keypoints_on_body
from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.model import SHAPE_COUNT, load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.body.skeleton import JOINT_COUNT, mirrored_name

Array = NDArray[np.float64]

FRAMES: Final = 6
"""Of each person, evenly spread."""
OFFSET_DEVIATION: Final = 0.015
"""Metres by which renderings may misplace a keypoint."""
POINT_DEVIATION: Final = 0.025
"""Metres of a triangulated point; its faults repeat from frame to frame."""
TURN_DEVIATION: Final = 0.5
"""Radians of a joint's turn, from the rest pose."""
SURE: Final = 0.5

_SIDED: Final = tuple(name for name in KEYPOINT_NAMES if not name.startswith("right_"))


@dataclass(frozen=True)
class View:
    """One calibrated camera."""

    matrix: Array
    """(3, 3) pixels."""
    distortion: Array
    """(5,) OpenCV's."""
    world_to_camera: Array
    """(3, 4) x right, y down, z forward, metres."""


def main() -> None:
    """Print by how much the places are off, whatever the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--person", nargs="+", type=Path, action="append", required=True)
    people = []
    for calibration, *files in parser.parse_args().person:
        points = triangulated(read_views(calibration), [_read_points(file) for file in files])
        people.append(points[np.linspace(0, len(points) - 1, FRAMES).astype(int)])
    offsets, shapes, miss = fit(people)
    for name, offset in zip(_SIDED, offsets, strict=True):
        print(f"{name:16} add ({', '.join(f'{value:+.4f}' for value in offset)}) m")
    for betas in shapes:
        print("shape", " ".join(f"{value:+.2f}" for value in betas))
    print(f"median miss {1000 * miss:.0f} mm")


def read_views(path: Path) -> list[View]:
    """The cameras of Qualisys' calibration file."""
    return [_qualisys_view(camera) for camera in ElementTree.parse(path).getroot().iter("camera")]


def _qualisys_view(camera: ElementTree.Element) -> View:
    """Qualisys gives the camera's axes (y up, z backwards) and place in the world, and 64ths of pixels."""

    def values(tag: str, *names: str) -> list[float]:
        element = camera.find(tag)
        assert element is not None
        return [float(element.attrib[name]) for name in names]

    axes = np.array(values("transform", *(f"r{row}{column}" for row in (1, 2, 3) for column in (1, 2, 3)))).reshape(
        3, 3
    )
    rotation = np.diag([1.0, -1.0, -1.0]) @ axes
    place = np.array(values("transform", "x", "y", "z")) / 1000
    fx, fy, cx, cy = np.array(values("intrinsic", "focalLengthU", "focalLengthV", "centerPointU", "centerPointV")) / 64
    lens = ("radialDistortion1", "radialDistortion2", "tangentalDistortion1", "tangentalDistortion2")
    return View(
        np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]]),
        np.array([*values("intrinsic", *lens), 0.0]),
        np.column_stack([rotation, -rotation @ place]),
    )


def _read_points(path: Path) -> Array:
    """(T, 25, 3) pixels and confidence."""
    return np.array([frame["points"] for frame in json.loads(path.read_text())["frames"]], np.float64)


def triangulated(views: Sequence[View], points: list[Array]) -> Array:
    """(T, 25, 3) metres in the world; nan where fewer than two cameras are sure of a keypoint."""
    count = min(len(rows) for rows in points)
    rays, sure = [], []
    for view, rows in zip(views, points, strict=True):
        flat = np.ascontiguousarray(rows[:count, :, :2].reshape(-1, 1, 2))
        rays.append(cv2.undistortPoints(flat, view.matrix, view.distortion).reshape(count, -1, 2))
        sure.append(np.where(rows[:count, :, 2] > SURE, rows[:count, :, 2], 0.0))
    result = np.full((count, len(KEYPOINT_NAMES), 3), np.nan)
    for frame, keypoint in np.ndindex(*result.shape[:2]):
        system = []
        for view, ray, weight in zip(views, rays, sure, strict=True):
            for axis in (0, 1):
                row = ray[frame, keypoint, axis] * view.world_to_camera[2] - view.world_to_camera[axis]
                system.append(weight[frame, keypoint] * row)
        if sum(weight[frame, keypoint] > 0 for weight in sure) >= 2:
            place = np.linalg.svd(np.array(system))[2][-1]
            result[frame, keypoint] = place[:3] / place[3]
    return result


def fit(people: list[Array]) -> tuple[Array, Array, float]:
    """Offsets to add (13, 3) metres, shapes (P, 10), and the median miss, of people's points (F, 25, 3) each."""
    body = load_body()
    keypoints = body_keypoints(body)
    sides = np.array([[_SIDED.index(n if n in _SIDED else mirrored_name(n)), n in _SIDED] for n in KEYPOINT_NAMES])
    mirror = np.where(sides[:, 1:] == 1, 1.0, [-1.0, 1.0, 1.0])
    shifts, per_frame = 3 * len(_SIDED), 3 + 3 * JOINT_COUNT
    starts = [_standing(points, keypoints.template) for points in people]

    def pieces(x: Array) -> tuple[Array, Array, list[Array], list[Array]]:
        offsets, rest = x[:shifts].reshape(-1, 3), x[shifts:]
        shapes, rest = rest[: len(people) * SHAPE_COUNT].reshape(-1, SHAPE_COUNT), rest[len(people) * SHAPE_COUNT :]
        misses, turns = [], []
        for points, betas, start, row in zip(people, shapes, starts, rest.reshape(len(people), -1), strict=True):
            change = row.reshape(len(points), per_frame)
            rotations = axis_angle_to_matrix(change[:, 3:].reshape(-1, JOINT_COUNT, 3))
            rotations[:, 0] = start[0] @ rotations[:, 0]
            rest_joints = body.rest_joints(betas)
            rest_points = keypoints.rest_points(betas) + mirror * offsets[sides[:, 0]]
            joints, world = forward_kinematics(rotations, rest_joints)
            places = keypoints_on_body(joints, world, rest_joints, rest_points) + (start[1] + change[:, :3])[:, None]
            misses.append(np.nan_to_num(places - points))
            turns.append(change[:, 6:])
        return offsets, shapes, misses, turns

    def residuals(x: Array) -> Array:
        offsets, shapes, misses, turns = pieces(x)
        parts = [offsets / OFFSET_DEVIATION, shapes, *(turn / TURN_DEVIATION for turn in turns)]
        parts += [miss / POINT_DEVIATION for miss in misses]
        return np.concatenate([part.ravel() for part in parts])

    size = shifts + len(people) * SHAPE_COUNT + sum(len(points) for points in people) * per_frame
    offsets, shapes, misses, _ = pieces(
        least_squares(residuals, np.zeros(size), loss="soft_l1", f_scale=2.0, max_nfev=40).x
    )
    miss = np.concatenate([np.linalg.norm(m, axis=-1).ravel() for m in misses])
    return offsets, shapes, float(np.median(miss[miss > 0]))


def _standing(points: Array, template: Array) -> tuple[Array, Array]:
    """The trunk's rotations (F, 3, 3) and the translations (F, 3) that bring the body's trunk onto the points."""
    trunk = [KEYPOINT_INDEX[f"{side}_{part}"] for side in ("left", "right") for part in ("shoulder", "hip", "ear")]
    rotations, translations = [], []
    for frame in points:
        seen = [k for k in trunk if np.isfinite(frame[k]).all()]
        middle, centre = frame[seen].mean(axis=0), template[seen].mean(axis=0)
        u, _, v = np.linalg.svd((frame[seen] - middle).T @ (template[seen] - centre))
        rotation = u @ np.diag([1.0, 1.0, np.linalg.det(u @ v)]) @ v
        rotations.append(rotation)
        translations.append(middle - rotation @ centre)
    return np.array(rotations), np.array(translations)


if __name__ == "__main__":
    main()
