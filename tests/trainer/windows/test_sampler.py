"""Training windows: exact ones, single frames, exchanged limbs, other clips' skeletons."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from posenet3d_blender.body.model import Body, load_body
from posenet3d_blender.body.skeleton import JOINT_INDEX, PARENTS
from posenet3d_blender.capture.student.features import STUDENT_POINT_COUNT, STUDENT_RATE, STUDENT_WINDOW
from posenet3d_blender.capture.student.joint_of_point import JOINT_OF_POINT, NO_JOINT
from posenet3d_blender.capture.student.torch_body import forward_kinematics
from trainer.data.clips import Clips
from trainer.data.foot_contacts import FOOT_JOINTS
from trainer.geometry.rotations import axis_angle_to_matrix
from trainer.synthesis.partial_views import PartialViews
from trainer.windows.fit_rotations import FittedClips
from trainer.windows.sampler import Mixture, WindowSampler
from trainer.windows.slow_feet import slow_feet
from trainer.windows.tumbling import Tumbles

EXACT = Mixture(posed=0, recombined=0, reversed=0, joints_only=1, exact=1, clip_bones_of_joints=1, stretch=0)
WHOLE = PartialViews(limbs=0, edge=0)
UPRIGHT = Tumbles(lying=0, upside_down=0)
LEFT_KNEE, LEFT_ELBOW = JOINT_INDEX["left_knee"], JOINT_INDEX["left_elbow"]


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body()


@pytest.fixture(scope="module")
def clips(body: Body) -> tuple[Clips, FittedClips]:
    """Two still people: one with knees and elbows bent by a right angle and a tenth larger, one upright."""
    frames = 40
    rest = body.joint_template.copy()
    rest[1:] -= body.joint_template[list(PARENTS[1:])]
    bones = torch.from_numpy(rest).float().expand(2 * frames, 24, 3).clone()
    bones[:frames] *= 1.1
    bones[:, 0] = 0
    angle = torch.zeros(2 * frames, 24, 3)
    angle[:frames, [LEFT_KNEE, JOINT_INDEX["right_knee"]], 0] = torch.pi / 2
    angle[:frames, LEFT_ELBOW, 1] = -torch.pi / 2
    angle[:frames, JOINT_INDEX["right_elbow"], 1] = torch.pi / 2
    rotations = axis_angle_to_matrix(angle)
    joints, _ = forward_kinematics(rotations, bones)
    offsets = np.array([0, frames, 2 * frames], np.int32)
    positions = Clips(joints.numpy(), np.zeros((2 * frames, 3), np.float32), offsets, ("bent", "straight"), 30.0)
    return positions, FittedClips(rotations.numpy(), bones.numpy())


def bends(rotations: torch.Tensor, joint: int) -> torch.Tensor:
    """(B,) angle of a joint's rotation in the middle of the window, radians."""
    middle = rotations[:, rotations.shape[1] // 2, joint]
    return torch.acos(((middle.diagonal(dim1=-2, dim2=-1).sum(-1) - 1) / 2).clamp(-1, 1))


def test_exact_windows_are_projections_of_their_ground_truth(clips: tuple[Clips, FittedClips], body: Body) -> None:
    windows = WindowSampler(*clips, body, 0, EXACT, partial=WHOLE, tumbles=UPRIGHT).draw(32)
    known = [point for point, joint in enumerate(JOINT_OF_POINT) if joint != NO_JOINT]
    confidence = windows.features[:, :, 2 * STUDENT_POINT_COUNT : 3 * STUDENT_POINT_COUNT]
    assert bool((confidence[:, :, known] == 1).all())
    assert bool((confidence.sum(-1) == len(known)).all()), "only points that motion capture has"
    size = windows.features[:, :, -1:].exp()
    rays = windows.features[:, :, : 2 * STUDENT_POINT_COUNT].unflatten(-1, (STUDENT_POINT_COUNT, 2)) * size[..., None]
    joints, _ = forward_kinematics(windows.rotations, windows.bones[:, None])
    shown = joints[:, :, [JOINT_OF_POINT[point] for point in known]]
    # x = ray * z of each point: least squares for the frame's position must fit exactly.
    target, ray = shown[0, 0].double(), rays[0, 0, known].double()
    equations = torch.zeros(2 * len(known), 3, dtype=torch.float64)
    equations[0::2, 0], equations[1::2, 1] = 1, 1
    equations[0::2, 2], equations[1::2, 2] = -ray[:, 0], -ray[:, 1]
    right = (ray * target[:, 2:] - target[:, :2]).flatten()
    solution = torch.linalg.lstsq(equations, right[:, None]).solution
    residual = equations @ solution - right[:, None]
    assert float(residual.abs().max()) < 1e-3
    assert 1.5 < float(solution[2]) < 9, "metres before the camera"


def test_single_frames_are_windows_of_one(clips: tuple[Clips, FittedClips], body: Body) -> None:
    frames = WindowSampler(*clips, body, 0, window=1).draw(16)
    windows = WindowSampler(*clips, body, 0).draw(16)
    assert frames.features.shape[:2] == (16, 1)
    assert windows.features.shape[:2] == (16, STUDENT_WINDOW)
    assert bool(frames.features.isfinite().all())
    assert frames.contacts.shape == (16, 1, 2)


def test_arms_and_legs_come_from_different_clips(clips: tuple[Clips, FittedClips], body: Body) -> None:
    plain = WindowSampler(*clips, body, 0, EXACT, partial=WHOLE, tumbles=UPRIGHT).draw(300).rotations
    mixed = (
        WindowSampler(*clips, body, 0, replace(EXACT, recombined=1), partial=WHOLE, tumbles=UPRIGHT).draw(300).rotations
    )

    def apart(rotations: torch.Tensor) -> float:
        knee, elbow = bends(rotations, LEFT_KNEE) > 0.8, bends(rotations, LEFT_ELBOW) > 0.8
        return float((knee != elbow).float().mean())

    assert apart(plain) < 0.02
    assert apart(mixed) > 0.2
    torch.testing.assert_close(mixed @ mixed.mT, torch.eye(3).expand_as(mixed), atol=1e-4, rtol=0)


def test_motions_are_combined_with_other_clips_skeletons(clips: tuple[Clips, FittedClips], body: Body) -> None:
    windows = WindowSampler(*clips, body, 0, EXACT, partial=WHOLE, tumbles=UPRIGHT).draw(300)
    large = windows.bones[:, LEFT_KNEE].norm(dim=-1) > 1.05 * float(np.linalg.norm(clips[1].bones[-1, LEFT_KNEE]))
    bent = bends(windows.rotations, LEFT_KNEE) > 0.8
    assert 0.1 < float((large != bent).float().mean()) < 0.4
    assert bool((windows.has_betas == 0).all())


def test_measured_noise_has_no_error_of_the_focal_length(clips: tuple[Clips, FittedClips], body: Body) -> None:
    """Joints with the detector's measured noise have small errors, without a scale error of the focal length."""

    def sizes(mixture: Mixture) -> torch.Tensor:
        sampler = WindowSampler(*clips, body, 5, mixture, partial=WHOLE)
        sampler.views = replace(sampler.views, focal_error=0.5)
        return sampler.draw(200).features[:, 0, -1]

    wrong = sizes(replace(EXACT, exact=0, measured=0))
    known = sizes(replace(EXACT, exact=0, measured=1))
    assert float(known.std()) < 0.8 * float(wrong.std())
    sampler = WindowSampler(*clips, body, 5, replace(EXACT, exact=0, measured=1), partial=WHOLE)
    given = sampler.draw(200).features[:, :, 2 * STUDENT_POINT_COUNT : 3 * STUDENT_POINT_COUNT]
    assert 0.01 < float(((given > 0) & (given <= 0.5)).float().mean()) < 0.5, "some points have low confidence"


@pytest.mark.parametrize(("speed", "rests"), [(0.05, 1.0), (1.0, 0.0)])
def test_feet_that_move_do_not_rest(speed: float, rests: float) -> None:
    joints = torch.zeros(1, STUDENT_WINDOW, 24, 3)
    joints[0, :, FOOT_JOINTS[1], 0] = speed * torch.arange(STUDENT_WINDOW)[:, None] / STUDENT_RATE
    slow = slow_feet(joints)
    assert (slow[..., 0] == 1).all()
    assert (slow[..., 1] == rests).all()


def test_legs_of_other_clips_end_contacts(clips: tuple[Clips, FittedClips], body: Body) -> None:
    """The upright person is carried along at 2 m/s: with a leg that does not rest, no foot does."""
    positions, fitted = clips
    root = positions.root.copy()
    root[40:, 0] = 2.0 * np.arange(40) / STUDENT_RATE
    moving = replace(positions, root=root)
    mixture = replace(EXACT, recombined=0)
    contacts = np.ones((80, 2), np.float32)
    batch = WindowSampler(moving, fitted, body, 0, mixture, partial=WHOLE, tumbles=UPRIGHT, contacts=contacts).draw(64)
    is_carried = bends(batch.rotations, LEFT_KNEE) < 0.8
    assert 10 < is_carried.sum() < 54
    assert batch.contacts[is_carried].mean() < 0.1
    assert batch.contacts[~is_carried].mean() > 0.6
