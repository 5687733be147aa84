"""Score a captured motion against the exact ground truth of the bundled clip.

    python tools/score_demo.py examples/demo_truth.npz out/demo/demo.npz

Both are motion files with a camera. All 24 joints, relative to the pelvis, in the camera's frame: MPJPE without
alignment, PA-MPJPE after the best similarity transform (rotation, scale, translation) of each frame.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from posenet3d_blender.arrays import Array, interpolate_rows
from posenet3d_blender.errors import PoseNet3DError
from posenet3d_blender.motion import Motion, load_motion


def main() -> None:
    """Print the errors of one motion, in millimetres."""
    parser = argparse.ArgumentParser(description="Score a captured motion against the demo clip's truth.")
    parser.add_argument("truth", type=Path)
    parser.add_argument("motion", type=Path)
    arguments = parser.parse_args()
    try:
        truth, motion = load_motion(arguments.truth), load_motion(arguments.motion)
    except PoseNet3DError as error:
        sys.exit(f"score: error: {error}")
    mpjpe, pa_mpjpe, coverage = errors(truth, motion)
    print(
        f"{arguments.motion.name} against {arguments.truth.name}: MPJPE {1000 * mpjpe:.1f} mm, "
        f"PA-MPJPE {1000 * pa_mpjpe:.1f} mm, {coverage:.0%} of the clip"
    )


def errors(truth: Motion, motion: Motion) -> tuple[float, float, float]:
    """MPJPE and PA-MPJPE in metres over the common time, and the share of the ground truth's time that it covers."""
    start, end = max(truth.time[0], motion.time[0]), min(truth.time[-1], motion.time[-1])
    common = (truth.time >= start) & (truth.time <= end)
    at = truth.time[common]
    true_joints, joints = in_camera(truth)[common], joints_at(motion, at)
    true_joints, joints = true_joints - true_joints[:, :1], joints - joints[:, :1]
    mpjpe = np.linalg.norm(joints - true_joints, axis=-1).mean()
    aligned = np.stack([aligned_to(a, b) for a, b in zip(joints, true_joints, strict=True)])
    pa_mpjpe = np.linalg.norm(aligned - true_joints, axis=-1).mean()
    return float(mpjpe), float(pa_mpjpe), float((end - start) / (truth.time[-1] - truth.time[0]))


def in_camera(motion: Motion) -> Array:
    """(T, 24, 3) joints in the frame of the motion's camera, metres."""
    if motion.camera is None:
        sys.exit("score: error: the motion has no camera; score a motion that came from footage")
    world_to_camera = motion.camera.world_to_camera
    joints: Array = motion.joints @ world_to_camera[:3, :3].T + world_to_camera[:3, 3]
    return joints


def joints_at(motion: Motion, at: Array) -> Array:
    """(len(at), 24, 3) joints in the camera's frame at these seconds, linearly interpolated."""
    return interpolate_rows(at, motion.time, in_camera(motion))


def aligned_to(points: Array, target: Array) -> Array:
    """`points` (K, 3) after the least-squares similarity transform onto `target` (K, 3) (Umeyama 1991)."""
    centred, target_centred = points - points.mean(0), target - target.mean(0)
    u, sizes, v = np.linalg.svd(centred.T @ target_centred)
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ v))])
    scale = (sizes * sign).sum() / (centred**2).sum()
    aligned: Array = scale * centred @ (u * sign) @ v + target.mean(0)
    return aligned


if __name__ == "__main__":
    main()
