"""Measure the captured motion on real footage, by stage: the student's, the solve's, and the solve's with contacts.

    python -m benchmarks.quality [CLIP...] [--shared ../shared] [--detector heavy|full] [--out RESULT.json]

Clips with marker-based truth get PA- and WA-MPJPE (mm), accel (mm/frame^2), angle (degrees) and skate (cm/s), the
bundled clip PA-MPJPE of 24 joints; the others how far planted soles are off the floor (cm), how fast they slip (cm/s)
and how much the joints shake (mm/frame^2). Several views of one moment are compared with each other and with the points
triangulated from them. Detections are cached in --cache, so that a second run takes the solve's time only.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import numpy as np

from posenet3d_blender.body.keypoints import body_keypoints
from posenet3d_blender.body.model import load_body
from posenet3d_blender.capture.keypoints.keypoints import Keypoints
from posenet3d_blender.capture.keypoints.presence import body_confidence, certainty
from posenet3d_blender.capture.keypoints.sampling import sample_keypoints
from posenet3d_blender.capture.lifting import LiftedPerson
from posenet3d_blender.capture.pipeline import CaptureSettings, capture_video
from posenet3d_blender.capture.solve.floor import level_floor
from posenet3d_blender.capture.solve.solver import Solution, place, solve
from posenet3d_blender.capture.solve.terms import SolveWeights
from posenet3d_blender.capture.student.features import STUDENT_RATE
from posenet3d_blender.capture.student.predict import Student, load_student
from posenet3d_blender.capture.world import find_world, to_motion
from posenet3d_blender.motion import Motion, load_motion
from tools.calibrate_on_people import read_views, triangulated
from tools.score_demo import errors

from .motion_measures import against_points, against_truth, between_views, load_scorer, without_truth

CHECKOUT = Path(__file__).parents[1]
STAGES = ("student", "solve", "contacts")


@dataclass(frozen=True)
class Clip:
    """One video of the table."""

    file: str
    truth: str = ""
    """The clip's name in the marker-based truth; "demo" for the bundled clip; empty: none."""
    person: str = "largest"
    field_of_view: float | None = None
    view: str = ""
    """Clips of one moment have the same."""


CLIPS = {
    "walk": Clip("video/opencap_walk.mp4", truth="walk"),
    "squat": Clip("video/opencap_squat.mp4", truth="squat"),
    "demo": Clip("demo_clip.mp4", truth="demo", field_of_view=48.0),
    "sit_stand": Clip("video/bodypose3d_sit_stand_cam0.mp4"),
    "sports2d": Clip("video/sports2d_demo.mp4"),
    "multi": Clip("video/p2s_multi_cam02.mp4", person="all"),
    **{f"single{n}": Clip(f"video/p2s_single_cam0{n}.mp4", view="p2s_single") for n in (1, 2, 3, 4)},
}


def main() -> None:
    """Print the table, one line for each clip, person and stage."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="*", metavar="CLIP", help=f"{', '.join(CLIPS)} (default: all)")
    parser.add_argument("--shared", type=Path, default=CHECKOUT.parent / "shared", help="folder with video/ and eval/")
    parser.add_argument("--detector", choices=("heavy", "full"), default="heavy")
    parser.add_argument("--cache", type=Path, default=CHECKOUT / "out" / "quality", help="folder for detections")
    parser.add_argument("--out", type=Path, help="also write the figures as JSON")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.clips if name not in CLIPS]
    if unknown:
        parser.error(f"{unknown[0]}: no such clip; give some of {', '.join(CLIPS)}")
    if not (arguments.shared / "eval").is_dir():
        sys.exit(f"{arguments.shared}: no evaluation data there; give the folder with --shared")
    scorer = load_scorer(arguments.shared / "eval" / "score_motion.py")
    student = load_student("cpu")
    settings = CaptureSettings(device="cpu", detector=arguments.detector, cache_folder=arguments.cache)
    rows: list[dict[str, object]] = []
    views: dict[str, list[tuple[Motion, Keypoints]]] = {}
    for name in arguments.clips or CLIPS:
        clip = CLIPS[name]
        video = CHECKOUT / "examples" / clip.file if clip.truth == "demo" else arguments.shared / clip.file
        capture = capture_video(video, replace(settings, person=clip.person, field_of_view=clip.field_of_view))
        for number, (motion, keypoints) in enumerate(zip(capture.motions, capture.keypoints, strict=True), start=1):
            label = name if len(capture.motions) == 1 else f"{name} {number}"
            stages = {**earlier_stages(keypoints, motion, student), "contacts": motion}
            for stage in STAGES:
                rows.append({"clip": label, "stage": stage, **figures(stages[stage], clip, arguments.shared, scorer)})
                print_row(rows[-1])
        if clip.view:
            views.setdefault(clip.view, []).append((capture.motions[0], capture.keypoints[0]))
    for view, pairs in views.items():
        if len(pairs) > 1:
            rows.append({"clip": view, "stage": "views", **view_figures(view, pairs, arguments.shared, scorer)})
            print_row(rows[-1])
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps({"detector": arguments.detector, "rows": rows}, indent=1) + "\n", "utf-8")


def earlier_stages(keypoints: Keypoints, motion: Motion, student: Student) -> dict[str, Motion]:
    """The student's body, placed in each sample, and the body solved without contacts, like the captured motion."""
    assert motion.camera is not None
    sampled = sample_keypoints(keypoints, STUDENT_RATE, motion.camera.focal_length)
    prediction = student.predict(sampled)
    body = load_body()
    placed = place(body, body_keypoints(body), sampled, prediction)
    rests = (prediction.contacts > 0.5).astype(float)
    solutions = {
        "student": Solution(placed, level_floor(placed, rests, prediction.up), prediction.contacts),
        "solve": solve(body, sampled, prediction, SolveWeights(foot_lock=False)),
    }
    motions = {}
    for stage, solution in solutions.items():
        certain, whole = certainty(sampled.confidence), body_confidence(sampled.confidence)
        solved = (solution.body, solution.floor, solution.contacts)
        lifted = LiftedPerson(keypoints, sampled, certain, whole, prediction, *solved)
        world = find_world(solution.floor, solution.body.pelvis)
        motions[stage] = to_motion(lifted, world, motion.camera, motion.time, motion.frame_rate)
    return motions


def figures(motion: Motion, clip: Clip, shared: Path, scorer: ModuleType) -> dict[str, float]:
    """The clip's figures, with truth and without."""
    own = without_truth(motion)
    if clip.truth == "demo":
        truth = load_motion(CHECKOUT / "examples" / "demo_truth.npz")
        return {"PA": 1000 * errors(truth, motion)[1], **own}
    if clip.truth:
        return against_truth(motion, shared / "eval" / "opencap_truth.npz", clip.truth, scorer) | own
    return own


def view_figures(
    view: str, pairs: list[tuple[Motion, Keypoints]], shared: Path, scorer: ModuleType
) -> dict[str, float]:
    """Distances between the motions of several views, and of each from the triangulated keypoints."""
    result = between_views([motion for motion, _ in pairs], scorer)
    calibration = shared / "video" / f"{view}_Calib.qca.txt"
    cameras = read_views(calibration)
    if len(cameras) == len(pairs):
        count = min(len(keypoints.time) for _, keypoints in pairs)
        points = [np.concatenate([k.points, k.confidence[..., None]], axis=-1)[:count] for _, k in pairs]
        world, time = triangulated(cameras, points), pairs[0][1].time[:count]
        for number, (motion, _) in enumerate(pairs, start=1):
            result[f"from points {number}"] = against_points(motion, world, time, scorer)
    return result


def print_row(row: dict[str, object]) -> None:
    """One line of the table."""
    values = "  ".join(f"{key} {value:.1f}" for key, value in row.items() if isinstance(value, float))
    print(f"{row['clip']:<11} {row['stage']:<9} {values}", flush=True)


if __name__ == "__main__":
    main()
