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
from pathlib import Path
from typing import Final

import numpy as np
import torch

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.model import SHAPE_COUNT, Body, load_body
from posenet3d_blender.body.skeleton import JOINT_INDEX
from posenet3d_blender.capture.solve.solver import solve
from posenet3d_blender.capture.solve.terms import SolveWeights
from posenet3d_blender.capture.student.features import STUDENT_RATE
from posenet3d_blender.capture.student.predict import load_student
from posenet3d_blender.capture.student.torch_body import parent_offsets
from trainer.data.clips import load_clips, resampled
from trainer.windows.fit_rotations import fit_clips

from .filmed_motion import Motion, film

CHECKOUT: Final = Path(__file__).parents[1]
FILES: Final = ("mocap_train.npz", "mocap_val.npz")
LONGEST: Final = 300
"""Samples: of longer clips, those around the fastest moment."""
_WRISTS: Final = [JOINT_INDEX["left_wrist"], JOINT_INDEX["right_wrist"]]


def main() -> None:
    """Print a line for each clip, then the mean ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=CHECKOUT.parent / "shared", help="folder with data/")
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--smoothing", type=float, default=SolveWeights.smoothing, help="seconds")
    arguments = parser.parse_args()
    body, student = load_body(), load_student("cpu")
    motions = [one for file in FILES for one in motions_by_speed(arguments.shared / "data" / file, body)]
    motions.sort(key=lambda one: -one[0])
    generator = torch.Generator().manual_seed(0)
    ratios = []
    for fastest, motion in motions[: arguments.clips]:
        joints, sampled = film(motion, body, generator)
        weights = SolveWeights(smoothing=arguments.smoothing)
        captured = solve(body, sampled, student.predict(sampled), weights).body.joints
        true, found = wrists(joints), wrists(captured)
        peak = float(speeds(found).max())
        off = 1000 * np.linalg.norm(np.diff(found - true, 2, axis=0), axis=-1).mean()
        ratios.append(peak / fastest)
        print(f"{motion.name:28} {fastest:5.2f} {peak:5.2f} m/s  {ratios[-1]:.2f}  accel {off:.1f}", flush=True)
    print(f"mean ratio {np.mean(ratios):.3f}, lowest {np.min(ratios):.2f}")


def motions_by_speed(path: Path, body: Body) -> Iterator[tuple[float, Motion]]:
    """Each clip of a training-data file around its fastest moment, with the wrist's speed then, metres per second."""
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
        yield float(speed.max()), Motion(name, rotations[span], root)


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
