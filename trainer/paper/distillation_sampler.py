"""What the student learns from: the teacher's skeletons, seen by cameras that were never there.

The teacher is frozen while the student learns, so its answers are found once. They are set upright by its elevation,
remixed in part, turned to any azimuth, projected and given our detector's faults. Upright frame: the camera's without
its elevation (x right, y down along gravity, z forward), metres.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from posenet3d_blender.capture.student.features import STUDENT_WINDOW, normalise_windows

from ..data.sequences import PointSequences
from ..synthesis.detector_noise import DetectorNoise
from ..synthesis.joint_of_point import JOINT_OF_POINT
from .geometry import View, relative_rotation, torso_centred
from .sequence_sampler import (
    PaperWindows,
    add_detector_noise,
    contacts_from_points,
    impute_missing_points,
    random_windows,
    rays_in_virtual_camera,
    whole_body_stretches,
)
from .skeleton import HIPS, LIFTED_JOINTS, MIRRORED_LIFTED, POINT_OF_LIFTED, TORSO
from .skeleton_augmentation import augment_skeletons
from .teacher.inference import Teacher
from .teacher.losses import Lifted

_REMIXED: Final = 0.6
"""Share of windows of other proportions and with limbs of others."""
_NEAREST: Final = 1.5
"""Metres."""
LIFTED_OF_POINT: Final = tuple(LIFTED_JOINTS.index(joint) if joint in LIFTED_JOINTS else -1 for joint in JOINT_OF_POINT)
"""For each of the student's points the lifted joint that it shows, or -1."""


@dataclass(frozen=True)
class TeacherMotions:
    """The teacher's answers for 2D sequences."""

    joints: NDArray[np.float32]
    """(N, 18, 3) in the upright frame, the camera at 0."""
    contacts: NDArray[np.float32]
    """(N, 2) 1 where the left or right foot stands still in the picture."""
    starts: NDArray[np.int64]
    """(S,) first sample of each stretch."""
    ends: NDArray[np.int64]
    elevations: NDArray[np.float32]
    """(S,) of the camera, radians."""


@dataclass(frozen=True)
class DistillationWindows:
    """A batch with the teacher's answer."""

    windows: PaperWindows
    prediction: Lifted
    real_count: int
    """How many windows, from the first, show poses that were filmed; the others are remixed."""


def run_teacher(teacher: Teacher, sequences: PointSequences) -> TeacherMotions:
    """Run the teacher over every stretch of the sequences that shows whole bodies."""
    rays, confidence = impute_missing_points(sequences)
    joints, contacts, elevations = [], [], []
    starts, ends = whole_body_stretches(sequences, confidence)
    for start, end in zip(starts, ends, strict=True):
        clip = teacher.lift_clip(rays[start:end].astype(np.float64), confidence[start:end].astype(np.float64))
        elevation = torch.tensor([clip.elevation])
        upright = relative_rotation(elevation, torch.zeros(1), torch.zeros(1))[0].double().numpy()
        joints.append(((clip.poses + clip.roots[:, None]) @ upright.T).astype(np.float32))
        # In the unit of `contacts_from_points`, about half a metre.
        flat = rays[None, start:end, list(POINT_OF_LIFTED)] * (2 * clip.roots[None, :, None, 2:])
        contacts.append(contacts_from_points(torch.from_numpy(flat.astype(np.float32)))[0].numpy())
        elevations.append(clip.elevation)
    edges = np.cumsum([0, *(len(track) for track in joints)])
    return TeacherMotions(
        np.concatenate(joints), np.concatenate(contacts), edges[:-1], edges[1:], np.array(elevations, np.float32)
    )


class DistillationSampler:
    """Draws windows, or single frames, of taught motions before new cameras."""

    def __init__(self, motions: TeacherMotions, noise: DetectorNoise, seed: int, window: int = STUDENT_WINDOW) -> None:
        self._motions, self._noise, self._window = motions, noise, window
        self._random = np.random.default_rng(seed)
        self._generator = torch.Generator().manual_seed(seed)

    def draw(self, count: int) -> DistillationWindows:
        """A batch of `count` windows."""
        joints, contacts = self._played(count)
        remixed = round(_REMIXED * count)
        real_count = count - remixed
        joints = torch.cat([joints[:real_count], augment_skeletons(joints[real_count:], self._generator)])
        elevation = torch.from_numpy(self._elevations(count))
        azimuth = torch.from_numpy(self._random.uniform(-np.pi, np.pi, count).astype(np.float32))
        turned = (
            torso_centred(joints) @ relative_rotation(torch.zeros(count), elevation, azimuth).transpose(1, 2)[:, None]
        )
        distance = torch.from_numpy(self._distances(count)) - turned[..., 2].amin((1, 2)).clamp(max=0)
        placed = turned + torch.tensor([0.0, 0.0, 1.0]) * distance.clamp(min=_NEAREST)[:, None, None, None]
        return self._seen(placed, elevation, contacts, real_count)

    def _seen(self, placed: Tensor, elevation: Tensor, contacts: Tensor, real_count: int) -> DistillationWindows:
        """What a camera at 0 sees of joints (B, T, 18, 3), and where the teacher says that they are."""
        rays, given = points_from_lifted((placed[..., :2] / placed[..., 2:]).numpy())
        student_input = normalise_windows(*add_detector_noise(rays, given, self._noise, self._random, self._generator))
        to_virtual = torch.from_numpy(student_input.view_rotations)
        size = torch.from_numpy(np.exp(student_input.features[:, 0, -1]))
        placed = placed @ to_virtual.transpose(1, 2)[:, None]
        flat = rays_in_virtual_camera(student_input.view_rotations, rays[:, :, list(POINT_OF_LIFTED)])
        view = View(torch.from_numpy(flat) / size[:, None, None, None], size)
        depth = placed[:, :, list(TORSO), 2].mean((1, 2))
        unit = 1 / (size * depth)
        joints = unit[:, None, None, None] * (placed - torch.stack([0 * depth, 0 * depth, depth], -1)[:, None, None])
        windows = PaperWindows(view, torch.from_numpy(student_input.features), contacts)
        return DistillationWindows(windows, Lifted(joints, elevation), real_count)

    def _played(self, count: int) -> tuple[Tensor, Tensor]:
        """Joints (B, T, 18, 3) and resting feet (B, T, 2), one half mirrored."""
        motions = self._motions
        before, share = random_windows(motions.starts, motions.ends, count, self._window, self._random)
        first, second = (torch.from_numpy(motions.joints[sample]) for sample in (before, before + 1))
        joints = torch.lerp(first, second, torch.from_numpy(share)[..., None, None])
        contacts = torch.from_numpy(motions.contacts[before])
        mirrored = torch.from_numpy(self._random.random(count) < 0.5)
        joints[mirrored] = joints[mirrored][:, :, list(MIRRORED_LIFTED)] * torch.tensor([-1.0, 1.0, 1.0])
        contacts[mirrored] = contacts[mirrored].flip(-1)
        return joints, contacts

    def _elevations(self, count: int) -> NDArray[np.float32]:
        return self._random.choice(self._motions.elevations, count)

    def _distances(self, count: int) -> NDArray[np.float32]:
        """As far away as people are filmed."""
        frames = self._random.integers(len(self._motions.joints), size=count)
        return self._motions.joints[frames][:, list(HIPS), 2].mean(1)


def points_from_lifted(lifted: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The student's points (B, T, 27, 2) that lifted joints (B, T, 18, 2) show, and which are given (B, T, 27)."""
    shown = np.array(LIFTED_OF_POINT) >= 0
    rays = np.where(shown[:, None], lifted[:, :, list(LIFTED_OF_POINT)], np.float32(0))
    return rays, np.broadcast_to(shown.astype(np.float32), rays.shape[:-1]).copy()
