"""Calibrate the positions of the detector's keypoints on the body, and measure its noise.

    python -m tools.calibrate_keypoints FOLDER [--overlays FOLDER] [--noise OUT.json]

FOLDER is the output of tools.render_people. Prints corrections of the offsets in posenet3d_blender/body/keypoints.py,
with the residual for each joint that the keypoint may be attached to, and writes the remaining noise, for training.
"""

from __future__ import annotations

import argparse
import itertools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.keypoints import (
    KEYPOINT_INDEX,
    KEYPOINT_JOINTS,
    KEYPOINT_NAMES,
    MIRRORED_KEYPOINTS,
    keypoint_rest_points,
    keypoints_on_body,
)
from posenet3d_blender.body.model import load_body
from posenet3d_blender.body.skeleton import JOINT_INDEX, MIRRORED_JOINTS
from posenet3d_blender.camera import Camera
from posenet3d_blender.capture.detection.blazepose.assets import open_landmark_finder, open_person_detector
from posenet3d_blender.capture.keypoints.layouts import BLAZEPOSE_33, indices

OUTLIER: Final = 0.05
"""Scale of the robust loss, in parts of the body's height: residuals well beyond it have little influence."""
CANDIDATE_CARRIERS: Final = {
    "shoulder": ("left_shoulder", "left_collar", "spine3"),
    "elbow": ("left_elbow", "left_shoulder"),
    "wrist": ("left_wrist", "left_elbow"),
    "hip": ("pelvis", "left_hip"),
    "knee": ("left_knee", "left_hip"),
    "ankle": ("left_ankle", "left_knee"),
    "big_toe": ("left_foot", "left_ankle"),
    "index": ("left_wrist", "left_hand"),
    "pinky": ("left_wrist", "left_hand"),
}
CONFIDENCE_EDGES: Final = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.01)


@dataclass(frozen=True)
class Views:
    """N rendered images with their ground truth and the detections. World frame Z up, metres; pixels."""

    joints: Array
    """(N, 24, 3)"""
    world_rotations: Array
    """(N, 24, 3, 3)"""
    rest_joints: Array
    """(N, 24, 3)"""
    rest_points: Array
    """(N, 25, 3) keypoints at rest, with the current offsets."""
    cameras: tuple[Camera, ...]
    heights: Array
    """(N,) height in the image of the body if it stood upright, pixels."""
    points: Array
    """(N, 25, 2) detected."""
    confidence: Array
    """(N, 25)"""
    names: tuple[str, ...]
    """Image files."""

    def project(self, points: Array) -> Array:
        """Project world points (N, K, 3) to pixels (N, K, 2), each view with its own camera."""
        return np.stack([camera.project(row) for camera, row in zip(self.cameras, points, strict=True)])

    def expected(self) -> Array:
        """(N, 25, 2) projected keypoints of the body, pixels."""
        return self.project(keypoints_on_body(self.joints, self.world_rotations, self.rest_joints, self.rest_points))


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--overlays", type=Path, help="draw detected (white) and expected (coloured) points here")
    parser.add_argument("--noise", type=Path, help="write the measured noise here")
    arguments = parser.parse_args()
    views = detect(arguments.folder)
    if arguments.overlays:
        _draw_overlays(arguments.folder, arguments.overlays, views)
    for name in KEYPOINT_NAMES:
        if not name.startswith("right_"):
            _report_offset(views, name)
    noise = measure_noise(views)
    for name, row in noise.items():
        print(f"{name:16} " + " ".join(f"{key} {value}" for key, value in row.items()))
    if arguments.noise:
        content = {
            "made_by": "python -m tools.render_people, then python -m tools.calibrate_keypoints --noise",
            "unit": "parts of the body's height in the picture",
            "pictures": len(views.points),
            "keypoints": noise,
            "by_confidence": measure_by_confidence(views),
        }
        arguments.noise.write_text(json.dumps(content, indent=1) + "\n")


def detect(folder: Path) -> Views:
    """Run the detector as on footage: landmarks in the proposed region, then in the region that they give."""
    truth, body = np.load(folder / "truth.npz"), load_body()
    detector, finder = open_person_detector("cpu"), open_landmark_finder("heavy", "cpu")
    used, ours = indices(BLAZEPOSE_33)
    size = int(truth["image_size"])
    rows, points, confidence = [], [], []
    for row in range(len(truth["joints"])):
        image = cv2.imread(str(folder / f"{row:04d}.png"))[..., ::-1].astype(np.uint8)
        found = detector.detect(image)
        if not found:
            continue
        first = finder.find(image, found[0].region)
        landmarks = finder.find(image, first.next_region)
        if landmarks.presence < 0.5:
            continue
        rows.append(row)
        points.append(np.empty((len(ours), 2)))
        confidence.append(np.empty(len(ours)))
        points[-1][ours], confidence[-1][ours] = landmarks.points[used], landmarks.confidence[used]
    print(f"detected {len(rows)} of {len(truth['joints'])} people")
    betas = truth["betas"][rows]
    cameras = tuple(
        Camera(float(truth["focal_length"][row]), (size, size), truth["world_to_camera"][row]) for row in rows
    )
    joints = truth["joints"][rows]
    depth = [camera.world_to_camera[2] @ [*pelvis, 1] for camera, pelvis in zip(cameras, joints[:, 0], strict=True)]
    stature = np.array([np.ptp(body.rest_vertices(row)[:, 1]) for row in betas])
    return Views(
        joints=joints,
        world_rotations=truth["world_rotations"][rows],
        rest_joints=body.rest_joints(betas),
        rest_points=keypoint_rest_points(body, betas),
        cameras=cameras,
        heights=np.array([camera.focal_length for camera in cameras]) * stature / np.array(depth),
        points=np.stack(points),
        confidence=np.stack(confidence),
        names=tuple(f"{row:04d}.png" for row in rows),
    )


def swapped(views: Views) -> NDArray[np.bool_]:
    """(N, 25) True where the detector swapped left and right: both points are far nearer to the other side."""
    expected, mirror = views.expected(), list(MIRRORED_KEYPOINTS)
    straight = np.linalg.norm(views.points - expected, axis=-1)
    crossed = np.linalg.norm(views.points - expected[:, mirror], axis=-1)
    straight, crossed = straight + straight[:, mirror], crossed + crossed[:, mirror]
    apart = np.linalg.norm(expected - expected[:, mirror], axis=-1)
    is_swapped: NDArray[np.bool_] = (crossed < 0.5 * straight) & (apart > 0.04 * views.heights[:, None])
    return is_swapped


def fit_offset(views: Views, name: str, carrier: int) -> tuple[Array, float]:
    """Fit a correction of a keypoint's offset to the detections of both sides.

    Returns:
        The correction (3,), metres, and the median residual in parts of the body's height.
    """
    keypoint = KEYPOINT_INDEX[name]
    usable = ~swapped(views) & (views.confidence > 0.5)
    sides = [(keypoint, carrier, 1.0)]
    if MIRRORED_KEYPOINTS[keypoint] != keypoint:
        sides.append((MIRRORED_KEYPOINTS[keypoint], MIRRORED_JOINTS[carrier], -1.0))

    def residuals(offset: Array) -> Array:
        parts = []
        for point, joint, side in sides:
            lever = views.rest_points[:, point] - views.rest_joints[:, joint] + offset * (side, 1.0, 1.0)
            position = views.joints[:, joint] + (views.world_rotations[:, joint] @ lever[..., None])[..., 0]
            difference = views.project(position[:, None])[:, 0] - views.points[:, point]
            parts.append((difference / views.heights[:, None])[usable[:, point]])
        return np.concatenate(parts)

    result = least_squares(lambda offset: residuals(offset).ravel(), np.zeros(3), loss="cauchy", f_scale=OUTLIER / 4)
    return result.x, float(np.median(np.linalg.norm(residuals(result.x), axis=-1)))


def measure_noise(views: Views) -> dict[str, dict[str, float]]:
    """Residuals between detections and the body's keypoints, by keypoint, in parts of the body's height."""
    is_swapped, residual = swapped(views), (views.points - views.expected()) / views.heights[:, None, None]
    distance = np.linalg.norm(residual, axis=-1)
    rows = {}
    for index, name in enumerate(KEYPOINT_NAMES):
        confident = ~is_swapped[:, index] & (views.confidence[:, index] > 0.5)
        rows[name] = {
            "median": round(float(np.median(distance[confident, index])), 4),
            "p90": round(float(np.quantile(distance[confident, index], 0.9)), 4),
            "bias_x": round(float(np.median(residual[confident, index, 0])), 4),
            "bias_y": round(float(np.median(residual[confident, index, 1])), 4),
            "swap_rate": round(float(is_swapped[:, index].mean()), 4),
            "unsure_rate": round(float((views.confidence[:, index] <= 0.5).mean()), 3),
        }
    return rows


def measure_by_confidence(views: Views) -> list[dict[str, float]]:
    """Residuals by the detector's confidence, all keypoints together, in parts of the body's height."""
    not_swapped = ~swapped(views)
    distance = np.linalg.norm(views.points - views.expected(), axis=-1) / views.heights[:, None]
    rows = []
    for low, high in itertools.pairwise(CONFIDENCE_EDGES):
        chosen = distance[(views.confidence >= low) & (views.confidence < high) & not_swapped]
        row = {"from": low, "to": min(high, 1.0), "share": round(len(chosen) / not_swapped.size, 3)}
        if len(chosen):
            row["median"], row["p90"] = (round(float(value), 4) for value in np.quantile(chosen, [0.5, 0.9]))
        rows.append(row)
    return rows


def _report_offset(views: Views, name: str) -> None:
    current = KEYPOINT_JOINTS[KEYPOINT_INDEX[name]]
    kind = name.removeprefix("left_")
    candidates = [JOINT_INDEX[joint] for joint in CANDIDATE_CARRIERS.get(kind, ())] or [current]
    for carrier in candidates:
        offset, median = fit_offset(views, name, carrier)
        joint = next(joint for joint, index in JOINT_INDEX.items() if index == carrier)
        add = ", ".join(f"{value:+.4f}" for value in offset)
        print(f"{name:16} on {joint:14} add ({add}) m, median residual {median:.4f} of the height")


def _draw_overlays(images: Path, folder: Path, views: Views) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    expected = views.expected()
    for row, name in enumerate(views.names):
        image = cv2.imread(str(images / name))
        for index, keypoint in enumerate(KEYPOINT_NAMES):
            side = {"l": (80, 80, 255), "r": (80, 255, 80)}.get(keypoint[0], (255, 160, 80))
            start, end = (tuple(int(v) for v in p[row, index].round()) for p in (expected, views.points))
            cv2.line(image, start, end, (255, 255, 255), 1, cv2.LINE_AA)
            cv2.circle(image, start, 3, side, -1, cv2.LINE_AA)
            cv2.circle(image, end, 2, (255, 255, 255) if views.confidence[row, index] > 0.5 else (0, 0, 0), -1)
        cv2.imwrite(str(folder / name), image)


if __name__ == "__main__":
    main()
