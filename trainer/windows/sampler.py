"""Random synthetic windows with ground truth, from clips of motion capture.

Every window draws its own speed, mirroring, limbs of several clips, lower body, shape, bone lengths, camera and
detector noise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from posenet3d_blender.body.model import Body
from posenet3d_blender.body.skeleton import JOINT_COUNT, JOINT_INDEX, JOINT_NAMES, MIRRORED_JOINTS, values_by_name
from posenet3d_blender.capture.student.features import STUDENT_WINDOW, normalise_windows
from posenet3d_blender.capture.student.points import StudentPoints
from posenet3d_blender.capture.student.torch_body import forward_kinematics, matrix_to_six_d, six_d_to_matrix

from ..config_checks import require_not_negative, require_shares
from ..data.clips import Clips
from ..data.foot_contacts import contacts_from_clips
from ..geometry.rotations import axis_angle_to_matrix
from ..synthesis.augmentation import NoiseRanges, observe
from ..synthesis.cameras import STATURE, ViewRanges, level_cameras, place_before_camera, project, random_cameras
from ..synthesis.detector_noise import load_detector_noise, simulate_detector_on_windows
from ..synthesis.partial_views import PartialViews, hide_parts
from .fit_rotations import FittedClips
from .slow_feet import slow_feet
from .synthetic_stances import replace_lower_body
from .tumbling import Tumbles, tumble
from .unseen_limbs import relax_unseen_limbs
from .windows import Windows

_BODY_PARTS: Final = (
    ("spine", "neck", "head"),
    *(
        tuple(f"{side}_{joint}" for joint in limb)
        for limb in (("collar", "shoulder", "elbow", "wrist", "hand"), ("hip", "knee", "ankle", "foot"))
        for side in ("left", "right")
    ),
)
"""Trunk, arms and legs, by the names of their joints."""
_PART_OF_JOINT: Final = torch.tensor(
    values_by_name(
        JOINT_NAMES, {name: index for index, names in enumerate(_BODY_PARTS) for name in names}, len(_BODY_PARTS)
    )
).long()
"""Index into _BODY_PARTS; the pelvis is a part of its own that is never exchanged."""
_MIRRORED_SIX_D: Final = torch.tensor([1.0, -1, -1, -1, 1, 1])
_JOINT_DEVIATION: Final = torch.tensor(
    values_by_name(
        JOINT_NAMES,
        {
            "pelvis": 0.08,
            "head": 0.35,
            "neck": 0.15,
            "shoulder": 0.15,
            "hip": 0.1,
            "knee": 0.06,
            "wrist": 0.2,
            "elbow": 0.1,
        },
        0.05,
    ),
    dtype=torch.float32,
)
"""Standard deviation, radians, of random rotations added to each joint, before the window's own factor; the head's own
rotation is in no clip."""
_LEG: Final = [JOINT_INDEX["left_knee"], JOINT_INDEX["left_ankle"]]


@dataclass(frozen=True)
class Mixture:
    """Shares of windows that get each kind of augmentation."""

    posed: float = 0.2
    """Windows whose lower body moves between synthetic stances."""
    recombined: float = 0.4
    """Windows whose trunk, arms and legs are each mixed with those of other windows."""
    reversed: float = 0.1
    perturbation: float = 1.0
    """Factor of the random rotations that are added to each joint."""
    joints_only: float = 0.4
    """Windows of SMPL joints in place of the detector's keypoints."""
    exact: float = 0.7
    """Of those, windows without noise, in a level camera of known focal length."""
    clip_bones_of_joints: float = 0.85
    """Of windows of joints, which come from motion capture, those on a clip's own skeleton. Keypoints are always those
    of the body."""
    stretch: float = 0.05
    """Mean standard deviation of a bone's length, as a share of it, before left and right are averaged; each window's
    own is drawn uniformly from 0 to twice this."""
    measured: float = 0.6
    """Of windows with noise, those with the measured noise of the add-on's detector."""
    point_offset: float = 0.012
    """Standard deviation, metres, of a keypoint's place on the body."""

    def __post_init__(self) -> None:
        shares = ("posed", "recombined", "reversed", "joints_only", "exact", "clip_bones_of_joints", "measured")
        require_shares(self, *shares)
        require_not_negative(self)


@dataclass
class WindowSampler:
    """Draws `Windows` from fitted clips."""

    clips: Clips
    fitted: FittedClips
    body: Body
    seed: int
    mixture: Mixture = field(default_factory=Mixture)
    views: ViewRanges = field(default_factory=ViewRanges)
    noise: NoiseRanges = field(default_factory=NoiseRanges)
    partial: PartialViews = field(default_factory=PartialViews)
    tumbles: Tumbles = field(default_factory=Tumbles)
    weights: Tensor | None = None
    """(C,) how often a frame of each clip is drawn; None: all alike."""
    contacts: NDArray[np.float32] | None = None
    """(N, 2) 1 where the left or right foot rests; None: as `contacts_from_clips` finds."""
    window: int = STUDENT_WINDOW
    """Samples in a window; 1 for single frames."""

    def __post_init__(self) -> None:
        self.generator = torch.Generator().manual_seed(self.seed)
        self._six_d = matrix_to_six_d(torch.from_numpy(self.fitted.rotations)).half()
        self._root = torch.from_numpy(self.clips.root)
        contacts = contacts_from_clips(self.clips) if self.contacts is None else self.contacts
        self._contacts = torch.from_numpy(contacts).float()
        self._clip_bones = torch.from_numpy(self.fitted.bones)
        self._detector_noise = load_detector_noise()
        ranges = self.clips.ranges()
        self._starts = torch.tensor([start for start, _ in ranges])
        self._lengths = torch.tensor([end - start for start, end in ranges])
        self._frequencies = self._lengths * (torch.ones(len(ranges)) if self.weights is None else self.weights)
        self._points_on_body = StudentPoints(self.body)
        self._body_bones = self._points_on_body.body_bones

    def draw(self, count: int) -> Windows:
        """A batch of `count` windows."""
        # Motion in Y-up: (B, T, 24, 3, 3), (B, T, 3), (B, T, 2), (B, 24, 3).
        rotations, root, contacts, clip_bones = self._motions(count)
        rotations = self._perturb(rotations)
        joints_only = self._random_mask(count, self.mixture.joints_only)
        exact = joints_only & self._random_mask(count, self.mixture.exact)
        bones, betas, has_betas = self._skeletons(joints_only, clip_bones)  # (B, 24, 3), (B, 10), (B,)
        root = root * (_leg_length(bones) / _leg_length(clip_bones))[:, None, None]
        self._replace_lower_bodies(rotations, root, contacts, bones)
        contacts[tumble(rotations, root, self.tumbles, self.generator)] = 0.0
        cameras = random_cameras(count, self.views, self.generator)  # (B, 3, 3)
        cameras[exact] = level_cameras(count, self.views, self.generator)[exact]
        rotations[:, :, 0] = cameras[:, None] @ rotations[:, :, 0]
        joints, world = forward_kinematics(rotations, bones[:, None])  # (B, T, 24, 3), (B, T, 24, 3, 3)
        path = place_before_camera((cameras[:, None] @ root[..., None])[..., 0], self.views, self.generator)
        contacts *= slow_feet(joints + path[:, :, None])
        points, given = self._points(joints, world, bones, betas, joints_only)  # (B, T, 27, 3), (B, 27)
        placed = points + path[:, :, None]
        rays, confidence = observe(placed, self.views, self.noise, self.generator)  # (B, T, 27, 2), (B, T, 27)
        self._apply_measured_noise(rays, confidence, placed, joints_only)
        rays[exact], confidence[exact] = project(placed[exact]), 1.0
        confidence = confidence * given[:, None]
        hide_parts(rays, confidence, self.partial, self.generator)
        relax_unseen_limbs(rotations, confidence, cameras[:, :, 1])
        student_input = normalise_windows(rays.numpy(), confidence.numpy())
        view = torch.from_numpy(student_input.view_rotations)  # (B, 3, 3)
        rotations[:, :, 0] = view[:, None] @ rotations[:, :, 0]
        up = (view @ cameras)[:, :, 1]
        return Windows(torch.from_numpy(student_input.features), rotations, bones, betas, has_betas, up, contacts)

    def _motions(self, count: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Rotations (B, T, 24, 3, 3), root (B, T, 3), contacts (B, T, 2) and the clips' bones (B, 24, 3), in Y-up."""
        speed = torch.exp(0.3 * torch.randn(count, generator=self.generator)).clamp(0.5, 1.8)
        six_d, root, contacts, bones = self._windows_at(count, speed)
        mirrored = self._random_mask(count, 0.5)
        flip = torch.tensor([-1.0, 1.0, 1.0])
        six_d[mirrored] = six_d[mirrored][:, :, list(MIRRORED_JOINTS)] * _MIRRORED_SIX_D
        root[mirrored] = root[mirrored] * flip
        contacts[mirrored] = contacts[mirrored].flip(-1)
        bones = bones.clone()
        bones[mirrored] = bones[mirrored][:, list(MIRRORED_JOINTS)] * flip
        backwards = self._random_mask(count, self.mixture.reversed)
        for track in (six_d, root, contacts):
            track[backwards] = track[backwards].flip(1)
        return six_d_to_matrix(self._recombine(six_d)), root, contacts, bones

    def _recombine(self, six_d: Tensor) -> Tensor:
        """Rotations (B, T, 24, 6) with body parts of some windows replaced by, or blended with, those of others."""
        count = len(six_d)
        partners = torch.randint(count, (count, len(_BODY_PARTS) + 1), generator=self.generator)[:, _PART_OF_JOINT]
        share = (2 * torch.rand(count, len(_BODY_PARTS) + 1, generator=self.generator)).clamp(max=1)
        chosen = self._random_mask(count, self.mixture.recombined)[:, None] & (
            torch.rand(count, len(_BODY_PARTS) + 1, generator=self.generator) < 0.6
        )
        chosen[:, -1] = False
        share = (share * chosen)[:, _PART_OF_JOINT]
        moments = torch.arange(six_d.shape[1])[None, :, None]
        other = six_d[partners[:, None], moments, torch.arange(JOINT_COUNT)]
        return torch.lerp(six_d, other, share[:, None, :, None])

    def _windows_at(self, count: int, speed: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Rotations (B, T, 24, 6), root (B, T, 3), contacts (B, T, 2) and bones (B, 24, 3) at speeds (B,)."""
        span = (self.window - 1) * speed
        clip = torch.multinomial(self._frequencies, count, replacement=True, generator=self.generator)
        length = self._lengths[clip].float()
        slack = (length - 1 - span).clamp(min=0)
        first = slack * torch.rand(count, generator=self.generator)
        moments = (
            (first[:, None] + torch.arange(self.window) * speed[:, None]).minimum(length[:, None] - 1.001).clamp(min=0)
        )
        before = moments.long()
        share = (moments - before)[..., None]
        before = before + self._starts[clip][:, None]
        after = before + 1
        six_d = torch.lerp(self._six_d[before].float(), self._six_d[after].float(), share[..., None])
        root = torch.lerp(self._root[before], self._root[after], share)
        return six_d, root, self._contacts[before].clone(), self._clip_bones[before[:, 0]]

    def _perturb(self, rotations: Tensor) -> Tensor:
        """Add random rotations to the joints that change linearly over the window, for poses beyond the clips'."""
        count = len(rotations)
        # Some windows stay near the clip's poses, others go far.
        reach = self.mixture.perturbation * (0.3 + 1.7 * torch.rand(count, 1, 1, 1, generator=self.generator) ** 2)
        ends = reach * torch.randn(2, count, 1, JOINT_COUNT, 3, generator=self.generator) * _JOINT_DEVIATION[:, None]
        ends[:, :, :, JOINT_INDEX["head"], 1] *= 1.6
        for elbow in ("left_elbow", "right_elbow"):
            # The forearm's twist shows at the knuckles only, and is in no clip.
            ends[:, :, :, JOINT_INDEX[elbow], 0] *= 5
        moment = torch.linspace(0, 1, self.window)[None, :, None, None]
        return rotations @ axis_angle_to_matrix((1 - moment) * ends[0] + moment * ends[1])

    def _skeletons(self, joints_only: Tensor, clip_bones: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Bones (B, 24, 3), shapes (B, 10), and 1 where the bones are of the shape (B,)."""
        count = len(clip_bones)
        betas = torch.randn(count, self.body.joint_directions.shape[-1], generator=self.generator)
        bones = self._body_bones(betas)
        of_clip = joints_only & self._random_mask(count, self.mixture.clip_bones_of_joints)
        # Half of the skeletons come from another clip than the motion.
        owners = torch.where(
            self._random_mask(count, 0.5), torch.randint(count, (count,), generator=self.generator), torch.arange(count)
        )
        bones[of_clip] = clip_bones[owners][of_clip]
        deviation = 2 * self.mixture.stretch * torch.rand(count, 1, 1, generator=self.generator)
        stretch = 1 + deviation * torch.randn(count, JOINT_COUNT, 1, generator=self.generator)
        stretch = (stretch + stretch[:, list(MIRRORED_JOINTS)]) / 2
        return bones * stretch, betas, (~of_clip).float()

    def _replace_lower_bodies(self, rotations: Tensor, root: Tensor, contacts: Tensor, bones: Tensor) -> None:
        """Move some windows between synthetic stances, in place."""
        chosen = self._random_mask(len(rotations), self.mixture.posed)
        if chosen.any():
            rotations[chosen], root[chosen] = replace_lower_body(rotations[chosen], bones[chosen], self.generator)
            contacts[chosen] = 1.0

    def _points(
        self, joints: Tensor, world: Tensor, bones: Tensor, betas: Tensor, joints_only: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The student's points (B, T, 27, 3) on posed bodies, and 1 where they are given (B, 27)."""
        offsets = self._points_on_body.keypoint_offsets(bones, betas)  # (B, 25, 3)
        offsets = offsets + self.mixture.point_offset * torch.randn(offsets.shape, generator=self.generator)
        at_joints = joints_only.float()
        points = self._points_on_body(joints, world, offsets, at_joints)
        return points, self._points_on_body.given(at_joints)

    def _apply_measured_noise(self, rays: Tensor, confidence: Tensor, points: Tensor, joints_only: Tensor) -> None:
        """Give some windows the detector's measured noise, in place; windows of joints have a known focal length."""
        chosen = self._random_mask(len(rays), self.mixture.measured)
        if not chosen.any():
            return
        exact, placed = project(points[chosen]), points[chosen]  # (B', T, 27, 2), (B', T, 27, 3)
        heights = STATURE / placed[..., 2].mean(2).clamp(min=0.5)  # (B', T)
        detected, certainty = simulate_detector_on_windows(
            exact.numpy(), heights.numpy(), self._detector_noise, self.generator
        )
        focal = torch.exp(self.views.focal_error * torch.randn(len(placed), 1, 1, 1, generator=self.generator))
        focal[joints_only[chosen]] = 1.0
        rays[chosen] = torch.from_numpy(detected) * focal
        # Missing parts remain missing.
        confidence[chosen] = torch.from_numpy(certainty) * (confidence[chosen] > 0)

    def _random_mask(self, count: int, share: float) -> Tensor:
        """(count,) true with probability `share`."""
        return torch.rand(count, generator=self.generator) < share


def _leg_length(bones: Tensor) -> Tensor:
    """(B,) metres, of rest bones (B, 24, 3)."""
    result: Tensor = bones[:, _LEG].norm(dim=-1).sum(-1)
    return result
