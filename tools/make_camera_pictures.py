"""Pictures of moving cameras: the bundled clip as a hand would film it, captured, and the paths of two cameras.

    python -m tools.make_camera_pictures [--out docs/images]

Writes moving_camera.jpg, six moments as footage, overlay and side view, and camera_path.png: the turns of that camera,
and the path of another one, which goes past the same dancer in a room, as filmed and as found.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import matplotlib as mpl
import numpy as np
from scipy.spatial.transform import Rotation

from benchmarks.flat_world import studio_room
from benchmarks.gait import RATE
from benchmarks.moving_camera import PART, camera_motion
from benchmarks.person_layers import film as film_layers
from benchmarks.person_layers import paint_layers
from benchmarks.rendered_camera import FIELD_OF_VIEW, dancer, filming_camera
from benchmarks.virtual_camera import film
from posenet3d_blender.arrays import Array
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.camera import CameraPath
from posenet3d_blender.capture.pipeline import CaptureSettings, capture_video
from posenet3d_blender.capture.video.contact_sheet import write_contact_sheet
from posenet3d_blender.capture.video.footage import open_footage
from posenet3d_blender.motion import load_motion

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CHECKOUT: Final = Path(__file__).parents[1]
AXES: Final = ("tilt", "pan", "roll")
WAYS: Final = ("sideways", "down", "forwards")


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
    turning = path, path_of_turns(footage.time, rotations, path)
    draw_paths(out / "camera_path.png", turning, travelled("dolly"))


def path_of_turns(time: Array, rotations: Array, like: CameraPath) -> CameraPath:
    """The true path of a camera that turns in its place, rotations (F, 3, 3), with the lens of another path."""
    views = np.tile(np.eye(4), (len(time), 1, 1))
    views[:, :3, :3] = rotations
    return CameraPath(time, np.full(len(time), like.focal_lengths[0]), like.image_size, views)


def travelled(kind: str) -> tuple[CameraPath, CameraPath]:
    """The path found of a camera of `rendered_camera` that travels, and the true one."""
    path, dance = filming_camera(kind), dancer()
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "travelled.mp4"
        film_layers(paint_layers(dance, path.positions), path, studio_room(), 0.0, RATE, clip)
        capture = capture_video(clip, CaptureSettings(device="cpu", detector="full", field_of_view=FIELD_OF_VIEW))
    found = capture.motions[0].camera_path
    assert found is not None
    return found, path


def draw_paths(file: Path, turning: tuple[CameraPath, CameraPath], travelling: tuple[CameraPath, CameraPath]) -> None:
    """Plot the turns of one camera and the path of another one, as found, over the true ones."""
    mpl.use("Agg")
    from matplotlib import pyplot

    figure, (above, below) = pyplot.subplots(2, 1, figsize=(8, 5.5))
    _draw(above, turning, _turns, AXES, "a hand's shake, degrees")
    _draw(below, travelling, _way, WAYS, "a way past the dancer, metres")
    below.set_xlabel("seconds (wide: filmed, thin: found)")
    figure.tight_layout()
    figure.savefig(file, dpi=100)
    pyplot.close(figure)


def _draw(
    axes: Axes,
    paths: tuple[CameraPath, CameraPath],
    measure: Callable[[CameraPath], Array],
    names: tuple[str, ...],
    label: str,
) -> None:
    found, true = paths
    true = true.at(found.time)
    for column, name in enumerate(names):
        axes.plot(found.time, measure(true)[:, column], color=f"C{column}", linewidth=4, alpha=0.3)
        axes.plot(found.time, measure(found)[:, column], color=f"C{column}", linewidth=1, label=name)
    axes.set_ylabel(label)
    axes.legend(loc="best")


def _turns(path: CameraPath) -> Array:
    """(F, 3) degrees since the first picture."""
    turns: Array = Rotation.from_matrix(path.rotations @ path.rotations[0].T).as_rotvec(degrees=True)
    return turns


def _way(path: CameraPath) -> Array:
    """(F, 3) metres since the first picture, in its camera's axes."""
    way: Array = (path.positions - path.positions[0]) @ path.rotations[0].T
    return way


if __name__ == "__main__":
    main()
