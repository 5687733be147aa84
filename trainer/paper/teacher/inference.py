"""The teacher over whole clips: for the student's material, evaluation and pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from posenet3d_blender.body.model import Body
from posenet3d_blender.capture.student.features import normalise_windows
from posenet3d_blender.capture.student.predict import WINDOW_WEIGHTS, overlapping_windows

from ..geometry import View, root_centred, unproject, up_vector
from ..sequence_sampler import rays_in_virtual_camera
from ..skeleton import HIPS, MIRRORED_LIFTED, POINT_OF_LIFTED, bone_lengths, mean_bone, pelvis_share, to_smpl
from .network import TeacherNetwork

Array = NDArray[np.float64]

_BATCH: Final = 64


@dataclass(frozen=True)
class LiftedClip:
    """What the teacher makes of a clip; camera frame (x right, y down, z forward), metres."""

    poses: Array
    """(T, 18, 3) from the middle of the hips."""
    roots: Array
    """(T, 3) the middle of the hips; as far away as the body's size says."""
    elevation: float
    """Of the camera, radians, downwards."""


class Teacher:
    """A trained teacher; its skeletons are given the size of the body at rest."""

    def __init__(self, network: TeacherNetwork, body: Body) -> None:
        self._network = network.eval()
        self._mean_bone, self._pelvis_share = mean_bone(body), pelvis_share(body)

    def joints(self, rays: Array, confidence: Array) -> Array:
        """(T, 24, 3) SMPL joints from the pelvis, camera frame, metres; what no point shows is filled in.

        rays: (T, 27, 2) with every lifted joint; confidence: (T, 27).
        """
        return to_smpl(self.lift_clip(rays, confidence).poses, self._pelvis_share)

    def lift_clip(self, rays: Array, confidence: Array) -> LiftedClip:
        """Lift a clip in overlapping windows, each also mirrored, and average; arguments as of `joints`."""
        count = len(rays)
        index, weights = overlapping_windows(count), WINDOW_WEIGHTS
        poses, roots, totals = np.zeros((count, len(POINT_OF_LIFTED), 3)), np.zeros((count, 3)), np.zeros(count)
        up = np.zeros(3)
        for first in range(0, len(index), _BATCH):
            windows = index[first : first + _BATCH]
            window_poses, window_roots, window_ups = self._windows(rays[windows], confidence[windows])
            np.add.at(poses, windows, weights[None, :, None, None] * window_poses)
            np.add.at(roots, windows, weights[None, :, None] * window_roots)
            np.add.at(totals, windows, np.broadcast_to(weights, windows.shape))
            up += window_ups.sum(0)
        elevation = float(np.arctan2(-up[2], -up[1]))
        return LiftedClip(poses / totals[:, None, None], roots / totals[:, None], elevation)

    @torch.no_grad()
    def _windows(self, rays: Array, confidence: Array) -> tuple[Array, Array, Array]:
        """Poses (B, T, 18, 3), roots (B, T, 3) and up (B, 3) of windows, in the camera frame."""
        student_input = normalise_windows(rays, confidence)
        size = np.exp(student_input.features[:, 0, -1])
        flat = rays_in_virtual_camera(
            student_input.view_rotations, rays[:, :, list(POINT_OF_LIFTED)].astype(np.float32)
        )
        view = View(torch.from_numpy(flat / size[:, None, None, None]), torch.from_numpy(size))
        flip = torch.tensor([-1.0, 1.0, 1.0])
        mirrored = View(view.points[:, :, list(MIRRORED_LIFTED)] * flip[:2], view.size)
        there, elevation = self._lifted(view)
        back, elevation_back = self._lifted(mirrored)
        joints = (there + back[:, :, list(MIRRORED_LIFTED)] * flip) / 2
        elevation = (elevation + elevation_back) / 2
        unit = (self._mean_bone / bone_lengths(joints).mean((1, 2)))[:, None, None, None]
        zero = torch.zeros_like(elevation)
        camera_distance = torch.stack([zero, zero, 1 / view.size], -1)
        joints = joints + camera_distance[:, None, None]
        to_camera = torch.from_numpy(student_input.view_rotations)
        joints = unit * joints @ to_camera[:, None]
        up = (up_vector(elevation)[:, None] @ to_camera)[:, 0]
        roots = joints[:, :, list(HIPS)].mean(2)
        return root_centred(joints).double().numpy(), roots.double().numpy(), up.double().numpy()

    def _lifted(self, view: View) -> tuple[Tensor, Tensor]:
        depth, elevation = self._network(view)
        return unproject(view, depth), elevation
