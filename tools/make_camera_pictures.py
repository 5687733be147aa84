"""Pictures of a moving camera: the bundled clip as a hand would film it, captured, and the path of the camera.

    python -m tools.make_camera_pictures [--out docs/images]

Writes moving_camera.jpg, six moments as footage, overlay and side view, and camera_path.png, the turns that were filmed
and those that were found.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Final

import matplotlib as mpl
import numpy as np
from scipy.spatial.transform import Rotation

from benchmarks.moving_camera import PART, camera_motion
from benchmarks.virtual_camera import film
from posenet3d_blender.arrays import Array
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.camera import CameraPath
from posenet3d_blender.capture.pipeline import CaptureSettings, capture_video
from posenet3d_blender.capture.video.contact_sheet import write_contact_sheet
from posenet3d_blender.capture.video.footage import open_footage
from posenet3d_blender.motion import load_motion

CHECKOUT: Final = Path(__file__).parents[1]
AXES: Final = ("tilt", "pan", "roll")


def main() -> None:
    """Film, capture, draw."""
    parser = argparse.ArgumentParser(description="Pictures of a moving camera.")
    parser.add_argument("--out", type=Path, default=CHECKOUT / "docs" / "images")
    out = parser.parse_args().out
    footage = open_footage(CHECKOUT / "examples" / "demo_clip.mp4")
    camera = load_motion(CHECKOUT / "examples" / "demo_truth.npz").camera
    assert camera is not None
    turns, zooms = camera_motion("shake", footage.time)
    width, height = (2 * round(PART * side / 2) for side in footage.image_size)
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "handheld.mp4"
        rotations = axis_angle_to_matrix(turns)
        field_of_view = film(footage, camera.focal_length, rotations, zooms, (width, height), clip)
        capture = capture_video(clip, CaptureSettings(device="cpu", detector="full", field_of_view=field_of_view))
        write_contact_sheet(out / "moving_camera.jpg", capture.footage, capture.motions, "A handheld camera")
    path = capture.motions[0].camera_path
    assert path is not None
    draw_path(out / "camera_path.png", path, footage.time, rotations)


def draw_path(file: Path, path: CameraPath, time: Array, rotations: Array) -> None:
    """Plot the camera's turns since its first picture, degrees, as found, over the true ones (F, 3, 3)."""
    mpl.use("Agg")
    from matplotlib import pyplot

    first = int(np.searchsorted(time, path.time[0] - 1e-6))
    true = Rotation.from_matrix(rotations @ rotations[first].T).as_rotvec(degrees=True)
    found = Rotation.from_matrix(path.rotations @ path.rotations[0].T).as_rotvec(degrees=True)
    figure, axes = pyplot.subplots(figsize=(8, 3))
    for axis, name in enumerate(AXES):
        axes.plot(time, true[:, axis], color=f"C{axis}", linewidth=4, alpha=0.3)
        axes.plot(path.time, found[:, axis], color=f"C{axis}", linewidth=1, label=name)
    axes.set_xlabel("seconds")
    axes.set_ylabel("degrees (wide: filmed, thin: found)")
    axes.legend(loc="upper right")
    figure.tight_layout()
    figure.savefig(file, dpi=100)
    pyplot.close(figure)


if __name__ == "__main__":
    main()
