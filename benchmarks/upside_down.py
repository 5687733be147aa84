"""Measure captures of people who are upright, lying and upside down, from motion capture projected through the body.

    python -m benchmarks.upside_down [--shared ../shared] [--student FOLDER] [--seed 0] [--out RESULT.json]

Clips of handstands, cartwheels, flips and rolls, and held-out clips as they are and turned over, half of them with both
arms stretched past the head. The shipped body is posed by rotations that are fitted to a clip, its 25 keypoints are
seen by a level camera with the detector's measured noise, and the student and the solve run on them. Printed for each
posture: frames, PA-MPJPE (mm) of the whole body and of the arms, the confidence by the 2D joints alone (seen), the
motion's confidence, the share of frames whose arms are off by more than 150 mm (wrong), and the confidence of these.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.model import Body, load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.body.skeleton import JOINT_INDEX
from posenet3d_blender.capture.keypoints.presence import body_confidence
from posenet3d_blender.capture.solve.solver import solve
from posenet3d_blender.capture.student.agreement import point_agreement
from posenet3d_blender.capture.student.features import STUDENT_RATE
from posenet3d_blender.capture.student.predict import STUDENT_FOLDER, Student, load_student
from posenet3d_blender.capture.student.torch_body import parent_offsets
from tools.score_demo import aligned_to
from trainer.data.clips import Clips, load_clips, resampled
from trainer.windows.fit_rotations import fit_clips

from .filmed_motion import Motion, film

CHECKOUT: Final = Path(__file__).parents[1]
TUMBLING: Final = {
    "mocap_more_cmu.npz": ("cmu_49_08", "cmu_85_14#1", "cmu_85_14#2"),
    "animation_cc0.npz": ("m2m_backflip",),
}
"""Clips that turn over, by file. The shipped student saw some of them in its training."""
HELD_OUT: Final = "mocap_val.npz"
"""Upright clips that no student has seen, turned over by this benchmark."""
HELD_OUT_CLIPS: Final = 4
LONGEST: Final = 150
"""Frames of a held-out clip."""
ARMS: Final = [JOINT_INDEX[f"{side}_{part}"] for side in ("left", "right") for part in ("elbow", "wrist", "hand")]
WRONG: Final = 150.0
"""Millimetres; arms that are farther off, on average, are wrong."""
POSTURES: Final = {"upright": (0.5, 1.01), "lying": (-0.5, 0.5), "upside down": (-1.01, -0.5)}
"""Range of the upward component of the trunk's direction."""


@dataclass(frozen=True)
class Measured:
    """Errors and confidence of T frames."""

    trunk_up: Array
    """(T,) upward component of the unit vector from pelvis to neck."""
    body: Array
    """(T,) millimetres, all joints, each frame fitted by itself."""
    arms: Array
    """(T,) of the arms, in the same fit."""
    confidence: Array
    """(T,) of the captured motion."""
    seen: Array
    """(T,) confidence by the 2D joints alone."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=CHECKOUT.parent / "shared", help="folder with data/")
    parser.add_argument("--student", type=Path, default=STUDENT_FOLDER, help="folder of an exported student")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="also write the figures as JSON")
    arguments = parser.parse_args()
    body, student = load_body(), load_student("cpu", arguments.student)
    rows = {}
    for group, motions in _groups(arguments.shared / "data", body, arguments.seed):
        measured = [measure(motion, body, student, arguments.seed) for motion in motions]
        for posture, limits in POSTURES.items():
            row = summarise(measured, limits)
            if row:
                rows[f"{group}, {posture}"] = row
                print(f"{group + ', ' + posture:<34}", *(f"{name} {value:7.2f}" for name, value in row.items()))
    if arguments.out:
        arguments.out.write_text(json.dumps(rows, indent=2) + "\n")


def measure(motion: Motion, body: Body, student: Student, seed: int) -> Measured:
    """Capture a motion from its projected keypoints and compare."""
    truth, sampled = film(motion, body, torch.Generator().manual_seed(seed + len(motion.root)))
    prediction = student.predict(sampled)
    solved = solve(body, sampled, prediction).body
    fitted = np.array([aligned_to(one, target) for one, target in zip(solved.joints, truth, strict=True)])
    errors = 1000 * np.linalg.norm(fitted - truth, axis=-1)  # (T, 24)
    trunk = truth[:, JOINT_INDEX["neck"]] - truth[:, 0]
    return Measured(
        -trunk[:, 1] / np.linalg.norm(trunk, axis=-1),
        errors.mean(axis=1),
        errors[:, ARMS].mean(axis=1),
        body_confidence(sampled.confidence * point_agreement(prediction.spread)),
        body_confidence(sampled.confidence),
    )


def summarise(measured: list[Measured], limits: tuple[float, float]) -> dict[str, float]:
    """Means over the frames of a posture; empty if there are fewer than ten."""
    chosen = [(one.trunk_up >= limits[0]) & (one.trunk_up < limits[1]) for one in measured]
    frames = int(sum(mask.sum() for mask in chosen))
    if frames < 10:
        return {}

    def pooled(name: str) -> Array:
        return np.concatenate([getattr(one, name)[mask] for one, mask in zip(measured, chosen, strict=True)])

    arms, confidence = pooled("arms"), pooled("confidence")
    wrong = arms > WRONG
    row = {"frames": float(frames), "body": float(pooled("body").mean()), "arms": float(arms.mean())}
    row |= {"seen": float(pooled("seen").mean()), "confidence": float(confidence.mean()), "wrong": float(wrong.mean())}
    if wrong.any():
        row["confidence of wrong"] = float(confidence[wrong].mean())
    return row


def _groups(data: Path, body: Body, seed: int) -> Iterator[tuple[str, list[Motion]]]:
    yield (
        "clips that turn over",
        [one for file, names in TUMBLING.items() for one in load_motions(data / file, names, body)],
    )
    held_out = [
        Motion(one.name, one.rotations[:LONGEST], one.root[:LONGEST])
        for one in load_motions(data / HELD_OUT, None, body)[:HELD_OUT_CLIPS]
    ]
    yield "held out", held_out
    yield "held out", [turned_over(one, number % 2 == 0, seed + number) for number, one in enumerate(held_out)]


def load_motions(path: Path, names: tuple[str, ...] | None, body: Body) -> list[Motion]:
    """Clips of a training-data file on the shipped body; None: all of them."""
    clips = resampled(load_clips(path), STUDENT_RATE)
    wanted = [one for one in zip(clips.names, clips.ranges(), strict=True) if names is None or one[0] in names]
    wanted = wanted if names else wanted[:HELD_OUT_CLIPS]
    motions = []
    for name, (start, end) in wanted:
        offsets = np.array([0, end - start], np.int32)
        clip = Clips(clips.relative_joints[start:end], clips.root[start:end], offsets, (name,), clips.frame_rate)
        fitted = fit_clips(clip, parent_offsets(body.joint_template))
        motions.append(Motion(name, fitted.rotations.astype(np.float64), clip.root.astype(np.float64)))
    return motions


def turned_over(motion: Motion, is_handstand: bool, seed: int) -> Motion:
    """The motion about a level axis through the pelvis turned by half; in a handstand, with arms past the head."""
    azimuth = np.random.default_rng(seed).uniform(0, 2 * np.pi)
    turn = axis_angle_to_matrix(np.pi * np.array([np.cos(azimuth), 0.0, np.sin(azimuth)]))
    rotations = motion.rotations.copy()
    rotations[:, 0] = turn @ rotations[:, 0]
    if is_handstand:
        for side, sign in (("left", 1.0), ("right", -1.0)):
            raised = axis_angle_to_matrix(np.array([0.0, 0.0, sign * 1.3]))
            rotations[:, JOINT_INDEX[f"{side}_shoulder"]] = raised
            rotations[:, JOINT_INDEX[f"{side}_elbow"]] = np.eye(3)
    return Motion(f"{motion.name} turned over", rotations, motion.root)


if __name__ == "__main__":
    main()
