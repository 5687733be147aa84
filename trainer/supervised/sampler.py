"""Endless windows of made-up observations with their exact truth, from clips of motion capture.

Every window is a new mixture: speed, mirror, limbs of different clips, posed legs, shape and bone lengths, a camera,
the detector's faults.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from posenet3d_blender.body.keypoints import KEYPOINT_COUNT, KEYPOINT_JOINTS, KEYPOINT_NAMES, body_keypoints
from posenet3d_blender.body.model import Body
from posenet3d_blender.body.skeleton import JOINT_COUNT, JOINT_INDEX, JOINT_NAMES, MIRRORED_JOINTS, PARENTS
from posenet3d_blender.capture.student.features import STUDENT_WINDOW, normalise_windows

from ..data.clips import Clips
from ..geometry.body_bones import BodyBones
from ..geometry.kinematics import axis_angle_to_matrix, forward_kinematics, matrix_to_six_d, six_d_to_matrix
from ..synthesis.augmentation import NoiseRanges, observe
from ..synthesis.cameras import STATURE, ViewRanges, level_cameras, place_before_camera, project, random_cameras
from ..synthesis.detector_noise import load_detector_noise, simulate_detector
from ..synthesis.joint_of_point import JOINT_OF_POINT, NO_JOINT
from ..synthesis.partial_views import PartialViews, hide_parts
from .fit_rotations import FittedClips
from .foot_contacts import contacts_from_clips
from .synthetic_stances import replace_lower_body
from .tumbling import Tumbles, tumble
from .unseen_limbs import relax_unseen_limbs

_PARTS = {
    "trunk": ("spine", "neck", "head"),
    **{
        f"{side}_arm": tuple(f"{side}_{part}" for part in ("collar", "shoulder", "elbow", "wrist", "hand"))
        for side in ("left", "right")
    },
    **{
        f"{side}_leg": tuple(f"{side}_{part}" for part in ("hip", "knee", "ankle", "foot"))
        for side in ("left", "right")
    },
}
_PART_OF_JOINT = [
    next((index for index, names in enumerate(_PARTS.values()) if name.startswith(names)), len(_PARTS))
    for name in JOINT_NAMES
]
"""Index into _PARTS; the pelvis is a part of its own that is never exchanged."""
_MIRRORED_SIX_D = torch.tensor([1.0, -1, -1, -1, 1, 1])
_JOINT_OF_KEYPOINT = JOINT_OF_POINT[:KEYPOINT_COUNT]
# Constant deviation (radians) of each window's joints from the clip's; the head's own turn no clip holds.
_JOINT_DEVIATION = {"head": 0.35, "neck": 0.15, "shoulder": 0.15, "hip": 0.1, "knee": 0.06, "wrist": 0.2, "elbow": 0.1}
_LEG = [JOINT_INDEX["left_knee"], JOINT_INDEX["left_ankle"]]


@dataclass(frozen=True)
class Mixture:
    """Shares of windows that get each change."""

    posed: float = 0.2
    recombined: float = 0.4
    """Windows whose trunk, arms and legs are mixed with those of other windows, each by itself."""
    reversed: float = 0.1
    joints_only: float = 0.4
    """Windows that give SMPL joints in place of the detector's keypoints."""
    exact: float = 0.7
    """Of those, windows without any fault, seen by a level camera of known focal length."""
    clip_bones_of_joints: float = 0.85
    """Of windows that give joints, those on a clip's own skeleton: such come from motion capture. Keypoints are always
    the body's, where the detector sees them on people."""
    stretch: float = 0.05
    """Largest mean deviation of a bone's length, as a share."""
    measured: float = 0.6
    """Of windows with faults, those whose faults are as measured on our detector."""
    point_offset: float = 0.012
    """Deviation in metres of where a keypoint lies on the body."""


@dataclass(frozen=True)
class Windows:
    """A batch of observations and their truth; frames as in `student_network.StudentOutput`."""

    features: Tensor
    """(B, T, 82)"""
    rotations: Tensor
    """(B, T, 24, 3, 3) relative to the parent, the pelvis's in the virtual camera."""
    bones: Tensor
    """(B, 24, 3) rest bones, metres."""
    betas: Tensor
    """(B, 10)"""
    has_betas: Tensor
    """(B,) 0 where the skeleton is a clip's own."""
    up: Tensor
    """(B, 3)"""
    contacts: Tensor
    """(B, T, 2) 0 or 1."""


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
    """(C,) how often each clip's frames are drawn; None: all alike."""
    window: int = STUDENT_WINDOW
    """Samples in a window; 1 for single frames."""

    def __post_init__(self) -> None:
        self.generator = torch.Generator().manual_seed(self.seed)
        self._six_d = matrix_to_six_d(torch.from_numpy(self.fitted.rotations)).half()
        self._root = torch.from_numpy(self.clips.root)
        self._contacts = torch.from_numpy(contacts_from_clips(self.clips)).float()
        self._clip_bones = torch.from_numpy(self.fitted.bones)
        self._detector_noise = load_detector_noise()
        ranges = self.clips.ranges()
        self._starts = torch.tensor([start for start, _ in ranges])
        self._lengths = torch.tensor([end - start for start, end in ranges])
        self._frequencies = self._lengths * (torch.ones(len(ranges)) if self.weights is None else self.weights)
        keypoints = body_keypoints(self.body)
        carriers = list(KEYPOINT_JOINTS)
        self._arms = _tensor(keypoints.template - self.body.joint_template[carriers])
        self._arm_directions = _tensor(keypoints.directions - self.body.joint_directions[carriers])
        self._body_bones = BodyBones(self.body)

    def draw(self, count: int) -> Windows:
        """A batch of `count` windows."""
        rotations, root, contacts, clip_bones = self._motions(count)
        rotations = self._perturb(rotations)
        joints_only = self._some(count, self.mixture.joints_only)
        exact = joints_only & self._some(count, self.mixture.exact)
        bones, betas, has_betas = self._skeletons(joints_only, clip_bones)
        root = root * (_leg_length(bones) / _leg_length(clip_bones))[:, None, None]
        self._pose_some(rotations, root, contacts, bones)
        contacts[tumble(rotations, root, self.tumbles, self.generator)] = 0.0
        cameras = random_cameras(count, self.views, self.generator)
        cameras[exact] = level_cameras(count, self.views, self.generator)[exact]
        rotations[:, :, 0] = cameras[:, None] @ rotations[:, :, 0]
        joints, world = forward_kinematics(rotations, bones[:, None])
        path = place_before_camera((cameras[:, None] @ root[..., None])[..., 0], self.views, self.generator)
        points, given = self._points(joints, world, bones, betas, joints_only)
        placed = points + path[:, :, None]
        rays, confidence = observe(placed, self.views, self.noise, self.generator)
        self._as_measured(rays, confidence, placed, joints_only)
        rays[exact], confidence[exact] = project(placed[exact]), 1.0
        confidence = confidence * given[:, None]
        hide_parts(rays, confidence, self.partial, self.generator)
        relax_unseen_limbs(rotations, confidence, cameras[:, :, 1])
        student_input = normalise_windows(rays.numpy(), confidence.numpy())
        view = torch.from_numpy(student_input.view_rotations)
        rotations[:, :, 0] = view[:, None] @ rotations[:, :, 0]
        up = (view @ cameras)[:, :, 1]
        return Windows(torch.from_numpy(student_input.features), rotations, bones, betas, has_betas, up, contacts)

    def _motions(self, count: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Rotations (B, T, 24, 3, 3), root (B, T, 3), contacts (B, T, 2) and the clips' bones (B, 24, 3), in Y-up."""
        speed = torch.exp(0.3 * torch.randn(count, generator=self.generator)).clamp(0.5, 1.8)
        six_d, root, contacts, bones = self._windows_at(count, speed)
        mirrored = self._some(count, 0.5)
        flip = torch.tensor([-1.0, 1.0, 1.0])
        six_d[mirrored] = six_d[mirrored][:, :, list(MIRRORED_JOINTS)] * _MIRRORED_SIX_D
        root[mirrored] = root[mirrored] * flip
        contacts[mirrored] = contacts[mirrored].flip(-1)
        bones = bones.clone()
        bones[mirrored] = bones[mirrored][:, list(MIRRORED_JOINTS)] * flip
        backwards = self._some(count, self.mixture.reversed)
        for track in (six_d, root, contacts):
            track[backwards] = track[backwards].flip(1)
        return six_d_to_matrix(self._recombined(six_d)), root, contacts, bones

    def _recombined(self, six_d: Tensor) -> Tensor:
        """Mix the parts of some bodies (B, T, 24, 6) with those of others: taken over, or anything between both."""
        count = len(six_d)
        partners = torch.randint(count, (count, len(_PARTS) + 1), generator=self.generator)[:, _PART_OF_JOINT]
        share = (2 * torch.rand(count, len(_PARTS) + 1, generator=self.generator)).clamp(max=1)
        chosen = self._some(count, self.mixture.recombined)[:, None] & (
            torch.rand(count, len(_PARTS) + 1, generator=self.generator) < 0.6
        )
        chosen[:, -1] = False
        share = (share * chosen)[:, _PART_OF_JOINT]
        moments = torch.arange(six_d.shape[1])[None, :, None]
        other = six_d[partners[:, None], moments, torch.arange(JOINT_COUNT)]
        return torch.lerp(six_d, other, share[:, None, :, None])

    def _windows_at(self, count: int, speed: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        span = (self.window - 1) * speed
        clip = torch.multinomial(self._frequencies, count, replacement=True, generator=self.generator)
        length = self._lengths[clip].float()
        room = (length - 1 - span).clamp(min=0)
        first = room * torch.rand(count, generator=self.generator)
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
        """Turn joints by a constant and a slow swing, so that poses go beyond the clips'."""
        count = len(rotations)
        deviation = torch.tensor(
            [next((v for k, v in _JOINT_DEVIATION.items() if k in name), 0.05) for name in JOINT_NAMES]
        )
        deviation[0] = 0.08
        # Some bodies stay near the clip's pose, others go far.
        reach = 0.3 + 1.7 * torch.rand(count, 1, 1, 1, generator=self.generator) ** 2
        ends = reach * torch.randn(2, count, 1, JOINT_COUNT, 3, generator=self.generator) * deviation[:, None]
        ends[:, :, :, JOINT_INDEX["head"], 1] *= 1.6
        for elbow in ("left_elbow", "right_elbow"):
            # The forearm's twist shows at the knuckles only; no clip holds it.
            ends[:, :, :, JOINT_INDEX[elbow], 0] *= 5
        moment = torch.linspace(0, 1, self.window)[None, :, None, None]
        return rotations @ axis_angle_to_matrix((1 - moment) * ends[0] + moment * ends[1])

    def _skeletons(self, joints_only: Tensor, clip_bones: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Bones (B, 24, 3), the betas (B, 10) they come from and where that holds (B,)."""
        count = len(clip_bones)
        betas = torch.randn(count, self.body.joint_directions.shape[-1], generator=self.generator)
        bones = self._body_bones(betas)
        of_clip = joints_only & self._some(count, self.mixture.clip_bones_of_joints)
        # Anybody may move as anybody: half of the skeletons come from another clip than the motion.
        owners = torch.where(
            self._some(count, 0.5), torch.randint(count, (count,), generator=self.generator), torch.arange(count)
        )
        bones[of_clip] = clip_bones[owners][of_clip]
        deviation = 2 * self.mixture.stretch * torch.rand(count, 1, 1, generator=self.generator)
        stretch = 1 + deviation * torch.randn(count, JOINT_COUNT, 1, generator=self.generator)
        stretch = (stretch + stretch[:, list(MIRRORED_JOINTS)]) / 2
        return bones * stretch, betas, (~of_clip).float()

    def _pose_some(self, rotations: Tensor, root: Tensor, contacts: Tensor, bones: Tensor) -> None:
        chosen = self._some(len(rotations), self.mixture.posed)
        if chosen.any():
            rotations[chosen], root[chosen] = replace_lower_body(rotations[chosen], bones[chosen], self.generator)
            contacts[chosen] = 1.0

    def _points(
        self, joints: Tensor, world: Tensor, bones: Tensor, betas: Tensor, joints_only: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The student's points (B, T, 27, 3) on posed bodies, and which of them are given (B, 27)."""
        count = len(joints)
        carriers = list(KEYPOINT_JOINTS)
        arms = self._arms + (self._arm_directions @ betas[:, None, :, None])[..., 0]
        own = self._body_bones(betas)
        for index, (joint, carrier) in enumerate(zip(_JOINT_OF_KEYPOINT, carriers, strict=True)):
            # A point that lies at one joint and rides on its parent follows the skeleton's own bone.
            if joint != NO_JOINT and PARENTS[joint] == carrier:
                arms[:, index] += bones[:, joint] - own[:, joint]
        arms = arms + self.mixture.point_offset * torch.randn(arms.shape, generator=self.generator)
        keypoints = joints[:, :, carriers] + (world[:, :, carriers] @ arms[:, None, :, :, None])[..., 0]
        known = torch.tensor([joint != NO_JOINT for joint in _JOINT_OF_KEYPOINT])
        keypoints = torch.where(
            (joints_only[:, None] & known)[:, None, :, None], joints[:, :, list(_JOINT_OF_KEYPOINT)], keypoints
        )
        given = torch.zeros(count, len(KEYPOINT_NAMES) + 2)
        given[:, :-2] = torch.where(joints_only[:, None], known.float(), torch.ones(len(KEYPOINT_NAMES)))
        neck_and_head = joints[:, :, [JOINT_INDEX["neck"], JOINT_INDEX["head"]]]
        given[:, -2:] = joints_only[:, None].float()
        return torch.cat([keypoints, neck_and_head], 2), given

    def _as_measured(self, rays: Tensor, confidence: Tensor, points: Tensor, joints_only: Tensor) -> None:
        """Show some windows as our detector would; where it gives joints, the focal length is known besides."""
        chosen = self._some(len(rays), self.mixture.measured)
        if not chosen.any():
            return
        true_rays, seen = project(points[chosen]), points[chosen]
        heights = STATURE / seen[..., 2].mean(2).clamp(min=0.5)
        # One window after another as if they were one clip: what lasts over their borders does no harm.
        missed, sure = simulate_detector(
            true_rays.flatten(0, 1).numpy(), heights.flatten().numpy(), self._detector_noise, self.generator
        )
        focal = torch.exp(self.views.focal_error * torch.randn(len(seen), 1, 1, 1, generator=self.generator))
        focal[joints_only[chosen]] = 1.0
        rays[chosen] = torch.from_numpy(missed).float().unflatten(0, true_rays.shape[:2]) * focal
        # Parts that some detectors do not give stay away.
        confidence[chosen] = torch.from_numpy(sure).float().unflatten(0, true_rays.shape[:2]) * (confidence[chosen] > 0)

    def _some(self, count: int, share: float) -> Tensor:
        return torch.rand(count, generator=self.generator) < share


def _leg_length(bones: Tensor) -> Tensor:
    """(B,) metres, of rest bones (B, 24, 3)."""
    return bones[:, _LEG].norm(dim=-1).sum(-1)


def _tensor(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))
