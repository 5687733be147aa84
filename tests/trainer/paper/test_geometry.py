"""Unprojection, rotation and projection of the 2D-only recipe, against exact cameras."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from posenet3d_blender.capture.student.features import STUDENT_WINDOW, normalise_windows
from posenet3d_blender.capture.student.lifter.skeleton import LIFTED_COUNT, LIFTED_JOINTS, POINT_OF_LIFTED
from trainer.paper.geometry import project, relative_rotation, root_centred, unproject, view_of_rays
from trainer.synthesis.cameras import camera_rotations


@pytest.fixture
def joints() -> torch.Tensor:
    """(3, 32, 18, 3) random points around the origin."""
    return 0.5 * torch.randn(3, STUDENT_WINDOW, LIFTED_COUNT, 3, generator=torch.Generator().manual_seed(0))


def test_lifting_a_projection_at_its_own_depth_gives_the_joints_back(joints: torch.Tensor) -> None:
    size = torch.tensor([0.1, 0.2, 0.15])
    view = project(joints, size)
    scale = (view.size / size)[:, None, None, None]
    centred = joints - joints[:, :, [0, 1, 8, 9]].mean((1, 2), keepdim=True)
    torch.testing.assert_close(scale * unproject(view, (centred / scale)[..., 2]), centred, atol=1e-4, rtol=1e-4)


def test_relative_rotations_are_proper_and_about_the_vertical() -> None:
    elevation, elsewhere, azimuth = torch.tensor([0.2, -0.1]), torch.tensor([0.05, 0.4]), torch.tensor([1.0, -2.5])
    rotation = relative_rotation(elevation, elsewhere, azimuth)
    torch.testing.assert_close(torch.linalg.det(rotation), torch.ones(2))
    up = torch.stack([torch.zeros(2), -elevation.cos(), -elevation.sin()], -1)
    new_up = torch.stack([torch.zeros(2), -elsewhere.cos(), -elsewhere.sin()], -1)
    torch.testing.assert_close((rotation @ up[..., None])[..., 0], new_up)


def test_a_relative_rotation_leads_to_a_camera_further_round() -> None:
    """The signs of elevation and azimuth are those of the cameras that project the data."""
    first, second = torch.tensor([0.3]), torch.tensor([0.1])
    world = torch.randn(10, 3, generator=torch.Generator().manual_seed(1))
    before = camera_rotations(torch.tensor([0.4]), first, torch.zeros(1))[0]
    after = camera_rotations(torch.tensor([0.4 + 0.9]), second, torch.zeros(1))[0]
    rotated = [relative_rotation(first, second, torch.tensor([sign * 0.9]))[0] @ before @ world.T for sign in (1, -1)]
    distances = [float((one - after @ world.T).abs().max()) for one in rotated]
    assert min(distances) < 1e-5, "one sense of rotation leads from the one camera to the other"


def test_windows_of_rays_lift_to_the_true_joints_in_the_virtual_camera() -> None:
    generator = np.random.default_rng(0)
    joints = generator.normal(scale=0.4, size=(1, STUDENT_WINDOW, 24, 3)) + np.array([0.8, 0.3, 5.0])
    rays = np.zeros((1, STUDENT_WINDOW, 27, 2), np.float32)
    rays[:, :, list(POINT_OF_LIFTED)] = (joints[..., :2] / joints[..., 2:])[:, :, list(LIFTED_JOINTS)]
    confidence = np.zeros(rays.shape[:-1], np.float32)
    confidence[:, :, list(POINT_OF_LIFTED)] = 1
    student_input = normalise_windows(rays, confidence)
    view = view_of_rays(student_input, rays)
    target = joints[:, :, list(LIFTED_JOINTS)] @ student_input.view_rotations[0].T
    middle = target[..., 2].mean()
    unit = middle * float(view.size)
    depth = torch.from_numpy((target[..., 2] - middle) / unit).float()
    lifted = unproject(view, depth) * unit
    np.testing.assert_allclose(
        root_centred(lifted).numpy(), root_centred(torch.from_numpy(target)).numpy(), atol=2e-4, err_msg="metres"
    )


def test_elevation_is_where_up_points() -> None:
    camera = camera_rotations(torch.tensor([2.0]), torch.tensor([math.radians(15)]), torch.zeros(1))[0]
    up = camera @ torch.tensor([0.0, 1.0, 0.0])
    angle = math.radians(15)
    torch.testing.assert_close(up, torch.tensor([0.0, -math.cos(angle), -math.sin(angle)]), atol=1e-6, rtol=0)
