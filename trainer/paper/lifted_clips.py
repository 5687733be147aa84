"""The teacher's skeletons on the SMPL body: windows from which both networks learn in the joint stages.

The lifted skeletons become clips, as if they had been recorded, with rotations and each sequence's own bones. Windows
of them are drawn as in the recipe `supervised`: trunk, arms and legs of several clips are mixed, poses are moved beyond
the data's, and the detector's noise is added. Nothing was measured in 3D.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.body.model import Body
from posenet3d_blender.capture.student.features import STUDENT_RATE
from posenet3d_blender.capture.student.lifter.skeleton import pelvis_share
from posenet3d_blender.capture.student.torch_body import parent_offsets

from ..data.clips import Clips
from ..synthesis.augmentation import NoiseRanges
from ..synthesis.partial_views import PartialViews
from ..windows.fit_rotations import FittedClips, fit_lifted_clips
from ..windows.sampler import Mixture, WindowSampler
from ..windows.tumbling import Tumbles
from .skeleton import to_smpl
from .student.distillation_sampler import TeacherMotions
from .windows import TeacherWindows

_TO_Y_UP: Final = np.array([1.0, -1.0, -1.0], np.float32)
_STUDENT_MIXTURE: Final = Mixture(posed=0.0, joints_only=0.5, exact=0.5, point_offset=0.02)
"""No synthetic stances: every pose comes from 2D."""
_NEARER_MIXTURE: Final = replace(_STUDENT_MIXTURE, recombined=0.2, perturbation=0.4, joints_only=0.6)
"""Poses nearer to the data's teach how far a lifter can be trusted: on made-up ones it errs more."""
_END_TO_END_MIXTURE: Final = replace(
    _STUDENT_MIXTURE, recombined=0.25, perturbation=0.5, joints_only=0.65, exact=0.35, measured=0.7
)
"""More of the detector's measured noise than before."""
_STUDENT_PARTIAL: Final = PartialViews(limbs=0.14, edge=0.14)
_STUDENT_TUMBLES: Final = Tumbles(handstand=0.0)
_TEACHER_MIXTURE: Final = Mixture(posed=0.0, joints_only=1.0, clip_bones_of_joints=1.0, measured=1.0)
_TEACHER_NOISE: Final = NoiseRanges(part_missing=0.0, point_missing=0.0, sample_missing=0.0)
"""The teacher needs every joint."""
_TEACHER_TUMBLES: Final = Tumbles(lying=0.03, upside_down=0.04, handstand=0.0)


@dataclass(frozen=True)
class LiftedClips:
    """The teacher's skeletons as clips and as rotations."""

    clips: Clips
    """Y up, at the size of the body at rest, the camera at the origin."""
    fitted: FittedClips
    contacts: NDArray[np.float32]
    """(N, 2) see `contacts_of_lifted`."""
    body: Body


def lifted_clips(motions: TeacherMotions, body: Body) -> LiftedClips:
    """Fit the SMPL body's rotations to the teacher's skeletons; each stretch becomes a clip."""
    joints = to_smpl(motions.joints * _TO_Y_UP, pelvis_share(body)).astype(np.float32)  # (N, 24, 3)
    offsets = np.append(motions.starts, motions.ends[-1:]).astype(np.int32)
    root = joints[:, 0]
    clips = Clips(joints - root[:, None], root, offsets, motions.names, STUDENT_RATE)
    return LiftedClips(clips, fit_lifted_clips(clips, parent_offsets(body.joint_template)), motions.contacts, body)


def student_windows(lifted: LiftedClips) -> Callable[[int], WindowSampler]:
    """A function that makes the student's `WindowSampler` from a seed."""
    return _windows(lifted, _STUDENT_MIXTURE)


def lifted_feedback_windows(lifted: LiftedClips) -> Callable[[int], WindowSampler]:
    """A function that makes the `WindowSampler` of the student's second feedback from a seed."""
    return _windows(lifted, _NEARER_MIXTURE)


def end_to_end_windows(lifted: LiftedClips) -> Callable[[int], WindowSampler]:
    """A function that makes the `WindowSampler` of the student's last stage from a seed."""
    return _windows(lifted, _END_TO_END_MIXTURE)


def _windows(lifted: LiftedClips, mixture: Mixture) -> Callable[[int], WindowSampler]:
    return partial(
        WindowSampler,
        lifted.clips,
        lifted.fitted,
        lifted.body,
        mixture=mixture,
        partial=_STUDENT_PARTIAL,
        tumbles=_STUDENT_TUMBLES,
        contacts=lifted.contacts,
    )


class TeacherWindowSampler:
    """Draws windows of all joints for the teacher: half of them exact, half with the detector's noise."""

    def __init__(self, lifted: LiftedClips, seed: int) -> None:
        """Seed the sampler."""
        self._exact = WindowSampler(
            lifted.clips,
            lifted.fitted,
            lifted.body,
            seed,
            mixture=replace(_TEACHER_MIXTURE, exact=1.0),
            noise=_TEACHER_NOISE,
            partial=PartialViews(limbs=0.0, edge=0.0),
            tumbles=_TEACHER_TUMBLES,
            contacts=lifted.contacts,
        )
        # Shares the clips, which are large, and the random numbers.
        self._detected = copy(self._exact)
        self._detected.mixture = replace(_TEACHER_MIXTURE, exact=0.0)

    def draw(self, count: int) -> TeacherWindows:
        """A batch of `count` windows."""
        return TeacherWindows(self._exact.draw(count - count // 2), self._detected.draw(max(count // 2, 1)))
