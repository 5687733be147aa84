"""Captures of clips that show only a part of the person, against the whole clip.

    python -m benchmarks.cropped [walk|squat] [--crops hips knees ...] [--out FOLDER]

Needs ../shared: an OpenCap clip is seen by virtual cameras in the place of the real one, turned and framed so that the
picture ends at the person's hips, chest or knees, or at their middle. Prints the error of hips and arms against the
markers after a similarity fit of each frame, of all of them and of those in the picture, beside the whole clip's error
of the same ones; how far the upper body's joints in the picture are from the whole clip's capture; the angle between
the legs and upright; and the mean confidence of each limb. Detections are cached in --out.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.limbs import LIMB_NAMES, LIMB_OF_JOINT
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.body.skeleton import JOINT_INDEX
from posenet3d_blender.camera import Camera
from posenet3d_blender.capture.pipeline import CaptureSettings, capture_video
from posenet3d_blender.capture.video.footage import Footage, open_footage
from posenet3d_blender.capture.video.lens import PHONE_FIELD_OF_VIEW
from posenet3d_blender.errors import PoseNet3DError
from posenet3d_blender.motion import Motion

from .motion_measures import load_scorer
from .virtual_camera import film

SHARED: Final = Path(__file__).parents[2] / "shared"
CROPS: Final = ("hips", "chest", "knees", "left-half")
"""The last one only shows something where the person stays in place, as in the squat."""
MARKED: Final = ("hip_r", "hip_l", "shoulder_r", "elbow_r", "wrist_r", "shoulder_l", "elbow_l", "wrist_l")
"""Joints of the upper body that the markers tell."""
UPPER_BODY: Final = [
    *(joint for joint, limb in enumerate(LIMB_OF_JOINT) if not limb.endswith("leg")),
    JOINT_INDEX["left_hip"],
    JOINT_INDEX["right_hip"],
]
FEWEST: Final = 4
"""Joints in the picture below which a frame is not fitted."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Captures of clips that show a part of the person.")
    parser.add_argument("clip", nargs="?", choices=("walk", "squat"), default="walk")
    parser.add_argument("--crops", nargs="+", choices=CROPS, help="default: knees, hips, chest; of the squat left-half")
    parser.add_argument("--out", type=Path, help="keep the clips and detections here")
    arguments = parser.parse_args()
    video = SHARED / "video" / f"opencap_{arguments.clip}.mp4"
    footage = open_footage(video)
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.out or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        whole = _capture(video, PHONE_FIELD_OF_VIEW, folder)
        print("crop: all, in view, against the whole clip's capture (mm); legs (degrees); " + ", ".join(LIMB_NAMES))
        print(_line("whole", arguments.clip, whole, whole, (0.0, 0.0, *footage.image_size)), flush=True)
        for crop in arguments.crops or (CROPS[3:] if arguments.clip == "squat" else CROPS[:3]):
            part, clip = crop_of(crop, whole), folder / f"{arguments.clip}_{crop}.mp4"
            try:
                motion = _capture(clip, film_crop(footage, part, clip), folder)
            except PoseNet3DError as error:
                print(f"{crop}: {error}", flush=True)
            else:
                print(_line(crop, arguments.clip, motion, whole, part), flush=True)


def crop_of(kind: str, motion: Motion) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of the part of the picture, pixels, by the median place of the joints in it."""
    assert motion.camera is not None
    places = np.median(motion.camera.project(motion.joints), axis=0)  # (24, 2)
    width, height = motion.camera.image_size
    if kind == "left-half":
        return 0.0, 0.0, float(places[JOINT_INDEX["pelvis"], 0]), float(height)
    names = {"hips": ("left_hip", "right_hip"), "chest": ("spine2", "spine3"), "knees": ("left_knee", "right_knee")}
    bottom = float(np.mean([places[JOINT_INDEX[name], 1] for name in names[kind]]))
    return 0.0, 0.0, float(width), bottom


def film_crop(footage: Footage, part: tuple[float, float, float, float], path: Path) -> float:
    """Write what a camera sees that is turned to the middle of the part; its field of view, degrees."""
    focal_length = Camera.from_field_of_view(PHONE_FIELD_OF_VIEW, footage.image_size).focal_length
    middle = np.array(footage.image_size) / 2
    angles = np.arctan((np.array(part).reshape(2, 2) - middle) / focal_length)  # (low or high, x or y)
    yaw, pitch = angles.mean(axis=0)
    size = np.round(focal_length * np.tan((angles[1] - angles[0]) / 2)).astype(int) * 2
    turn = axis_angle_to_matrix(np.array([pitch, 0.0, 0.0])) @ axis_angle_to_matrix(np.array([0.0, -yaw, 0.0]))
    count = len(footage.time)
    return film(footage, focal_length, np.tile(turn, (count, 1, 1)), np.ones(count), (size[0], size[1]), path)


def _capture(video: Path, field_of_view: float, cache: Path) -> Motion:
    settings = CaptureSettings(device="cpu", field_of_view=field_of_view, camera="static", cache_folder=cache)
    return capture_video(video, settings).motions[0]


def _line(crop: str, clip: str, motion: Motion, whole: Motion, part: tuple[float, float, float, float]) -> str:
    scorer = load_scorer(SHARED / "eval" / "score_motion.py")
    at, true = _truth(scorer, clip, motion, whole)
    everything = np.ones((len(at), 24), dtype=bool)
    seen = _in_view(scorer, whole, part, at)
    marked = [scorer.SMPL[name] for name in MARKED]
    found, others = (scorer.resample(one.time, one.joints, at) for one in (motion, whole))
    columns = [
        " of ".join(_fitted_error(scorer, one[:, marked], true, mask[:, marked]) for one in (found, others))
        for mask in (everything, seen)
    ]
    columns.append(_fitted_error(scorer, found[:, UPPER_BODY], others[:, UPPER_BODY], seen[:, UPPER_BODY]))
    limbs = [] if motion.limb_confidence is None else motion.limb_confidence.mean(axis=0)
    confidence = " ".join(f"{limb:.2f}" for limb in limbs)
    return f"{crop}: {', '.join(columns)}; {legs_off_upright(motion):.0f}; {confidence}"


def _truth(scorer: ModuleType, clip: str, motion: Motion, whole: Motion) -> tuple[Array, Array]:
    """Times (N,) that all tracks have, and the markers' joints (N, 8, 3), metres."""
    truth = np.load(SHARED / "eval" / "opencap_truth.npz")
    names = [str(name) for name in truth["joint_names"]]
    joints = truth[f"{clip}_joints3d"].astype(float)[:, [names.index(name) for name in MARKED]]
    times = (truth[f"{clip}_time"], motion.time, whole.time)
    at = np.arange(max(time[0] for time in times), min(time[-1] for time in times), 1 / scorer.RATE)
    return at, scorer.resample(times[0], joints, at)


def _in_view(
    scorer: ModuleType, whole: Motion, part: tuple[float, float, float, float], at: Array
) -> NDArray[np.bool_]:
    """(N, 24) joints of the whole clip's capture that lie in the part of its picture."""
    assert whole.camera is not None
    places = scorer.resample(whole.time, whole.camera.project(whole.joints), at)  # (N, 24, 2)
    return np.asarray(((places >= part[:2]) & (places <= part[2:])).all(axis=-1))


def _fitted_error(scorer: ModuleType, found: Array, true: Array, mask: NDArray[np.bool_]) -> str:
    """Mean error after a similarity fit of each frame (N, K, 3) to the joints of a mask (N, K), millimetres."""
    errors = [
        np.linalg.norm(scorer.similarity(a[rows], b[rows])(a[rows]) - b[rows], axis=-1).mean()
        for a, b, rows in zip(found, true, mask, strict=True)
        if rows.sum() >= FEWEST
    ]
    return f"{1000 * float(np.mean(errors)):.1f}" if errors else "-"


def legs_off_upright(motion: Motion) -> float:
    """Degrees between upright and the line from the ankles' middle to the pelvis, the most of all frames."""
    ankles = motion.joints[:, [JOINT_INDEX["left_ankle"], JOINT_INDEX["right_ankle"]]].mean(axis=1)
    leg: Array = motion.joints[:, 0] - ankles
    return float(np.degrees(np.arccos(leg[:, 2] / np.linalg.norm(leg, axis=1))).max())


if __name__ == "__main__":
    main()
