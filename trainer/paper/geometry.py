"""Camera geometry of the 2D-only recipe: unproject windows of 2D points, rotate them and project them again.

Frame: the virtual camera of `normalise_windows` (x right, y down, z forward), origin at the person. The unit of length
is what one unit of the normalised points spans at the person's distance; the camera is at depth -1 / size, where `size`
is the window's angular size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from posenet3d_blender.capture.student.features import StudentInput, rays_in_view
from posenet3d_blender.capture.student.lifter import network as lifter
from posenet3d_blender.capture.student.lifter.skeleton import HIPS, POINT_OF_LIFTED

from .skeleton import LIMBS, TORSO


@dataclass(frozen=True)
class View:
    """Windows of 2D points in a virtual camera."""

    points: Tensor
    """(B, T, 18, 2) normalised."""
    size: Tensor
    """(B,) angular size: tangent of the angle that one unit of `points` spans."""


@dataclass(frozen=True)
class Lifted:
    """Windows lifted to 3D by the teacher."""

    joints: Tensor
    """(B, T, 18, 3) in this module's frame and unit."""
    elevation: Tensor
    """(B,) of the camera, radians."""


@dataclass(frozen=True)
class NewViews:
    """Other cameras for a batch of windows."""

    rotation: Tensor
    """(B, 3, 3) from the old camera's frame to the new one's."""
    elevation: Tensor
    """(B,) of the new cameras, radians."""


def view_of_rays(student_input: StudentInput, rays: NDArray[np.float32]) -> View:
    """The lifted joints' points in the virtual cameras of `student_input`.

    rays: (B, T, 27, 2) of all the student's points, in the camera frame.
    """
    size = np.exp(student_input.features[:, 0, -1])
    points = rays_in_view(student_input.view_rotations, rays[:, :, list(POINT_OF_LIFTED)])
    return View(torch.from_numpy(points / size[:, None, None, None]), torch.from_numpy(size))


def unproject(view: View, depth: Tensor) -> Tensor:
    """(B, T, 18, 3) joints on the viewing rays of `view` at depth (B, T, 18)."""
    return lifter.unproject(view.points, view.size[:, None, None, None], depth)


def project_points(joints: Tensor, size: Tensor) -> Tensor:
    """(B, T, 18, 2) projection of joints (B, T, 18, 3); inverse of `unproject`."""
    return joints[..., :2] / lifter.relative_distance(joints[..., 2:], size[:, None, None, None])


def relative_rotation(from_elevation: Tensor, to_elevation: Tensor, azimuth: Tensor) -> Tensor:
    """(B, 3, 3) from one camera's frame to that of a camera further round the vertical.

    Args:
        from_elevation: (B,) radians; a camera at positive elevation looks down, see `up_vector`.
        to_elevation: (B,) radians.
        azimuth: (B,) radians about the vertical.
    """
    return _about_x(to_elevation) @ _about_y(azimuth) @ _about_x(-from_elevation)


def project(joints: Tensor, size: Tensor) -> View:
    """Normalised view of joints (B, T, 18, 3) from distance 1 / size (B,), as `normalise_windows` makes it."""
    points = project_points(torso_centred(joints), size)
    radius = points[:, :, list(LIMBS)].square().sum(-1).mean((1, 2)).sqrt().clamp(min=1e-3)
    points = points / radius[:, None, None, None]
    return View(points, size * radius)


def draw_new_views(elevation: Tensor) -> NewViews:
    """Random cameras at any azimuth, with elevations distributed as the batch's (B,)."""
    new_elevation = elevation.mean() + elevation.std(correction=0) * torch.randn_like(elevation)
    azimuth = math.pi * (2 * torch.rand_like(elevation) - 1)
    return NewViews(relative_rotation(elevation, new_elevation, azimuth), new_elevation)


def rotate_to_view(views: NewViews, joints: Tensor) -> Tensor:
    """Joints (B, T, 18, 3), torso-centred, in the new cameras' frames."""
    return torso_centred(joints) @ views.rotation.transpose(1, 2)[:, None]


def torso_centred(track: Tensor) -> Tensor:
    """Windows (B, T, 18, D) relative to the mean of their torso joints over the window."""
    centre: Tensor = track[:, :, list(TORSO)].mean((1, 2), keepdim=True)
    return track - centre


def root_centred(joints: Tensor) -> Tensor:
    """Joints or points (..., 18, D) relative to the middle of the hips."""
    root: Tensor = joints[..., list(HIPS), :].mean(-2, keepdim=True)
    return joints - root


def up_vector(elevation: Tensor) -> Tensor:
    """(B, 3) unit vector against gravity in the frame of a camera that looks down by `elevation` (B,), radians."""
    return torch.stack([torch.zeros_like(elevation), -elevation.cos(), -elevation.sin()], -1)


def elevation_of(up: Tensor) -> Tensor:
    """(B,) radians by which cameras look down in whose frames `up` (B, 3) points against gravity."""
    return torch.atan2(-up[:, 2], -up[:, 1])


def _about_x(angle: Tensor) -> Tensor:
    one, zero, c, s = torch.ones_like(angle), torch.zeros_like(angle), angle.cos(), angle.sin()
    return torch.unflatten(torch.stack([one, zero, zero, zero, c, -s, zero, s, c], -1), -1, (3, 3))


def _about_y(angle: Tensor) -> Tensor:
    one, zero, c, s = torch.ones_like(angle), torch.zeros_like(angle), angle.cos(), angle.sin()
    return torch.unflatten(torch.stack([c, zero, s, zero, one, zero, -s, zero, c], -1), -1, (3, 3))
