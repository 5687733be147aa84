"""Captures of somebody who runs or walks ten metres while the camera pans after them or goes along, against truth.

    python -m benchmarks.panned_shot [SHOT …] [--out FOLDER] [--detector full]

Needs ../shared: motion capture, repeated (`gait`), moves the shipped body in surroundings of textured planes
(`flat_world`). Prints the metres gone of the true ones, the error of the camera's turn, of gravity and of the camera's
height, and joint errors. Clips in FOLDER are kept and not made again.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.model import load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.camera import Camera, CameraPath
from posenet3d_blender.capture.camera_motion.turn import angle_of
from posenet3d_blender.capture.pipeline import CaptureSettings, capture_video
from posenet3d_blender.motion import Motion
from tools.score_demo import aligned_to
from tools.studio import look_at

from .flat_world import WORLDS
from .gait import RATE, Gait, at_times, looped_gait
from .person_layers import film, paint_layers

SHARED: Final = Path(__file__).parents[2] / "shared"
IMAGE_SIZE: Final = (640, 360)
FIELD_OF_VIEW: Final = 50.0
EYE: Final = (0.0, 0.0, 1.6)
GAITS: Final = {"run": "cmu_02_03", "walk": "cmu_02_02"}


@dataclass(frozen=True)
class Shot:
    """A panned shot of somebody who passes the camera."""

    gait: str = "run"
    world: str = "room"
    metres: float = 10.0
    distance: float = 8.0
    """Metres from the camera to the middle of the way."""
    heading: float = 0.0
    """Degrees of the way from going straight across, to the right."""
    offset: float = 0.0
    """Degrees by which the camera aims beside the person."""
    shutter: float = 0.0
    """Part of a picture's time for which it is exposed."""
    shake: float = 0.0
    """Degrees RMS of the hand's shake."""
    arm: float = 0.0
    """Metres from the body of who films to the camera, which goes round it."""
    along: float = 0.0
    """Part of the way for which the camera travels along."""
    seed: int = 0


SHOTS: Final = {
    "run": Shot(),
    "edge": Shot(offset=19.0),
    "blur": Shot(shutter=0.6),
    "hand": Shot(shutter=0.4, shake=0.6, arm=0.35),
    "sparse": Shot(world="sparse"),
    "meadow": Shot(world="meadow"),
    "meadow blur": Shot(world="meadow", shutter=0.6),
    "meadow hand": Shot(world="meadow", shutter=0.4, shake=0.6, arm=0.35),
    "oblique": Shot(heading=35.0),
    "near": Shot(distance=4.5, shutter=0.4),
    "walk": Shot(gait="walk"),
    "walk along": Shot(gait="walk", distance=4.0, along=0.9, shake=0.5, shutter=0.3),
    "run along": Shot(distance=5.0, along=0.7, shake=0.5, shutter=0.3, world="meadow"),
    "walk sparse blur": Shot(gait="walk", world="sparse", shutter=0.5),
}


def main() -> None:
    """Film, capture, print."""
    parser = argparse.ArgumentParser(description="Captures of runners through a panning camera.")
    parser.add_argument("shots", nargs="*", default=list(SHOTS), metavar="SHOT", help=", ".join(SHOTS))
    parser.add_argument("--out", type=Path, help="keep the clips and motions here")
    parser.add_argument("--detector", choices=("heavy", "full"), default="full")
    parser.add_argument("--fov", type=float, default=FIELD_OF_VIEW, help="stated lens, degrees; 0: not stated")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.out or Path(temporary)
        for name in arguments.shots:
            gait, path = make_shot(SHOTS[name], name, folder)
            clip = folder / f"{name.replace(' ', '_')}.mp4"
            settings = CaptureSettings(
                device="cpu", detector=arguments.detector, field_of_view=arguments.fov or None, cache_folder=folder
            )
            capture = capture_video(clip, settings)
            capture.motions[0].save(clip.with_suffix(".npz"))
            print(f"{name}: {errors(capture.motions[0], gait, path)}", flush=True)
            for warning in capture.warnings:
                print(f"    {warning}", flush=True)


def make_shot(shot: Shot, name: str, folder: Path) -> tuple[Gait, CameraPath]:
    """Film the shot, unless its clip exists; its truth."""
    gait = placed_gait(shot)
    path = filming_camera(shot, gait)
    clip = folder / f"{name.replace(' ', '_')}.mp4"
    if not clip.exists():
        folder.mkdir(parents=True, exist_ok=True)
        layers = paint_layers(gait, path.positions)
        film(layers, path, WORLDS[shot.world](shot.seed), shot.shutter, RATE, clip)
    return gait, path


def placed_gait(shot: Shot) -> Gait:
    """The way with its middle before the camera."""
    gait = looped_gait(load_body(), SHARED / "data" / "mocap_val.npz", GAITS[shot.gait], shot.gait, shot.metres)
    turn = axis_angle_to_matrix(np.array([0.0, 0.0, np.radians(shot.heading)]))
    rotations = gait.rotations.copy()
    rotations[:, 0] = turn @ rotations[:, 0]
    pelvis = gait.joints[:, 0]
    rest = pelvis[0] - gait.translation[0]
    middle = (pelvis[0] + pelvis[-1]) / 2 * (1, 1, 0)
    shift = np.array([0.0, shot.distance, 0.0])
    joints = (gait.joints - middle) @ turn.T + shift
    return Gait(rotations, joints[:, 0] - rest, joints)


def filming_camera(shot: Shot, gait: Gait) -> CameraPath:
    """Follows the pelvis as somebody who films does: smoothly, a little late or early, with a hand's shake."""
    rng = np.random.default_rng(shot.seed)
    count = len(gait.joints)
    late = gaussian_filter1d(rng.normal(size=(count, 2)), RATE / 2, axis=0, mode="wrap")
    late *= np.radians([1.5, 0.7]) / late.std(axis=0)
    shake = gaussian_filter1d(rng.normal(size=(count, 3)), RATE / 20, axis=0)
    shake *= np.radians(shot.shake) / shake.std(axis=0)
    aim = gaussian_filter1d(gait.joints[:, 0], RATE / 3, axis=0, mode="nearest")
    eyes = EYE + shot.along * (aim - aim.mean(axis=0)) * (1, 1, 0)
    aim = aim - eyes
    bearing = np.arctan2(aim[:, 0], aim[:, 1]) + late[:, 0] - np.radians(shot.offset)
    height = np.arctan2(aim[:, 2] * 0.8, np.linalg.norm(aim[:, :2], axis=1)) + late[:, 1]
    forward = np.column_stack([np.sin(bearing), np.cos(bearing), np.tan(height)])
    around = shot.arm * np.column_stack([np.sin(bearing), np.cos(bearing), 0 * bearing])
    focal_length = Camera.from_field_of_view(FIELD_OF_VIEW, IMAGE_SIZE).focal_length
    cameras = []
    for eye, ahead, turn in zip(around + eyes, forward, axis_angle_to_matrix(shake), strict=True):
        view = look_at(eye, eye + ahead)
        view[:3] = turn @ view[:3]
        cameras.append(Camera(focal_length, IMAGE_SIZE, view))
    return CameraPath.of(cameras, np.arange(count) / RATE)


def errors(motion: Motion, gait: Gait, path: CameraPath) -> str:
    """A line of what was found against the truth."""
    true = at_times(gait, motion.time)
    way, true_way = (np.linalg.norm(joints[-1, 0, :2] - joints[0, 0, :2]) for joints in (motion.joints, true))
    found = motion.camera_path or CameraPath.of([motion.camera] * len(motion.time), motion.time)  # type: ignore[list-item]
    seen = path.at(motion.time)
    off = turn_errors(found.rotations, seen.rotations)
    ups = np.degrees(np.arccos(np.clip((found.rotations[:, :, 2] * seen.rotations[:, :, 2]).sum(1), -1, 1)))
    whole = aligned_to(motion.joints.reshape(-1, 3), true.reshape(-1, 3)).reshape(true.shape)
    single = np.stack([aligned_to(*pair) for pair in zip(motion.joints, true, strict=True)])
    wa, pa = (1000 * np.linalg.norm(one - true, axis=-1).mean() for one in (whole, single))
    travel, true_travel = (np.linalg.norm(np.ptp(one.positions, axis=0)) for one in (found, seen))
    return (
        f"{way:.2f} of {true_way:.2f} m ({way / true_way - 1:+.1%}), {len(motion.time)} of {len(path.time)} frames, "
        f"turn {off.max():.2f} deg off of {turn_range(seen.rotations):.0f}, up {ups.max():.1f} deg off, camera at "
        f"{found.positions[0, 2]:.2f} of {seen.positions[0, 2]:.2f} m, travels {travel:.2f} of {true_travel:.2f} m, "
        f"PA {pa:.0f}, WA {wa:.0f} mm"
    )


def turn_errors(found: Array, true: Array) -> Array:
    """(F,) degrees between turns since the first picture, of rotations (F, 3, 3)."""
    pairs = zip(found @ found[0].T, true @ true[0].T, strict=True)
    return np.degrees([angle_of(one @ other.T) for one, other in pairs])


def turn_range(rotations: Array) -> float:
    """Degrees of the largest turn from the first picture, of rotations (F, 3, 3)."""
    return float(np.degrees(max(angle_of(one @ rotations[0].T) for one in rotations)))


if __name__ == "__main__":
    main()
