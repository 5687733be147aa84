"""Captures of one clip through virtual cameras that move by known paths, against the same clip at rest.

    python -m benchmarks.moving_camera [walk|squat] [--out FOLDER]

Needs ../shared: an OpenCap clip, filmed from a tripod, is seen by a virtual camera in its place, with three quarters of
its field of view, that stands, pans, tilts, shakes as a hand does, or zooms. Prints the error of the camera's turn and
zoom, and the five figures of score_motion.py. Captured through the command line, so that the figures are the user's.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import numpy as np

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.camera import Camera, CameraPath
from posenet3d_blender.capture.video.footage import open_footage
from posenet3d_blender.capture.video.lens import PHONE_FIELD_OF_VIEW
from posenet3d_blender.motion import load_motion

from .virtual_camera import film

SHARED: Final = Path(__file__).parents[2] / "shared"
PART: Final = 0.75
"""Of the picture's sides that the virtual camera sees."""
KINDS: Final = ("static", "pan", "other pan", "tilt", "shake", "mild zoom", "zoom")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Captures through virtual moving cameras.")
    parser.add_argument("clip", nargs="?", choices=("walk", "squat"), default="walk")
    parser.add_argument("--out", type=Path, help="keep the clips and motions here")
    arguments = parser.parse_args()
    footage = open_footage(SHARED / "video" / f"opencap_{arguments.clip}.mp4")
    focal_length = Camera.from_field_of_view(PHONE_FIELD_OF_VIEW, footage.image_size).focal_length
    width, height = (2 * round(PART * side / 2) for side in footage.image_size)
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.out or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        print("camera: degrees that the turn is off, factor that the zoom is off, figures")
        for kind in KINDS:
            clip = folder / f"{arguments.clip}_{kind.replace(' ', '_')}.mp4"
            motion = clip.with_suffix(".npz")
            turns, zooms = camera_motion(kind, footage.time)
            rotations = axis_angle_to_matrix(turns)
            field_of_view = film(footage, focal_length, rotations, zooms, (width, height), clip)
            command = ["capture", str(clip), "-o", str(motion), "--fov", f"{field_of_view:.3f}", "--device", "cpu"]
            subprocess.run([sys.executable, "-m", "posenet3d_blender", *command], check=True, stdout=subprocess.DEVNULL)
            path = load_motion(motion).camera_path
            print(f"{kind}: {_errors(path, footage.time, turns, zooms)}, {_score(arguments.clip, motion)}", flush=True)


def camera_motion(kind: str, time: Array) -> tuple[Array, Array]:
    """Turns (F, 3), radians about the camera's axes, and zooms (F,) at times (F,)."""
    turns, zooms = np.zeros((len(time), 3)), np.ones(len(time))
    wave = np.sin(2 * np.pi * time / max(float(time[-1]), 2.0))
    if kind.endswith("pan"):
        # In the walk, the first one has an arm and a leg leave the picture.
        turns[:, 1] = np.radians(4) * wave * (1 if kind == "pan" else -1)
    elif kind == "tilt":
        turns[:, 0] = np.radians(3) * wave
    elif kind == "shake":
        turns = shake_of_a_hand(time)
    elif kind.endswith("zoom"):
        # The larger one drives limbs out of the picture.
        zooms = 1 + (0.15 if kind == "mild zoom" else 0.35) * np.sin(np.pi * time / time[-1])
    return turns, zooms


def shake_of_a_hand(time: Array) -> Array:
    """(F, 3) turns of a hand: falling with the square of the frequency from 1.2 Hz on, up to 12 Hz; 1.2 degrees RMS."""
    rng = np.random.default_rng(1)
    rate = 1 / float(np.median(np.diff(time)))
    frequency = np.fft.rfftfreq(8 * len(time), 1 / rate)
    spectrum = (frequency > 0.1) * (frequency < 12) / (1 + (frequency / 1.2) ** 2)
    noise = rng.normal(size=(3, len(frequency))) + 1j * rng.normal(size=(3, len(frequency)))
    turns = np.fft.irfft(noise * spectrum)[:, : len(time)].T
    limit = np.radians(4.0)
    clipped: Array = np.clip(turns / turns.std(axis=0) * np.radians([1.2, 1.2, 0.8]), -limit, limit)
    return clipped


def _errors(path: CameraPath | None, time: Array, turns: Array, zooms: Array) -> str:
    if path is None:
        return "stands still"
    found = path.at(time)
    true = axis_angle_to_matrix(turns)
    first = int(np.searchsorted(time, path.time[0]))
    off = found.rotations @ found.rotations[first].T @ np.swapaxes(true @ true[first].T, 1, 2)
    degrees = np.degrees(np.arccos(np.clip((np.trace(off, axis1=1, axis2=2) - 1) / 2, -1, 1)))
    zoom = found.focal_lengths / found.focal_lengths[first] / (zooms / zooms[first])
    return f"{degrees.max():.2f}, {np.abs(zoom - 1).max():.3f}"


def _score(clip: str, motion: Path) -> str:
    scorer, truth = SHARED / "eval" / "score_motion.py", SHARED / "eval" / "opencap_truth.npz"
    command = [sys.executable, str(scorer), str(truth), clip, str(motion)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    main()
