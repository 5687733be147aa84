"""Make the bundled clip, the shipped body dancing to public-domain motion in a small room, and its 3D ground truth.

    python -m tools.make_demo_clip --motion animation_cc0.npz --rotations rotations_cc0.npz --out examples

`--motion` is training data (rel, root, offsets, names) and `--rotations` the `rotations` of
trainer.windows.fit_rotations.fit_clips, saved by numpy. Writes demo_clip.mp4 and demo_truth.npz. `--frames A:B`
renders only these frames, as PNG, for inspection.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import bpy
import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.model import Body, load_body
from posenet3d_blender.body.rotations import (
    continuous_quaternions,
    matrix_to_axis_angle,
    matrix_to_quaternion,
    quaternion_to_matrix,
)
from posenet3d_blender.body.skeleton import JOINT_INDEX
from posenet3d_blender.camera import Camera
from posenet3d_blender.motion import Motion
from tools import figure, studio

CLIPS: Final = ("m2m_dance-charleston", "m2m_dance-reach-hip")
OVERLAP: Final = 14
"""Frames over which two clips are blended."""
FRAME_RATE: Final = 30
IMAGE_SIZE: Final = (720, 540)
FIELD_OF_VIEW: Final = 48.0
"""Degrees, along the longer side."""
CAMERA_PLACE: Final = (1.15, -3.55, 1.55)
CAMERA_AIM: Final = (0.0, 0.25, 0.93)
SUN_DIRECTION: Final = (0.7, 0.75, -1.1)
BETAS: Final = np.zeros(10)
RESTING_SPEED, RESTING_HEIGHT = 0.25, 0.05
"""A foot is in contact if its ball is slower (metres per second) and lower (metres) than this."""


@dataclass(frozen=True)
class Dance:
    """Ground truth: T frames in Blender's world, Z up, metres."""

    rotations: Array
    """(T, 24, 3, 3) relative to the parent, the pelvis's in the world."""
    translation: Array
    """(T, 3) SMPL's: the pelvis stands at its rest position plus this."""
    joints: Array
    """(T, 24, 3)"""


def main() -> None:
    """Render the clip and write its ground truth."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--motion", type=Path, required=True)
    parser.add_argument("--rotations", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--frames", help="A:B or A:B:STEP, for inspection")
    parser.add_argument("--samples", type=int, default=6)
    arguments = parser.parse_args()
    body = load_body()
    dance = make_dance(body, arguments.motion, arguments.rotations)
    camera = _camera()
    build_room()
    studio.add_camera(camera)
    person = figure.Figure(figure.subdivided(figure.subdivided(body)), BETAS, figure.Clothes())
    studio.render_with_cycles(arguments.samples, threads=2)
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.frames:
        frames = range(len(dance.joints))[slice(*(int(part) for part in arguments.frames.split(":")))]
        _render(person, dance, camera, frames, arguments.out)
        return
    with tempfile.TemporaryDirectory() as folder:
        images = _render(person, dance, camera, range(len(dance.joints)), Path(folder))
        _encode(images, arguments.out / "demo_clip.mp4")
    _save_truth(arguments.out / "demo_truth.npz", dance, camera)


def make_dance(body: Body, motion: Path, rotations: Path) -> Dance:
    """Join the clips, scale them to the shipped body and put the feet on the floor."""
    source, fitted = np.load(motion), np.load(rotations)
    joined_quaternions, joined_root = np.zeros((0, 24, 4)), np.zeros((0, 3))
    for name in CLIPS:
        clip = list(source["names"]).index(name)
        frames = slice(source["offsets"][clip], source["offsets"][clip + 1])
        quaternions = matrix_to_quaternion(fitted["rotations"][frames])
        root = source["root"][frames].astype(np.float64)
        joined_quaternions, joined_root = _join(
            joined_quaternions, joined_root, quaternions, root - root[0] * (1, 0, 1)
        )
    turned = quaternion_to_matrix(gaussian_filter1d(continuous_quaternions(joined_quaternions), 1.0, axis=0))
    turned[:, 0] = figure.Y_UP_TO_Z_UP @ turned[:, 0]
    rest_joints = body.rest_joints(BETAS)
    joints, _ = forward_kinematics(turned, rest_joints)
    source_leg = np.linalg.norm(fitted["bones"][0, [4, 7]], axis=-1).sum()
    our_leg = np.linalg.norm(rest_joints[[4, 7]] - rest_joints[[1, 4]], axis=-1).sum()
    translation = joined_root @ figure.Y_UP_TO_Z_UP.T * (our_leg / source_leg)
    translation = _plant_feet(joints, gaussian_filter1d(translation, 1.0, axis=0))
    lowest = [figure.lowest_point(body, row, BETAS) for row in turned]
    translation[:, 2] = -gaussian_filter1d(np.array(lowest), 1.0)
    return Dance(turned, translation, joints + translation[:, None])


def _join(first: Array, first_root: Array, second: Array, second_root: Array) -> tuple[Array, Array]:
    """Concatenate two clips, blended over OVERLAP frames; the second starts at the position where the first ends."""
    if not len(first):
        return second, second_root
    second_root = second_root + (first_root[-1] - second_root[OVERLAP]) * (1, 0, 1)
    weight = np.linspace(0, 1, OVERLAP + 2)[1:-1]
    weight = weight * weight * (3 - 2 * weight)
    near = np.where((first[-OVERLAP:] * second[:OVERLAP]).sum(-1, keepdims=True) < 0, -1.0, 1.0)
    blend = (1 - weight[:, None, None]) * first[-OVERLAP:] + weight[:, None, None] * near * second[:OVERLAP]
    root = (1 - weight[:, None]) * first_root[-OVERLAP:] + weight[:, None] * second_root[:OVERLAP]
    return (
        np.concatenate([first[:-OVERLAP], blend, second[OVERLAP:]]),
        np.concatenate([first_root[:-OVERLAP], root, second_root[OVERLAP:]]),
    )


def _plant_feet(joints: Array, translation: Array) -> Array:
    """Shift the figure horizontally so that the foot on the floor does not slide; joints (T, 24, 3), no translation."""
    balls = joints[:, [JOINT_INDEX["left_foot"], JOINT_INDEX["right_foot"]]]
    height = balls[..., 2] - balls[..., 2].min(axis=1, keepdims=True)
    weight = np.exp(-height / 0.02)
    steps = np.diff(balls[..., :2] + translation[:, None, :2], axis=0)
    pair = weight[1:] * weight[:-1]
    slide = (pair[..., None] * steps).sum(axis=1) / pair.sum(axis=1, keepdims=True)
    planted = translation.copy()
    planted[1:, :2] -= np.cumsum(gaussian_filter1d(slide, 0.7, axis=0), axis=0)
    return planted


def build_room() -> None:
    """Build a room: a wooden floor, a wall with a skirting board and two pictures, daylight from the left."""
    studio.empty_scene()
    studio.add_sky((0.9, 0.95, 1.0), 0.55)
    studio.add_sun(SUN_DIRECTION, 3.2, 10)
    studio.add_plane("floor", _planks(), np.eye(4), 12)
    wall_y = 2.1
    paint = studio.material("paint", (0.50, 0.56, 0.52), 0.9)
    _upright("wall", paint, (0.0, wall_y, 2.5), (12.0, 5.0))
    _upright("skirting", studio.material("white", (0.8, 0.8, 0.78)), (0.0, wall_y - 0.02, 0.06), (12.0, 0.12))
    frame = studio.material("frame", (0.05, 0.04, 0.03))
    for place, colours in (
        ((-2.0, 1.65), ((0.7, 0.3, 0.1), (0.8, 0.65, 0.3))),
        ((1.3, 1.75), ((0.1, 0.2, 0.35), (0.5, 0.6, 0.6))),
    ):
        _upright("frame", frame, (place[0], wall_y - 0.02, place[1]), (0.72, 0.92))
        picture = studio.two_colour_material("picture", colours, "noise", 3.0)
        _upright("picture", picture, (place[0], wall_y - 0.03, place[1]), (0.64, 0.84))


def _upright(
    name: str, surface: bpy.types.Material, centre: tuple[float, float, float], size: tuple[float, float]
) -> None:
    """Add a rectangle that faces -Y; size is width and height, metres."""
    place = np.eye(4)
    place[:3, :3] = figure.Y_UP_TO_Z_UP @ np.diag([size[0], size[1], 1.0])
    place[:3, 3] = centre
    studio.add_plane(name, surface, place, 1.0)


def _planks() -> bpy.types.Material:
    """A material of floor boards that run away from the camera."""
    result = studio.material("planks", (0.4, 0.25, 0.14), 0.45)
    nodes, links = result.node_tree.nodes, result.node_tree.links
    place, boards = nodes.new("ShaderNodeTexCoord"), nodes.new("ShaderNodeTexBrick")
    turn = nodes.new("ShaderNodeMapping")
    turn.inputs["Rotation"].default_value = (0.0, 0.0, np.pi / 2)
    boards.inputs["Color1"].default_value = (0.42, 0.26, 0.14, 1.0)
    boards.inputs["Color2"].default_value = (0.30, 0.18, 0.09, 1.0)
    boards.inputs["Mortar"].default_value = (0.10, 0.06, 0.03, 1.0)
    boards.inputs["Scale"].default_value = 1.0
    boards.inputs["Brick Width"].default_value, boards.inputs["Row Height"].default_value = 1.4, 0.16
    boards.inputs["Mortar Size"].default_value = 0.004
    links.new(place.outputs["Object"], turn.inputs["Vector"])
    links.new(turn.outputs["Vector"], boards.inputs["Vector"])
    links.new(boards.outputs["Color"], nodes["Principled BSDF"].inputs["Base Color"])
    return result


def _camera() -> Camera:
    facing = studio.look_at(np.array(CAMERA_PLACE), np.array(CAMERA_AIM))
    return Camera(Camera.from_field_of_view(FIELD_OF_VIEW, IMAGE_SIZE).focal_length, IMAGE_SIZE, facing)


def _render(person: figure.Figure, dance: Dance, camera: Camera, frames: range, folder: Path) -> list[Path]:
    """Render frames as PNG: the empty room once, then only the window around the figure and its shadow."""
    cycles, samples = bpy.context.scene.cycles, bpy.context.scene.cycles.samples
    person.hide(True)
    cycles.samples = 3 * samples
    studio.render_to(folder / "room.png")
    person.hide(False)
    cycles.samples = samples
    room = cv2.imread(str(folder / "room.png"))
    paths = []
    for frame in frames:
        vertices = person.pose(dance.rotations[frame], dance.translation[frame])
        left, top, right, bottom = window = _window(vertices, camera)
        paths.append(folder / f"{frame:04d}.png")
        studio.render_to(paths[-1], window)
        weight = _feather(bottom - top, right - left)
        image = room.astype(np.float64)
        part = image[top:bottom, left:right]
        part += weight[..., None] * (cv2.imread(str(paths[-1])) - part)
        cv2.imwrite(str(paths[-1]), image.round().astype(np.uint8))
    return paths


def _window(vertices: Array, camera: Camera) -> tuple[int, int, int, int]:
    """Left, top, right and bottom pixels around the figure and its shadow on the floor."""
    sun = np.array(SUN_DIRECTION)
    shadow = vertices + vertices[:, 2:] / -sun[2] * sun
    pixels = camera.project(np.concatenate([vertices, shadow]))
    low = np.maximum(pixels.min(axis=0) - 32, 0).astype(int)
    high = np.minimum(pixels.max(axis=0) + 32, camera.image_size).astype(int)
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _feather(height: int, width: int) -> Array:
    """(height, width) blend weights from 0 at the border to 1 at 24 pixels inwards, so that no seam is visible."""
    rise = [np.minimum(np.arange(size), np.arange(size)[::-1]) / 24 for size in (height, width)]
    return np.clip(np.minimum(rise[0][:, None], rise[1]), 0, 1)


def _encode(images: list[Path], path: Path) -> None:
    """Write the images as H.264 at FRAME_RATE."""
    with av.open(str(path), "w") as video:
        stream = video.add_stream("libx264", rate=Fraction(FRAME_RATE))
        stream.width, stream.height = IMAGE_SIZE
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": "17", "preset": "veryslow"}
        for image_path in images:
            image = cv2.imread(str(image_path))[..., ::-1].astype(np.uint8)
            video.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        video.mux(stream.encode(None))


def _save_truth(path: Path, dance: Dance, camera: Camera) -> None:
    frame_count = len(dance.joints)
    feet = dance.joints[:, [JOINT_INDEX["left_foot"], JOINT_INDEX["right_foot"]]]
    speed = np.linalg.norm(np.gradient(feet, 1 / FRAME_RATE, axis=0), axis=-1)
    motion = Motion(
        poses=matrix_to_axis_angle(dance.rotations),
        trans=dance.translation,
        betas=BETAS,
        frame_rate=float(FRAME_RATE),
        time=np.arange(frame_count) / FRAME_RATE,
        joints=dance.joints,
        contacts=((speed < RESTING_SPEED) & (feet[..., 2] < RESTING_HEIGHT)).astype(np.float64),
        confidence=np.ones(frame_count),
        camera=camera,
    )
    motion.save(path)


if __name__ == "__main__":
    main()
