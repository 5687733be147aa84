"""A camera that a hand carries round the body, in a pan over open ground: its way is short, and nothing is near."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.camera import Camera, CameraPath
from posenet3d_blender.capture.camera_motion.background import BackgroundTracker
from posenet3d_blender.capture.camera_motion.observations import ObservationLog, Observations
from posenet3d_blender.capture.camera_motion.shot_camera import camera_of_shot
from posenet3d_blender.capture.camera_motion.travel import find_travel
from posenet3d_blender.capture.camera_motion.turn import angle_of
from posenet3d_blender.capture.detection.detections import DetectedShot
from posenet3d_blender.capture.keypoints.keypoints import Keypoints
from posenet3d_blender.capture.video.footage import open_footage
from posenet3d_blender.progress import silent

RATE = 30
TIME = np.arange(90) / RATE
SIZE = (480, 360)
LENS = 500.0
ARM = 0.35
EYE = 1.6
"""Metres above the ground."""
FAR = 12.0
"""Metres to a wall."""

Grey = NDArray[np.uint8]


def noise(rng: np.random.Generator, size: tuple[int, int], grain: float, contrast: float) -> Grey:
    spots = cv2.GaussianBlur(rng.normal(size=size).astype(np.float32), (0, 0), grain)
    return np.asarray(np.clip(120 + contrast * spots / spots.std(), 0, 255), dtype=np.uint8)


def pan(degrees: float, arm: float) -> tuple[Array, Array]:
    """Rotations (F, 3, 3) and positions (F, 3) of a camera, Y down; the body's axis stands at the origin."""
    bearing = np.radians(degrees) * (TIME / TIME[-1] - 0.5)
    rotations = axis_angle_to_matrix(-bearing[:, None] * [0.0, 1.0, 0.0])
    return rotations, arm * rotations[:, 2]


def worst_turn(found: Array, true: Array) -> float:
    """Degrees between turns since the first picture."""
    pairs = zip(found @ found[0].T, true @ true[0].T, strict=True)
    return float(np.degrees(max(angle_of(one @ other.T) for one, other in pairs)))


def observations_of_ground(rotations: Array, positions: Array, seed: int) -> Observations:
    """What the camera sees of 1,500 points at 5 to 45 m, a quarter of a pixel off."""
    rng = np.random.default_rng(seed)
    bearing, depth = rng.uniform(-1.3, 1.3, 1500), 1 / rng.uniform(1 / 45, 1 / 5, 1500)
    height = rng.uniform(-0.1, 0.25, 1500) * depth
    points = np.column_stack([depth * np.sin(bearing), height, depth * np.cos(bearing)])
    seen = np.einsum("fab,fnb->fna", rotations, points - positions[:, None])
    pixels = LENS * seen[..., :2] / seen[..., 2:]
    visible = (seen[..., 2] > 0.3) & (np.abs(pixels) < (320, 180)).all(axis=-1)
    log = ObservationLog()
    for row, (part, places) in enumerate(zip(visible, pixels, strict=True)):
        log.add(row, TIME[row], np.flatnonzero(part), places[part] + rng.normal(0, 0.25, (part.sum(), 2)), row == 89)
    return log.joined()


def test_depths_do_not_bend_the_turn() -> None:
    """What is expected of depths, held too firmly, would be taken out of the pan: nearly a fifth of a degree."""
    rotations, positions = pan(52, ARM)
    start = axis_angle_to_matrix(-np.radians(54) * (TIME / TIME[-1])[:, None] * [0.0, 1.0, 0.0])
    off = []
    for seed in range(3):
        found = find_travel(start, LENS, observations_of_ground(rotations, positions, seed))
        assert found is not None
        off.append(worst_turn(found.between(TIME, start)[0], rotations))
    assert np.mean(off) < 0.12


def film(rotations: Array, positions: Array, path: Path) -> None:
    """Write footage of a floor and of a wall at its end."""
    rng = np.random.default_rng(0)
    grass, wall = noise(rng, (2300, 3000), 3.0, 25), noise(rng, (240, 3000), 4.0, 25)
    lens = np.array([[LENS, 0, SIZE[0] / 2], [0, LENS, SIZE[1] / 2], [0, 0, 1]])
    # Texture pixels to places on the planes, metres; the grass is finer than the wall.
    on_grass = np.array([[0.02, 0, -30], [0, 0, EYE], [0, 0.02, 1.0]])
    on_wall = np.array([[0.05, 0, -75], [0, 0.05, EYE - 12], [0, 0, FAR]])
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(RATE), options={"crf": "18", "preset": "veryfast"})
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        for rotation, position in zip(rotations, positions, strict=True):
            picture = np.full((SIZE[1], SIZE[0]), 200, np.uint8)
            for texture, places in ((grass, on_grass), (wall, on_wall)):
                from_plane = lens @ rotation @ (places - np.outer(position, [0, 0, 1]))
                seen = cv2.warpPerspective(texture, from_plane, SIZE, flags=cv2.INTER_AREA)
                covered = cv2.warpPerspective(np.full_like(texture, 255), from_plane, SIZE) > 250
                picture[covered] = seen[covered]
            frame = av.VideoFrame.from_ndarray(np.dstack([picture] * 3), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@pytest.mark.parametrize(("arm", "travels"), [(0.0, False), (ARM, True)])
def test_the_arm_that_carries_a_camera_is_seen(arm: float, travels: bool, tmp_path: Path) -> None:
    """Turns alone that fit the floor are two degrees too large."""
    rotations, positions = pan(40, arm)
    clip = tmp_path / "pan.mp4"
    film(rotations, positions, clip)
    middle = np.tile(np.linspace([200.0, 150.0], [280.0, 300.0], 25), (len(TIME), 1, 1))
    shot = DetectedShot((0.0, float(TIME[-1])), (Keypoints(TIME, middle, np.ones((len(TIME), 25)), SIZE),))
    lens = Camera(LENS, SIZE, np.eye(4))
    path = camera_of_shot(open_footage(clip), shot, lens, "auto", silent, pytest.fail).camera
    assert isinstance(path, CameraPath)
    assert bool(path.positions.any()) == travels
    assert worst_turn(path.at(TIME).rotations, rotations) < 0.5


def test_points_that_slip_in_blurred_pictures_are_put_back() -> None:
    """A hand's jerk blurs five pictures; those after it are sharp again."""
    rng = np.random.default_rng(0)
    grass = noise(rng, (700, 700), 1.2, 30).astype(np.float32)
    heights = np.array([0.0, 3, 14, 28, 42, 52, 55, 56])
    tracker, nobody = BackgroundTracker(), np.zeros(SIZE[::-1], dtype=bool)
    matches = None
    for row, (height, blur) in enumerate(zip(heights, 0.8 * np.gradient(heights), strict=True)):
        exposures = height + blur * np.linspace(-0.5, 0.5, 9)
        shifts = [np.array([[1, 0, -100.0 - 2 * row], [0, 1, -100.0 - shift]]) for shift in exposures]
        blurred = np.mean([cv2.warpAffine(grass, shift, SIZE, flags=cv2.INTER_CUBIC) for shift in shifts], axis=0)
        picture = np.clip(blurred + rng.normal(0, 2, blurred.shape), 0, 255).astype(np.uint8)
        matches = tracker.update(row, picture, nobody)
    assert matches is not None
    assert len(matches.after) > 100
    off = np.linalg.norm(matches.after - matches.before + [2 * 7, heights[-1]], axis=1)
    assert (off > 0.5).mean() < 0.08
