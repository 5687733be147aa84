"""The bundled clip's dancer, rendered for cameras that stand, turn, zoom or travel by known paths, and captured.

    python -m benchmarks.rendered_camera [KIND …] [--out FOLDER] [--detector full]

The dancer is composited into a small room of textured planes (`flat_world`). Prints the errors of the
camera's turn and way, and joint errors; those of the camera that stands still are what the others should come near.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Final

import numpy as np

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.model import load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.camera import Camera, CameraPath
from posenet3d_blender.capture.pipeline import CaptureSettings, capture_video
from posenet3d_blender.motion import load_motion
from tools.make_demo_clip import CAMERA_AIM, CAMERA_PLACE
from tools.studio import look_at

from .flat_world import studio_room
from .gait import BETAS, RATE, Gait
from .moving_camera import shake_of_a_hand
from .panned_shot import errors
from .person_layers import film, paint_layers

CHECKOUT: Final = Path(__file__).parents[1]
IMAGE_SIZE: Final = (640, 480)
FIELD_OF_VIEW: Final = 56.0
FRAMES: Final = 90
KINDS: Final = ("static", "pan", "tilt", "shake", "zoom", "dolly", "forward", "walk", "rise")


def main() -> None:
    """Film, capture, print."""
    parser = argparse.ArgumentParser(description="Captures of a dancer through moving cameras.")
    parser.add_argument("kinds", nargs="*", default=list(KINDS), metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("--out", type=Path, help="keep the clips and motions here")
    parser.add_argument("--detector", choices=("heavy", "full"), default="full")
    arguments = parser.parse_args()
    dance = dancer()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.out or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for kind in arguments.kinds:
            path = filming_camera(kind)
            clip = folder / f"dance_{kind}.mp4"
            if not clip.exists():
                film(paint_layers(dance, path.positions), path, studio_room(), 0.0, RATE, clip)
            settings = CaptureSettings(
                device="cpu", detector=arguments.detector, field_of_view=FIELD_OF_VIEW, cache_folder=folder
            )
            capture = capture_video(clip, settings)
            capture.motions[0].save(clip.with_suffix(".npz"))
            print(f"{kind}: {errors(capture.motions[0], dance, path)}", flush=True)
            for warning in capture.warnings:
                print(f"    {warning}", flush=True)


def dancer() -> Gait:
    """The bundled clip's motion, by its truth."""
    truth = load_motion(CHECKOUT / "examples" / "demo_truth.npz")
    rotations, translation = axis_angle_to_matrix(truth.poses[:FRAMES]), truth.trans[:FRAMES]
    joints, _ = forward_kinematics(rotations, load_body().rest_joints(BETAS))
    return Gait(rotations, translation, joints + translation[:, None])


def filming_camera(kind: str) -> CameraPath:
    """One of KINDS, from the bundled clip's place."""
    time = np.arange(FRAMES) / RATE
    part = (0.5 - 0.5 * np.cos(np.pi * time / time[-1]))[:, None]  # from 0 to 1
    wave = np.sin(2 * np.pi * time / time[-1])
    eyes, aims = np.tile(CAMERA_PLACE, (FRAMES, 1)), np.tile(CAMERA_AIM, (FRAMES, 1))
    turns, zooms = np.zeros((FRAMES, 3)), np.ones(FRAMES)
    if kind == "pan":
        turns[:, 1] = np.radians(6) * wave
    elif kind == "tilt":
        turns[:, 0] = np.radians(4) * wave
    elif kind == "shake":
        turns = shake_of_a_hand(time)
    elif kind == "zoom":
        zooms = 1 + 0.2 * np.sin(np.pi * time / time[-1])
    else:
        ways = {"dolly": (1.4, 0.3, 0.1), "forward": (-0.2, 1.0, 0.0), "walk": (0.9, 0.4, 0.0), "rise": (0.0, 0.0, 0.9)}
        eyes = eyes + part * np.array(ways.get(kind, (0.0, 0.0, 0.0)))
    if kind == "dolly":
        aims = aims + part * np.array([0.3, 0.0, 0.0])
    if kind == "walk":
        turns = 0.5 * shake_of_a_hand(time)
        eyes = eyes + np.column_stack([0.02 * np.sin(6 * time), 0 * time, 0.02 * np.sin(12 * time)])
    return _path(time, eyes, aims, turns, zooms)


def _path(time: Array, eyes: Array, aims: Array, turns: Array, zooms: Array) -> CameraPath:
    focal_length = Camera.from_field_of_view(FIELD_OF_VIEW, IMAGE_SIZE).focal_length
    cameras = []
    for eye, aim, turn, zoom in zip(eyes, aims, axis_angle_to_matrix(turns), zooms, strict=True):
        view = look_at(eye, aim)
        view[:3] = turn @ view[:3]
        cameras.append(Camera(zoom * focal_length, IMAGE_SIZE, view))
    return CameraPath.of(cameras, time)


if __name__ == "__main__":
    main()
