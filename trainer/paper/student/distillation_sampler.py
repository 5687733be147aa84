"""Random windows of the teacher's skeletons in new cameras: training data of the student.

The teacher is frozen while the student learns, so it is run over the data once. Its skeletons are rotated upright by
its elevation; then each window is partly augmented, rotated to a random azimuth, and observed, see `observation`.
Upright frame: the camera's without its elevation (x right, y down along gravity, z forward), metres.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from posenet3d_blender.capture.student.features import STUDENT_WINDOW
from posenet3d_blender.capture.student.lifter.skeleton import HIPS

from ...data.sequences import PointSequences
from ..geometry import Lifted, elevation_of, relative_rotation, torso_centred, up_vector
from ..sequence_sampler import random_windows
from ..skeleton import MIRRORED_LIFTED
from ..skeleton_augmentation import augment_skeletons
from ..teacher.inference import Teacher
from ..whole_body import impute_missing_points, whole_body_stretches
from ..windows import DistillationWindows
from .lifted_contacts import contacts_of_lifted
from .observation import Observer

_AUGMENTED: Final = 0.6
"""Share of windows with other proportions and with limbs of other windows."""
_NEAREST: Final = 1.5
"""Metres from the camera."""


@dataclass(frozen=True)
class TeacherMotions:
    """The teacher's predictions for 2D sequences."""

    joints: NDArray[np.float32]
    """(N, 18, 3) in the upright frame, origin at the camera."""
    contacts: NDArray[np.float32]
    """(N, 2) see `contacts_of_lifted`."""
    starts: NDArray[np.int64]
    """(S,) first sample of each stretch."""
    ends: NDArray[np.int64]
    """(S,) past its last."""
    elevations: NDArray[np.float32]
    """(S,) of the camera, radians."""
    names: tuple[str, ...]
    """(S,) of the sequence that each stretch is a part of."""


def run_teacher(teacher: Teacher, sequences: PointSequences) -> TeacherMotions:
    """Run the teacher over every stretch of the sequences that shows a whole body."""
    rays, confidence = impute_missing_points(sequences)
    joints, contacts, elevations = [], [], []
    starts, ends = whole_body_stretches(sequences, confidence)
    for start, end in zip(starts, ends, strict=True):
        clip = teacher.lift_clip(rays[start:end].astype(np.float64), confidence[start:end].astype(np.float64))
        elevation = torch.tensor([clip.elevation])
        upright = relative_rotation(elevation, torch.zeros(1), torch.zeros(1))[0].double().numpy()
        joints.append(((clip.poses + clip.roots[:, None]) @ upright.T).astype(np.float32))
        contacts.append(contacts_of_lifted(joints[-1]))
        elevations.append(clip.elevation)
    edges = np.cumsum([0, *(len(track) for track in joints)])
    owners = np.searchsorted(sequences.offsets, starts, side="right") - 1
    return TeacherMotions(
        np.concatenate(joints),
        np.concatenate(contacts),
        edges[:-1],
        edges[1:],
        np.array(elevations, np.float32),
        tuple(sequences.names[owner] for owner in owners),
    )


class DistillationSampler:
    """Draws windows, or single frames, of the teacher's motions in new cameras."""

    def __init__(self, motions: TeacherMotions, observer: Observer, seed: int, window: int = STUDENT_WINDOW) -> None:
        """Seed the sampler.

        Args:
            motions: the teacher's predictions.
            observer: shows skeletons to the student.
            seed: of all random numbers.
            window: samples in a window; 1 for single frames.
        """
        self._motions, self._observer, self._window = motions, observer, window
        self._random = np.random.default_rng(seed)
        self._generator = torch.Generator().manual_seed(seed)

    def draw(self, count: int) -> DistillationWindows:
        """A batch of `count` windows."""
        joints, contacts = self._motion_windows(count)  # (B, T, 18, 3), (B, T, 2)
        real_count = count - round(_AUGMENTED * count)
        joints = torch.cat([joints[:real_count], augment_skeletons(joints[real_count:], self._generator)])
        elevation = torch.from_numpy(self._elevations(count))  # (B,)
        azimuth = torch.from_numpy(self._random.uniform(-np.pi, np.pi, count).astype(np.float32))  # (B,)
        rotation = relative_rotation(torch.zeros(count), elevation, azimuth)  # (B, 3, 3)
        rotated = torso_centred(joints) @ rotation.transpose(1, 2)[:, None]
        distance = torch.from_numpy(self._distances(count)) - rotated[..., 2].amin((1, 2)).clamp(max=0)  # (B,)
        placed = rotated + torch.tensor([0.0, 0.0, 1.0]) * distance.clamp(min=_NEAREST)[:, None, None, None]
        seen = self._observer.observe(placed, self._generator)
        up = (seen.turn @ up_vector(elevation)[..., None])[..., 0]  # (B, 3)
        return DistillationWindows(
            seen.features,
            seen.view,
            Lifted(seen.joints, elevation_of(up)),
            up,
            real_count,
            contacts,
            seen.keypoints,
            seen.of_keypoints,
        )

    def _motion_windows(self, count: int) -> tuple[Tensor, Tensor]:
        """Joints (B, T, 18, 3) and foot contacts (B, T, 2), half of the windows mirrored."""
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
        """(B,) radians, as of the data's cameras."""
        return self._random.choice(self._motions.elevations, count)

    def _distances(self, count: int) -> NDArray[np.float32]:
        """(B,) metres from the camera, as of the data's people."""
        frames = self._random.integers(len(self._motions.joints), size=count)
        distances: NDArray[np.float32] = self._motions.joints[frames][:, list(HIPS), 2].mean(1)
        return distances
