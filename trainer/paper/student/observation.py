"""Skeletons as the student sees them: the detector's keypoints on a body, or the lifted joints themselves, with noise.

The add-on's detector gives 25 keypoints, without neck and head. Motion capture gives 18 joints, those two included. The
student learns both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from posenet3d_blender.body.keypoints import KEYPOINT_COUNT
from posenet3d_blender.body.model import Body
from posenet3d_blender.capture.student.features import STUDENT_POINT_COUNT, normalise_windows

from ...synthesis.detector_noise import DetectorNoise, add_detector_noise
from ...synthesis.partial_views import PartialViews, hide_parts
from ..geometry import View
from ..skeleton import LIFTED_OF_POINT, LIMBS, TORSO
from .body_points import LiftedKeypoints, random_turns

_PARTIAL: Final = PartialViews(limbs=0.08, edge=0.06)
"""Windows of keypoints in which a part of the body is out of sight."""
_PLACE_DEVIATION: Final = 0.012
"""Standard deviation, metres, of a keypoint's place on the body."""
_FOCAL_DEVIATION: Final = 0.1
"""Standard deviation of the logarithm of the assumed focal length over the true one, in windows of keypoints."""


@dataclass(frozen=True)
class Observation:
    """Windows as the student sees them, in the frame of each virtual camera of `normalise_windows`."""

    features: Tensor
    """(B, T, 82)."""
    turn: Tensor
    """(B, 3, 3) from the frame of the camera that sees the windows to that of the virtual camera."""
    view: View
    """The lifted joints, exact."""
    joints: Tensor
    """(B, T, 18, 3) in the frame and unit of `geometry`."""
    keypoints: Tensor
    """(B, T, 25, 3) in the same."""
    of_keypoints: Tensor
    """(B,) 1 where the student sees keypoints, 0 where it sees lifted joints."""


class Observer:
    """Shows skeletons to the student."""

    def __init__(self, body: Body, noise: DetectorNoise, keypoint_share: float) -> None:
        """Place the keypoints on the body.

        Args:
            body: the shipped body.
            noise: the detector's.
            keypoint_share: share of windows in which the student sees keypoints, not lifted joints.
        """
        self._noise, self._keypoint_share = noise, keypoint_share
        self._place_keypoints = LiftedKeypoints(body)

    def observe(self, placed: Tensor, generator: torch.Generator) -> Observation:
        """Observe windows of skeletons.

        Args:
            placed: (B, T, 18, 3) lifted joints, metres, in the frame of the camera that sees them.
            generator: source of all random numbers.
        """
        count, window = placed.shape[:2]
        of_keypoints = torch.rand(count, generator=generator) < self._keypoint_share
        keypoints = self._place_keypoints(placed, random_turns(count, window, generator))
        keypoints = keypoints + _PLACE_DEVIATION * torch.randn(count, 1, KEYPOINT_COUNT, 3, generator=generator)
        rays, confidence = points_from_lifted(_project(placed))
        rays[of_keypoints, :, :KEYPOINT_COUNT] = _project(keypoints[of_keypoints])
        confidence[of_keypoints] = (torch.arange(STUDENT_POINT_COUNT) < KEYPOINT_COUNT).float()
        student_input = normalise_windows(*self._detected(rays, confidence, of_keypoints, generator))
        features = torch.from_numpy(student_input.features)
        features[..., -1] += _FOCAL_DEVIATION * torch.randn(count, 1, generator=generator) * of_keypoints[:, None]
        turn = torch.from_numpy(student_input.view_rotations)  # (B, 3, 3)
        to_view = turn.transpose(1, 2)[:, None]
        joints = placed @ to_view
        points = _project(joints)  # (B, T, 18, 2)
        # Not the features' own size, which a hidden part of the body changes.
        size = points[:, :, list(LIMBS)].square().sum(-1).mean((1, 2)).sqrt()  # (B,)
        depth = joints[:, :, list(TORSO), 2].mean((1, 2))  # (B,)
        origin = torch.stack([0 * depth, 0 * depth, depth], -1)[:, None, None]
        unit = 1 / (size * depth)[:, None, None, None]
        view = View(points / size[:, None, None, None], size)
        return Observation(
            features,
            turn,
            view,
            unit * (joints - origin),
            unit * (keypoints @ to_view - origin),
            of_keypoints.float(),
        )

    def _detected(
        self, rays: Tensor, confidence: Tensor, of_keypoints: Tensor, generator: torch.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Rays (B, T, 27, 2) and confidence (B, T, 27) with the detector's noise; parts of some bodies are hidden."""
        random = np.random.default_rng(int(torch.randint(2**62, (), generator=generator)))
        noisy_rays, certainty = add_detector_noise(rays.numpy(), confidence.numpy(), self._noise, random, generator)
        shown = of_keypoints.numpy()
        partial_rays, partial_certainty = torch.from_numpy(noisy_rays[shown]), torch.from_numpy(certainty[shown])
        hide_parts(partial_rays, partial_certainty, _PARTIAL, generator)
        noisy_rays[shown], certainty[shown] = partial_rays.numpy(), partial_certainty.numpy()
        return noisy_rays, certainty


def points_from_lifted(lifted: Tensor) -> tuple[Tensor, Tensor]:
    """The student's points (B, T, 27, 2) of lifted joints (B, T, 18, 2), and their confidence (B, T, 27), 0 or 1."""
    known = torch.tensor(LIFTED_OF_POINT) >= 0
    points = lifted[:, :, list(LIFTED_OF_POINT)] * known[:, None]
    return points, known.float().expand(points.shape[:-1]).clone()


def _project(joints: Tensor) -> Tensor:
    """Rays (..., 2) of joints (..., 3) in the camera frame; nothing passes the camera."""
    return joints[..., :2] / joints[..., 2:].clamp(min=0.1)
