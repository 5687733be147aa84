"""Find where on the body our detector puts its keypoints, and how well it hits them.

    python -m tools.calibrate_keypoints FOLDER [--overlays FOLDER] [--noise OUT.json]

FOLDER is what tools.render_people made. Prints the offsets that stand in posenet3d_blender/body/keypoints.py, with the
residual on each joint that might carry the keypoint, and writes the noise that remains, for training.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

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

Array = NDArray[np.float64]

OUTLIER: Final = 0.05
"""Robust scale: misses well beyond this part of the body's height hardly count."""
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
    """N rendered pictures: their truth and what the detector found. World frame Z up, metres; pixels."""

    joints: Array
    """(N, 24, 3)"""
    world_rotations: Array
    """(N, 24, 3, 3)"""
    rest_joints: Array
    """(N, 24, 3)"""
    rest_points: Array
    """(N, 25, 3) with the offsets that stand now."""
    cameras: tuple[Camera, ...]
    heights: Array
    """(N,) the body's height in the picture, if it stood upright there, pixels."""
    points: Array
    """(N, 25, 2) detected."""
    confidence: Array
    """(N, 25)"""
    names: tuple[str, ...]
    """Picture files."""

    def project(self, points: Array) -> Array:
        """World (N, K, 3) to pixels (N, K, 2), each view by its own camera."""
        return np.stack([camera.project(row) for camera, row in zip(self.cameras, points, strict=True)])

    def expected(self) -> Array:
        """(N, 25, 2) pixels of the keypoints on the body."""
        return self.project(keypoints_on_body(self.joints, self.world_rotations, self.rest_joints, self.rest_points))


def main() -> None:
    """Calibrate, whatever the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--overlays", type=Path, help="draw detected (white) and expected (coloured) points here")
    parser.add_argument("--noise", type=Path, help="write the noise that remains here")
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
    """Run the detector as in footage: the region that it proposes, then the one that its landmarks give."""
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
    """(N, 25) where the detector took one side for the other: both points lie far nearer to the other's place."""
    expected, mirror = views.expected(), list(MIRRORED_KEYPOINTS)
    straight = np.linalg.norm(views.points - expected, axis=-1)
    crossed = np.linalg.norm(views.points - expected[:, mirror], axis=-1)
    straight, crossed = straight + straight[:, mirror], crossed + crossed[:, mirror]
    apart = np.linalg.norm(expected - expected[:, mirror], axis=-1)
    return (crossed < 0.5 * straight) & (apart > 0.04 * views.heights[:, None])


def fit_offset(views: Views, name: str, carrier: int) -> tuple[Array, float]:
    """The offset (3,) metres, to add to the one that stands, that best explains both sides' detections of a keypoint.

    Returns it with the median miss, in parts of the body's height.
    """
    keypoint = KEYPOINT_INDEX[name]
    usable = ~swapped(views) & (views.confidence > 0.5)
    sides = [(keypoint, carrier, 1.0)]
    if MIRRORED_KEYPOINTS[keypoint] != keypoint:
        sides.append((MIRRORED_KEYPOINTS[keypoint], MIRRORED_JOINTS[carrier], -1.0))

    def misses(offset: Array) -> Array:
        parts = []
        for point, joint, side in sides:
            arm = views.rest_points[:, point] - views.rest_joints[:, joint] + offset * (side, 1.0, 1.0)
            place = views.joints[:, joint] + (views.world_rotations[:, joint] @ arm[..., None])[..., 0]
            difference = views.project(place[:, None])[:, 0] - views.points[:, point]
            parts.append((difference / views.heights[:, None])[usable[:, point]])
        return np.concatenate(parts)

    result = least_squares(lambda offset: misses(offset).ravel(), np.zeros(3), loss="cauchy", f_scale=OUTLIER / 4)
    return result.x, float(np.median(np.linalg.norm(misses(result.x), axis=-1)))


def measure_noise(views: Views) -> dict[str, dict[str, float]]:
    """What is left between detections and the body's keypoints, by keypoint, in parts of the body's height."""
    wrong_side, miss = swapped(views), (views.points - views.expected()) / views.heights[:, None, None]
    distance = np.linalg.norm(miss, axis=-1)
    rows = {}
    for index, name in enumerate(KEYPOINT_NAMES):
        sure = ~wrong_side[:, index] & (views.confidence[:, index] > 0.5)
        rows[name] = {
            "median": round(float(np.median(distance[sure, index])), 4),
            "p90": round(float(np.quantile(distance[sure, index], 0.9)), 4),
            "bias_x": round(float(np.median(miss[sure, index, 0])), 4),
            "bias_y": round(float(np.median(miss[sure, index, 1])), 4),
            "swap_rate": round(float(wrong_side[:, index].mean()), 4),
            "unsure_rate": round(float((views.confidence[:, index] <= 0.5).mean()), 3),
        }
    return rows


def measure_by_confidence(views: Views) -> list[dict[str, float]]:
    """How far off the detections of each stated confidence are, all keypoints together; same unit."""
    right_side = ~swapped(views)
    distance = np.linalg.norm(views.points - views.expected(), axis=-1) / views.heights[:, None]
    rows = []
    for low, high in zip(CONFIDENCE_EDGES[:-1], CONFIDENCE_EDGES[1:], strict=True):
        chosen = distance[(views.confidence >= low) & (views.confidence < high) & right_side]
        row = {"from": low, "to": min(high, 1.0), "share": round(len(chosen) / right_side.size, 3)}
        if len(chosen):
            row["median"], row["p90"] = (round(float(value), 4) for value in np.quantile(chosen, [0.5, 0.9]))
        rows.append(row)
    return rows


def _report_offset(views: Views, name: str) -> None:
    standing = KEYPOINT_JOINTS[KEYPOINT_INDEX[name]]
    kind = name.removeprefix("left_")
    candidates = [JOINT_INDEX[joint] for joint in CANDIDATE_CARRIERS.get(kind, ())] or [standing]
    for carrier in candidates:
        offset, median = fit_offset(views, name, carrier)
        joint = next(joint for joint, index in JOINT_INDEX.items() if index == carrier)
        add = ", ".join(f"{value:+.4f}" for value in offset)
        print(f"{name:16} on {joint:14} add ({add}) m, median miss {median:.4f} of the height")


def _draw_overlays(pictures: Path, folder: Path, views: Views) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    expected = views.expected()
    for row, name in enumerate(views.names):
        image = cv2.imread(str(pictures / name))
        for index, keypoint in enumerate(KEYPOINT_NAMES):
            side = {"l": (80, 80, 255), "r": (80, 255, 80)}.get(keypoint[0], (255, 160, 80))
            start, end = (tuple(int(v) for v in p[row, index].round()) for p in (expected, views.points))
            cv2.line(image, start, end, (255, 255, 255), 1, cv2.LINE_AA)
            cv2.circle(image, start, 3, side, -1, cv2.LINE_AA)
            cv2.circle(image, end, 2, (255, 255, 255) if views.confidence[row, index] > 0.5 else (0, 0, 0), -1)
        cv2.imwrite(str(folder / name), image)


if __name__ == "__main__":
    main()
