"""Measure how much of the fastest wrists' speed a capture keeps: student and solver on motion capture's own motion.

    python -m benchmarks.fast_wrists [--shared ../shared] [--clips 12] [--smoothing 0.1]

The clips of `mocap_train.npz` and `mocap_val.npz` with the fastest wrists drive the shipped body, a camera at a random
azimuth sees its keypoints with the detector's measured noise, and student and solver follow them as in a capture.
Printed for each clip: the wrist's peak speed against the pelvis, truth and captured, metres per second, their ratio,
and how much the captured wrists' acceleration is off, mm/frame^2.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.keypoints import KEYPOINT_COUNT, body_keypoints, keypoints_on_body
from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.model import SHAPE_COUNT, Body, load_body
from posenet3d_blender.body.skeleton import JOINT_INDEX
from posenet3d_blender.capture.keypoints.sampling import SampledKeypoints
from posenet3d_blender.capture.solve.solver import solve
from posenet3d_blender.capture.solve.terms import SolveWeights
from posenet3d_blender.capture.student.features import STUDENT_POINT_COUNT, STUDENT_RATE
from posenet3d_blender.capture.student.predict import load_student
from trainer.data.clips import load_clips, resampled
from trainer.geometry.body_bones import parent_offsets
from trainer.supervised.fit_rotations import fit_clips
from trainer.synthesis.cameras import STATURE
from trainer.synthesis.detector_noise import load_detector_noise, simulate_detector

CHECKOUT: Final = Path(__file__).parents[1]
FILES: Final = ("mocap_train.npz", "mocap_val.npz")
LONGEST: Final = 300
"""Samples: of longer clips, those around the fastest moment."""
DISTANCE: Final = 4.0
"""Metres."""
_WRISTS: Final = [JOINT_INDEX["left_wrist"], JOINT_INDEX["right_wrist"]]


@dataclass(frozen=True)
class FastClip:
    """A clip on the shipped body, Y up."""

    name: str
    rotations: Array
    """(T, 24, 3, 3) relative to the parent."""
    root: Array
    """(T, 3) metres."""
    peak: float
    """Metres per second of the faster wrist against the pelvis."""


def main() -> None:
    """Print a line for each clip, then the mean ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=CHECKOUT.parent / "shared", help="folder with data/")
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--smoothing", type=float, default=SolveWeights.smoothing, help="seconds")
    arguments = parser.parse_args()
    body, student = load_body(), load_student("cpu")
    clips = [clip for file in FILES for clip in clips_on_body(arguments.shared / "data" / file, body)]
    clips.sort(key=lambda clip: -clip.peak)
    generator = torch.Generator().manual_seed(0)
    ratios = []
    for clip in clips[: arguments.clips]:
        sampled, joints = filmed(clip, body, generator)
        rays, confidence = np.zeros((len(joints), STUDENT_POINT_COUNT, 2)), np.zeros((len(joints), STUDENT_POINT_COUNT))
        rays[:, :KEYPOINT_COUNT], confidence[:, :KEYPOINT_COUNT] = sampled.rays, sampled.confidence
        prediction = student.predict_points(rays, confidence)
        captured = solve(body, sampled, prediction, SolveWeights(smoothing=arguments.smoothing)).body.joints
        true, found = wrists(joints), wrists(captured)
        peak = float(speeds(found).max())
        off = 1000 * np.linalg.norm(np.diff(found - true, 2, axis=0), axis=-1).mean()
        ratios.append(peak / clip.peak)
        print(f"{clip.name:28} {clip.peak:5.2f} {peak:5.2f} m/s  {ratios[-1]:.2f}  accel {off:.1f}", flush=True)
    print(f"mean ratio {np.mean(ratios):.3f}, lowest {np.min(ratios):.2f}")


def clips_on_body(path: Path, body: Body) -> Iterator[FastClip]:
    """Each clip of a training-data file around its fastest moment."""
    clips = resampled(load_clips(path), STUDENT_RATE)
    fitted = fit_clips(clips, parent_offsets(body.joint_template))
    rest = body.rest_joints(np.zeros(SHAPE_COUNT))
    for name, (start, end) in zip(clips.names, clips.ranges(), strict=True):
        rotations = fitted.rotations[start:end].astype(np.float64)
        if len(rotations) < 3:
            continue
        speed = speeds(wrists(forward_kinematics(rotations, rest)[0]))  # (T - 1,)
        first = max(0, min(int(speed.argmax()) - LONGEST // 2, len(rotations) - LONGEST))
        span = slice(first, first + LONGEST)
        root = clips.root[start:end][span].astype(np.float64)
        yield FastClip(name, rotations[span], root, float(speed.max()))


def filmed(clip: FastClip, body: Body, generator: torch.Generator) -> tuple[SampledKeypoints, Array]:
    """The clip's keypoints as the detector gives them, and the joints (T, 24, 3) in the camera's frame."""
    azimuth = 2 * np.pi * float(torch.rand(1, generator=generator))
    cosine, sine = np.cos(azimuth), np.sin(azimuth)
    camera = np.diag([1.0, -1.0, -1.0]) @ np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])
    rotations = clip.rotations.copy()
    rotations[:, 0] = camera @ rotations[:, 0]
    path = (clip.root - clip.root.mean(axis=0)) @ camera.T + (0, 0, DISTANCE)
    rest = body.rest_joints(np.zeros(SHAPE_COUNT))
    joints, world = forward_kinematics(rotations, rest)
    joints = joints - joints[:, :1] + path[:, None]
    points = keypoints_on_body(joints, world, rest, body_keypoints(body).rest_points(np.zeros(SHAPE_COUNT)))
    exact = np.zeros((len(points), STUDENT_POINT_COUNT, 2))
    exact[:, :KEYPOINT_COUNT] = points[..., :2] / points[..., 2:]
    rays, confidence = simulate_detector(exact, STATURE / path[:, 2], load_detector_noise(), generator)
    time = np.arange(len(points)) / STUDENT_RATE
    return SampledKeypoints(time, rays[:, :KEYPOINT_COUNT], confidence[:, :KEYPOINT_COUNT]), joints


def wrists(joints: Array) -> Array:
    """(T, 2, 3) relative to the pelvis."""
    relative: Array = joints[:, _WRISTS] - joints[:, :1]
    return relative


def speeds(track: Array) -> Array:
    """(T - 1,) metres per second of the faster wrist (T, 2, 3), over three frames: a flicker is no punch."""
    step = np.linalg.norm(np.diff(track, axis=0), axis=-1).max(axis=1) * STUDENT_RATE
    smooth: Array = np.convolve(step, np.ones(3) / 3, mode="same")
    return smooth


if __name__ == "__main__":
    main()
