"""Render the shipped body in real poses with exact ground truth, to calibrate the keypoints on the body.

    python -m tools.render_people --rotations ROTATIONS.npz --count 360 --out FOLDER

ROTATIONS.npz holds `rotations` (N, 24, 3, 3) in the body frame (as trainer.windows.fit_rotations fits them to motion
capture). FOLDER gets NNNN.png and truth.npz: per image joints (24, 3) and world_rotations (24, 3, 3) in the world,
betas (10), focal_length in pixels, world_to_camera (4, 4) and image_size.
"""

from __future__ import annotations

import argparse
import functools
from pathlib import Path

import bpy
import numpy as np

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.model import Body, load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix, matrix_to_axis_angle
from posenet3d_blender.body.skeleton import JOINT_INDEX
from posenet3d_blender.camera import Camera
from tools import figure, studio

IMAGE_SIZE = 400
"""Pixels, both sides."""


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rotations", type=Path, required=True)
    parser.add_argument("--count", type=int, default=360)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(arguments.seed)
    body = load_body()
    poses = np.load(arguments.rotations)["rotations"]
    chosen = np.sort(rng.choice(len(poses), arguments.count, replace=False))
    truths = []
    for number, frame in enumerate(chosen):
        truths.append(_render_one(body, poses[frame].astype(np.float64), rng, arguments.out / f"{number:04d}.png"))
        truth = {key: np.stack([row[key] for row in truths]) for key in truths[0]}
        np.savez(arguments.out / "truth.npz", image_size=IMAGE_SIZE, **truth)


def _render_one(body: Body, rotations: Array, rng: np.random.Generator, path: Path) -> dict[str, Array]:
    """Render one random view of one pose; returns its ground truth."""
    betas = np.clip(rng.normal(0, 1, 10), -2, 2)
    turn = axis_angle_to_matrix(np.array([0.0, rng.uniform(0, 2 * np.pi), 0.0]))
    rotations = rotations.copy()
    rotations[0] = figure.Y_UP_TO_Z_UP @ turn @ rotations[0]
    _randomise_gaze(rotations, rng)
    translation = np.array([0.0, 0.0, -figure.lowest_point(body, rotations, betas)])
    joints, world_rotations = forward_kinematics(rotations, body.rest_joints(betas))
    joints += translation

    studio.empty_scene()
    camera = _random_camera(joints, rng)
    studio.add_camera(camera)
    vertices = figure.Figure(body, betas, _random_clothes(rng)).pose(rotations, translation)
    _furnish(vertices, rng)
    studio.render_with_workbench()
    studio.render_to(path)
    return {
        "joints": joints,
        "world_rotations": world_rotations,
        "betas": betas,
        "focal_length": np.array(camera.focal_length),
        "world_to_camera": camera.world_to_camera,
    }


def _randomise_gaze(rotations: Array, rng: np.random.Generator) -> None:
    """Rotate the head to a random gaze around the chest's direction, near the horizon.

    Motion capture does not determine the head's tilt; as fitted, many heads look at the floor. Neck and head each take
    half of the rotation.
    """
    joints = [JOINT_INDEX[name] for name in ("pelvis", "spine1", "spine2", "spine3")]
    chest = functools.reduce(np.matmul, rotations[joints])
    front = chest[:, 2] * (1, 1, 0)
    if np.linalg.norm(front) < 0.5:  # lying or bent far over: the fitted gaze is kept
        return
    yaw = np.arctan2(front[0], -front[1]) + rng.normal(0, np.radians(25))
    pitch = rng.normal(0, np.radians(10))
    gaze = (
        axis_angle_to_matrix(np.array([0.0, 0.0, yaw]))
        @ figure.Y_UP_TO_Z_UP
        @ axis_angle_to_matrix(np.array([pitch, 0.0, 0.0]))
    )
    turn = matrix_to_axis_angle(chest.T @ gaze)
    if np.linalg.norm(turn) < np.radians(75):
        rotations[[JOINT_INDEX["neck"], JOINT_INDEX["head"]]] = axis_angle_to_matrix(turn / 2)


def _random_camera(joints: Array, rng: np.random.Generator) -> Camera:
    """A camera at a random distance and elevation, aimed near the body, which fills 60 to 85% of the image."""
    middle = (joints.min(axis=0) + joints.max(axis=0)) / 2
    distance, elevation = rng.uniform(2.5, 6.0), np.radians(rng.uniform(-5, 30))
    eye = middle + distance * np.array([0.0, -np.cos(elevation), np.sin(elevation)])
    eye[2] = max(eye[2], 0.15)
    aim = middle + rng.normal(0, 0.05, 3)
    unit = Camera(1.0, (0, 0), studio.look_at(eye, aim))
    extent = np.abs(unit.project(joints)).max() + 0.12 / distance
    focal_length = rng.uniform(0.60, 0.85) * IMAGE_SIZE / 2 / extent
    return Camera(float(focal_length), (IMAGE_SIZE, IMAGE_SIZE), unit.world_to_camera)


def _random_clothes(rng: np.random.Generator) -> figure.Clothes:
    tone = rng.uniform(0.4, 1.4)
    return figure.Clothes(
        skin=(0.55 * tone, 0.32 * tone, 0.22 * tone),
        shirt=_random_colour(rng, 0.02, 0.7),
        trousers=_random_colour(rng, 0.01, 0.3),
        shoes=_random_colour(rng, 0.02, 0.7),
        hair=(0.03 * tone, 0.018 * tone, 0.01 * tone),
    )


def _furnish(vertices: Array, rng: np.random.Generator) -> None:
    """Add a floor and a wall behind the person, of random colours."""
    for name in ("floor", "wall"):
        place = np.eye(4)
        if name == "wall":
            place[:3, :3] = figure.Y_UP_TO_Z_UP
            place[1, 3] = vertices[:, 1].max() + rng.uniform(0.5, 4)
        studio.add_plane(name, studio.material(name, _random_colour(rng, 0.05, 0.6)), place, 30)
    bpy.context.scene.display.light_direction = (rng.uniform(-0.6, 0.6), rng.uniform(-0.2, 0.6), 0.8)


def _random_colour(rng: np.random.Generator, low: float, high: float) -> studio.Colour:
    """A random colour, mostly of low saturation."""
    grey = rng.uniform(low, high)
    red, green, blue = np.clip(grey * rng.normal(1, 0.25, 3), low / 2, 1)
    return float(red), float(green), float(blue)


if __name__ == "__main__":
    main()
