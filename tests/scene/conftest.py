"""A made-up person in smooth random motion, in a Blender without anything else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.model import Body, load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix, matrix_to_axis_angle
from posenet3d_blender.camera import Camera
from posenet3d_blender.motion import Motion

bpy = pytest.importorskip("bpy")

UPRIGHT = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])

MakeMotion = Callable[..., Motion]


@pytest.fixture(scope="session")
def body() -> Body:
    return load_body()


@pytest.fixture(scope="session")
def make_motion(body: Body) -> MakeMotion:
    """Makes someone who walks, turns about twice a second and moves all joints."""

    def make(
        frame_count: int = 12,
        frame_rate: float = 30.0,
        seed: int = 0,
        start: float = 0.0,
        camera: Camera | None = None,
        scene_start: float | None = None,
    ) -> Motion:
        generator = np.random.default_rng(seed)
        time = start + np.arange(frame_count) / frame_rate
        phases = generator.uniform(0, 2 * np.pi, (24, 3))
        angles = generator.normal(0, 0.4, (24, 3)) * np.sin(2 * np.pi * 1.3 * time[:, None, None] + phases)
        rotations = axis_angle_to_matrix(angles)
        turning = axis_angle_to_matrix(np.column_stack([0 * time, 0 * time, 12 * time]))
        rotations[:, 0] = turning @ UPRIGHT @ rotations[:, 0]
        betas = generator.normal(0, 1, 10)
        joints, _ = forward_kinematics(rotations, body.rest_joints(betas))
        trans = np.column_stack([np.sin(time), 0.5 * time, 1 + 0.1 * np.cos(5 * time)])
        return Motion(
            poses=matrix_to_axis_angle(rotations),
            trans=trans,
            betas=betas,
            frame_rate=frame_rate,
            time=time,
            joints=joints + trans[:, None],
            contacts=generator.uniform(0, 1, (frame_count, 2)),
            confidence=generator.uniform(0, 1, frame_count),
            camera=camera,
            scene_start=scene_start,
        )

    return make


@pytest.fixture(autouse=True)
def empty_blender() -> Iterator[None]:
    """Each test starts from an empty file, and the next one must not see what it left."""
    from posenet3d_blender.scene import reset_to_empty

    reset_to_empty()
    yield
    reset_to_empty()


@pytest.fixture
def source(body: Body, make_motion: MakeMotion) -> Any:
    """A captured armature."""
    from posenet3d_blender.scene import build_scene

    return build_scene([make_motion(12)], body)[0]


@pytest.fixture
def twin(body: Body, make_motion: MakeMotion) -> Any:
    """An armature like the source's, at rest."""
    from posenet3d_blender.scene.armature import add_armature

    return add_armature("Hero", body, make_motion(12).betas, bpy.context.scene.collection)
