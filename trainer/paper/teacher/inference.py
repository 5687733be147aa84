"""Run the teacher over whole clips: for the student's training data, evaluation and figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.model import Body
from posenet3d_blender.capture.student.features import normalise_windows
from posenet3d_blender.capture.student.lifter.skeleton import (
    HIPS,
    POINT_OF_LIFTED,
    bone_lengths,
    mean_bone,
    pelvis_share,
)
from posenet3d_blender.capture.student.overlap import WINDOW_WEIGHTS, OverlapMean, window_batches

from ...training.loop import to_device
from ..geometry import root_centred, up_vector, view_of_rays
from ..skeleton import to_smpl
from .constant_bones import DETECTED, EXACT, LiftedAccuracy, hold_bones
from .network import TeacherNetwork, lift, lift_mirrored

_JITTER: Final = 1.0
"""Samples, standard deviation of the smoothing of detected clips: detections shake from frame to frame."""


@dataclass(frozen=True)
class LiftedClip:
    """A clip lifted by the teacher; camera frame (x right, y down, z forward), metres."""

    poses: Array
    """(T, 18, 3) from the middle of the hips."""
    roots: Array
    """(T, 3) the middle of the hips; its distance follows from the body's size."""
    elevation: float
    """Of the camera, radians; positive where it looks down."""


class Teacher:
    """A trained teacher; its skeletons are scaled to the size of the body at rest."""

    def __init__(self, network: TeacherNetwork, body: Body, exact: LiftedAccuracy = EXACT) -> None:
        """Set the network to evaluation mode.

        Args:
            network: the trained network, on any device.
            body: the shipped body.
            exact: how far constant bones may move joints whose points are exact.
        """
        self._exact = exact
        self._network = network.eval()
        self._device = next(network.parameters()).device
        self._mean_bone, self._pelvis_share = mean_bone(body), pelvis_share(body)

    def joints(self, rays: Array, confidence: Array) -> Array:
        """(T, 24, 3) SMPL joints from the middle of the hips, camera frame, metres; see `to_smpl`.

        Args:
            rays: (T, 27, 2) with every lifted joint.
            confidence: (T, 27).
        """
        return to_smpl(self.lift_clip(rays, confidence).poses, self._pelvis_share)

    def lift_clip(self, rays: Array, confidence: Array) -> LiftedClip:
        """Lift a clip in overlapping windows, each also mirrored, average, and hold bones; arguments as of `joints`.

        Points that are all certain, of confidence 1, are exact and stay where they are; others are corrected.
        """
        is_exact = bool((confidence[:, list(POINT_OF_LIFTED)] == 1).all())
        mean, up = OverlapMean(len(rays)), np.zeros(3)
        for _, windows in window_batches(len(rays)):  # (B, 32) samples
            poses, roots, window_ups = self._windows(rays[windows], confidence[windows], is_exact)
            mean.add(windows, np.broadcast_to(WINDOW_WEIGHTS, windows.shape), {"poses": poses, "roots": roots})
            up += window_ups.sum(0)
        joints = mean.mean("poses") + mean.mean("roots")[:, None]
        if not is_exact:
            joints = gaussian_filter1d(joints, _JITTER, axis=0, mode="nearest")
        joints = hold_bones(joints, self._exact if is_exact else DETECTED)
        roots = joints[:, list(HIPS)].mean(1)
        elevation = float(np.arctan2(-up[2], -up[1]))
        return LiftedClip(joints - roots[:, None], roots, elevation)

    @torch.no_grad()
    def _windows(self, rays: Array, confidence: Array, is_exact: bool) -> tuple[Array, Array, Array]:
        """Poses (B, T, 18, 3), roots (B, T, 3) and up vectors (B, 3) of windows, in the camera frame, metres."""
        student_input = normalise_windows(rays, confidence)
        view = view_of_rays(student_input, rays.astype(np.float32))
        shown = to_device(view, self._device)
        lifted, other = lift(self._network, shown, is_exact), lift_mirrored(self._network, shown, is_exact)
        joints = ((lifted.joints + other.joints) / 2).cpu()
        elevation = ((lifted.elevation + other.elevation) / 2).cpu()
        # To metres, and from the virtual camera's frame to the camera's.
        unit = (self._mean_bone / bone_lengths(joints).mean((1, 2)))[:, None, None, None]
        zero = torch.zeros_like(elevation)
        camera_distance = torch.stack([zero, zero, 1 / view.size], -1)  # (B, 3)
        joints = joints + camera_distance[:, None, None]
        to_camera = torch.from_numpy(student_input.view_rotations)
        joints = unit * joints @ to_camera[:, None]
        up = (up_vector(elevation)[:, None] @ to_camera)[:, 0]
        roots = joints[:, :, list(HIPS)].mean(2)
        return root_centred(joints).double().numpy(), roots.double().numpy(), up.double().numpy()
