"""Captures of somebody at a desk, by each of four calibrated cameras, against points triangulated from all of them.

    python -m benchmarks.desk [--out FOLDER]

Needs ../shared/video/caliscope_seated_hands. The legs are behind the desk or out of the picture. Prints for each camera
the error of the upper body's keypoints (mm) after a similarity fit of each frame, that of the same points in the axes
of the calibrated camera, shoulders' middle held, and the mean confidence of each limb. Detections are cached in --out.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.keypoints import KEYPOINT_INDEX
from posenet3d_blender.body.limbs import LIMB_NAMES
from posenet3d_blender.capture.pipeline import Capture, CaptureSettings, capture_video
from posenet3d_blender.motion import Motion
from tools.calibrate_on_people import SURE, triangulated

from .hand_truth import DESK, IMAGE_SIZE, SHARED, View, read_four_cameras
from .motion_measures import load_scorer, posed_keypoints

_ARMS: Final = [f"{side}_{part}" for part in ("shoulder", "elbow", "wrist") for side in ("left", "right")]
UPPER_BODY: Final = [KEYPOINT_INDEX[name] for name in ("nose", "left_ear", "right_ear", *_ARMS)]
_SHOULDERS: Final = [KEYPOINT_INDEX["left_shoulder"], KEYPOINT_INDEX["right_shoulder"]]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Captures of somebody at a desk.")
    parser.add_argument("--out", type=Path, help="keep the detections here")
    arguments = parser.parse_args()
    views = read_four_cameras()
    with tempfile.TemporaryDirectory() as temporary:
        cache = arguments.out or Path(temporary)
        captures = [
            capture_video(
                DESK / f"cam_{number}.mp4",
                CaptureSettings(device="cpu", field_of_view=view.field_of_view(IMAGE_SIZE), cache_folder=cache),
            )
            for number, view in enumerate(views)
        ]
    seen = [_detected(capture, len(captures[0].footage.time)) for capture in captures]
    points = triangulated(views, seen)
    print(f"triangulated points are {ray_distance(views, seen, points):.0f} mm off the cameras' rays (median)")
    print("camera: PA error mm, error in the camera's axes mm, confidence of " + ", ".join(LIMB_NAMES))
    for number, (capture, view) in enumerate(zip(captures, views, strict=True)):
        fitted, in_camera = upper_body_errors(capture.motions[0], capture.footage.time, view, points)
        limbs = capture.motions[0].limb_confidence
        confidence = "" if limbs is None else " ".join(f"{limb:.2f}" for limb in limbs.mean(axis=0))
        print(f"{number}: {fitted:.0f}, {in_camera:.0f}, {confidence}")
        for warning in capture.warnings:
            print(f"   {warning}")


def _detected(capture: Capture, count: int) -> Array:
    """(T, 25, 3) pixels and confidence at each of the footage's first frames; 0 where the person is not visible."""
    keypoints = capture.keypoints[0]
    rows = np.searchsorted(capture.footage.time, keypoints.time - 1e-6)
    points = np.zeros((max(count, rows[-1] + 1), keypoints.points.shape[1], 3))
    points[rows, :, :2], points[rows, :, 2] = keypoints.points, keypoints.confidence
    return points[:count]


def ray_distance(views: list[View], seen: list[Array], points: Array) -> float:
    """Median millimetres between the triangulated points (T, 25, 3) and the rays of the views that are sure of them."""
    distances = []
    for view, rows in zip(views, seen, strict=True):
        flat = np.ascontiguousarray(rows[:, UPPER_BODY, :2].reshape(-1, 1, 2))
        rays = cv2.undistortPoints(flat, view.matrix, view.distortion).reshape(len(rows), -1, 2)
        in_camera = points[:, UPPER_BODY] @ view.world_to_camera[:, :3].T + view.world_to_camera[:, 3]
        across = np.linalg.norm(rays - in_camera[..., :2] / in_camera[..., 2:], axis=-1) * in_camera[..., 2]
        distances.append(across[(rows[:, UPPER_BODY, 2] > SURE) & np.isfinite(across)])
    return 1000 * float(np.median(np.concatenate(distances)))


def upper_body_errors(motion: Motion, time: Array, view: View, points: Array) -> tuple[float, float]:
    """Mean errors in millimetres of the captured keypoints: after a fit of each frame, and in the camera's axes.

    Args:
        motion: captured from this camera.
        time: (T,) of the footage's frames, seconds.
        view: the calibrated camera.
        points: (T, 25, 3) triangulated, metres; nan where they are not.
    """
    scorer = load_scorer(SHARED / "eval" / "score_motion.py")
    assert motion.camera is not None
    turn = motion.camera.world_to_camera[:3, :3]
    found = posed_keypoints(motion) @ turn.T
    fitted, in_camera = [], []
    for moment, true in zip(time, points @ view.world_to_camera[:, :3].T, strict=False):
        known = [column for column in UPPER_BODY if np.isfinite(true[column]).all()]
        if len(known) < 6 or not set(_SHOULDERS) <= set(known) or not motion.time[0] <= moment <= motion.time[-1]:
            continue
        here = scorer.resample(motion.time, found, np.array([moment]))[0]
        a, b = here[known], true[known]
        fitted.append(np.linalg.norm(scorer.similarity(a, b)(a) - b, axis=-1).mean())
        a, b = a - here[_SHOULDERS].mean(axis=0), b - true[_SHOULDERS].mean(axis=0)
        scale = (a * b).sum() / (a**2).sum()
        in_camera.append(np.linalg.norm(scale * a - b, axis=-1).mean())
    return 1000 * float(np.mean(fitted)), 1000 * float(np.mean(in_camera))


if __name__ == "__main__":
    main()
