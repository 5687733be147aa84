"""The teacher over whole clips, for evaluation and pictures."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from posenet3d_blender.body.model import Body
from posenet3d_blender.capture.student_input import STUDENT_WINDOW, normalise_windows

from .geometry import View, lift, rooted
from .skeleton import MIRRORED_LIFTED, POINT_OF_LIFTED, bone_lengths, mean_bone, pelvis_share, to_smpl
from .teacher import TeacherNetwork
from .windows import seen_by

Array = NDArray[np.float64]

_STRIDE: Final = 8


class Teacher:
    """A trained teacher; its skeletons are given the size of the body at rest."""

    def __init__(self, network: TeacherNetwork, body: Body) -> None:
        self._network = network.eval()
        self._mean_bone, self._pelvis_share = mean_bone(body), pelvis_share(body)

    def joints(self, rays: Array, confidence: Array) -> Array:
        """(T, 24, 3) SMPL joints from the middle of the hips, camera frame, metres; what no point shows is filled in.

        rays: (T, 27, 2) with every lifted joint; confidence: (T, 27).
        """
        count = len(rays)
        starts = np.append(np.arange(0, max(count - STUDENT_WINDOW, 0), _STRIDE), max(count - STUDENT_WINDOW, 0))
        index = np.minimum(starts[:, None] + np.arange(STUDENT_WINDOW), count - 1)
        weights = 0.05 + np.sin(np.pi * (np.arange(STUDENT_WINDOW) + 0.5) / STUDENT_WINDOW) ** 2
        sums, totals = np.zeros((count, len(POINT_OF_LIFTED), 3)), np.zeros(count)
        np.add.at(sums, index, weights[None, :, None, None] * self._windows(rays[index], confidence[index]))
        np.add.at(totals, index, np.broadcast_to(weights, index.shape))
        return to_smpl(sums / totals[:, None, None], self._pelvis_share)

    @torch.no_grad()
    def _windows(self, rays: Array, confidence: Array) -> Array:
        """(B, T, 18, 3) for windows, in the camera frame."""
        student_input = normalise_windows(rays, confidence)
        size = np.exp(student_input.features[:, 0, -1])
        flat = seen_by(student_input.view_rotations, rays[:, :, list(POINT_OF_LIFTED)].astype(np.float32))
        view = View(torch.from_numpy(flat / size[:, None, None, None]), torch.from_numpy(size))
        flip = torch.tensor([-1.0, 1.0, 1.0])
        mirrored = View(view.points[:, :, list(MIRRORED_LIFTED)] * flip[:2], view.size)
        there = rooted(lift(view, self._network(view)[0]))
        back = rooted(lift(mirrored, self._network(mirrored)[0]))[:, :, list(MIRRORED_LIFTED)] * flip
        joints = (there + back) / 2
        joints = joints * (self._mean_bone / bone_lengths(joints).mean((1, 2)))[:, None, None, None]
        view_rotations = torch.from_numpy(student_input.view_rotations)
        return (joints @ view_rotations[:, None]).double().numpy()
