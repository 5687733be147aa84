"""The bundled clip's dancer as detectors would write them: the truth's own points, in their layouts and files."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.body.keypoints import keypoint_rest_points, keypoints_on_body
from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.model import load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.capture.keypoints.keypoints import KEYPOINT_COUNT, KEYPOINT_INDEX
from posenet3d_blender.capture.keypoints.layouts import COCO_17
from posenet3d_blender.capture.video.footage import Footage
from posenet3d_blender.capture.video.sources.orientation import UPRIGHT
from posenet3d_blender.motion import load_motion

TRUTH = Path(__file__).parents[3] / "examples" / "demo_truth.npz"
WIDTH, HEIGHT, FRAMES = 720, 540, 131
FOOTAGE = Footage(Path("demo_clip.mp4"), WIDTH, HEIGHT, UPRIGHT, np.arange(FRAMES) / 30, Fraction(30))
POSE = NDArray[np.float64]
"""(25, 3) x and y in pixels and confidence."""
Layout = tuple[str | None, ...]


@cache
def _dancer() -> NDArray[np.float64]:
    motion, body = load_motion(TRUTH), load_body()
    rest_joints = body.rest_joints(motion.betas)
    _, world = forward_kinematics(axis_angle_to_matrix(motion.poses.reshape(-1, 24, 3)), rest_joints)
    points = keypoints_on_body(motion.joints, world, rest_joints, keypoint_rest_points(body, motion.betas))
    assert motion.camera is not None
    in_camera = points @ motion.camera.world_to_camera[:3, :3].T + motion.camera.world_to_camera[:3, 3]
    pixels = in_camera[..., :2] / in_camera[..., 2:] * motion.camera.focal_length + (WIDTH / 2, HEIGHT / 2)
    return np.concatenate([pixels, np.full((FRAMES, KEYPOINT_COUNT, 1), 0.95)], axis=2)


def dancer() -> NDArray[np.float64]:
    """(131, 25, 3) the dancer in every frame."""
    return _dancer().copy()


def bystander(dx: float = 170.0, scale: float = 0.85) -> NDArray[np.float64]:
    """(131, 25, 3) somebody smaller who stands still beside the dancer, `dx` pixels to the right."""
    pose = _dancer()[0].copy()
    centre = pose[:, :2].mean(0)
    pose[:, :2] = centre + scale * (pose[:, :2] - centre) + (dx, 0)
    pose[:, 2] = 0.9
    return np.repeat(pose[None], FRAMES, axis=0)


def flat(pose: POSE, layout: Layout = COCO_17) -> list[float]:
    """x, y and score of each of a layout's points in one list; 0 for the points that are not ours."""
    rows = [pose[KEYPOINT_INDEX[name]].tolist() if name else [0.0, 0.0, 0.0] for name in layout]
    return [value for row in rows for value in row]


def coco(
    people: Sequence[NDArray[np.float64]], frames: Sequence[Sequence[int]] | None = None, **more: Sequence[Any]
) -> list[dict[str, Any]]:
    """COCO's results of people (131, 25, 3) in some of the frames each; `more` holds a value for each person."""
    shown = frames or [range(FRAMES)] * len(people)
    results = [
        {"image_id": frame, "category_id": 1, "keypoints": flat(person[frame]), "score": 0.9}
        | {key: values[number] for key, values in more.items()}
        for number, person in enumerate(people)
        for frame in shown[number]
    ]
    return sorted(results, key=lambda result: result["image_id"])
