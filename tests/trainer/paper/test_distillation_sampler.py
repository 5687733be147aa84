"""The student's training data: a teacher's skeletons in new cameras."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from posenet3d_blender.body.model import load_body
from posenet3d_blender.capture.student.features import STUDENT_RATE, STUDENT_WINDOW
from posenet3d_blender.capture.student.lifter.skeleton import LIFTED_JOINTS, LIFTED_NAMES, POINT_OF_LIFTED
from trainer.data.clips import load_clips, resampled
from trainer.data.foot_contacts import contacts_from_clips
from trainer.evaluation.models import CHECKPOINTS
from trainer.paper.geometry import project_points, relative_rotation, up_vector
from trainer.paper.student.distillation_sampler import DistillationSampler, TeacherMotions, run_teacher
from trainer.paper.student.observation import Observer
from trainer.paper.teacher.inference import Teacher
from trainer.paper.teacher.network import load_teacher
from trainer.synthesis.detector_noise import load_detector_noise
from trainer.synthesis.project_clips import project_clips

FRAMES = 120
MOCAP = Path(__file__).parents[4] / "shared" / "data" / "mocap_val.npz"


@pytest.fixture(scope="module")
def motions() -> TeacherMotions:
    """The body at rest, walking past an upright camera 4 m away."""
    body = load_body()
    # Y up to y down is a half turn about x, never a negated axis.
    standing = body.joint_template[list(LIFTED_JOINTS)] * (1, -1, -1)
    path = np.linspace(-1, 1, FRAMES)[:, None] * (1.0, 0, 0) + (0, 0, 4.0)
    joints = (standing[None] + path[:, None]).astype(np.float32)
    return TeacherMotions(
        joints,
        np.ones((FRAMES, 2), np.float32),
        np.array([0]),
        np.array([FRAMES]),
        np.radians([5.0, 15.0]).astype(np.float32),
        ("walk",),
    )


def sampler(motions: TeacherMotions, seed: int, window: int = STUDENT_WINDOW) -> DistillationSampler:
    return DistillationSampler(motions, Observer(load_body(), load_detector_noise(), 0.0), seed, window)


@pytest.mark.parametrize(("window", "count"), [(32, 40), (1, 200)])
def test_the_teachers_prediction_projects_to_the_view(motions: TeacherMotions, window: int, count: int) -> None:
    batch = sampler(motions, seed=0, window=window).draw(count)
    assert batch.features.shape == (count, window, 82)
    assert batch.skeletons.joints.shape == (count, window, 18, 3)
    assert 0.2 * count < batch.real_count < 0.8 * count
    points = project_points(batch.skeletons.joints, batch.view.size)
    torch.testing.assert_close(points, batch.view.points, atol=1e-4, rtol=1e-4)
    of_student = batch.features[..., :54].unflatten(-1, (27, 2))[:, :, list(POINT_OF_LIFTED)]
    error = (of_student - points).norm(dim=-1)
    exact = error.amax((1, 2)) < 1e-3
    assert 0.1 < exact.float().mean() < 0.45, "some windows are exact, most have the detector's noise"
    assert 0.005 < error[~exact].median() < 0.1


def test_bodies_stand_upright_by_the_batchs_elevation(motions: TeacherMotions) -> None:
    batch = sampler(motions, seed=1).draw(64)
    upright = relative_rotation(batch.skeletons.elevation, torch.zeros(64), torch.zeros(64))
    joints = (batch.skeletons.joints @ upright.transpose(1, 2)[:, None])[: batch.real_count]
    head, feet = LIFTED_NAMES.index("head"), [LIFTED_NAMES.index(f"{side}_ankle") for side in ("left", "right")]
    trunk = torch.nn.functional.normalize(joints[:, :, feet].mean(2) - joints[:, :, head], dim=-1)
    # The virtual camera looks at the person a little beside the real one's axis.
    assert trunk[..., 1].min() > 0.97
    azimuths = joints[:, 0, LIFTED_NAMES.index("left_hip")] - joints[:, 0, LIFTED_NAMES.index("right_hip")]
    assert azimuths[:, 0].min() < 0 < azimuths[:, 0].max(), "people are seen from all around"


@pytest.mark.parametrize("keypoint_share", [0.0, 1.0])
def test_up_is_against_gravity_in_the_virtual_camera(motions: TeacherMotions, keypoint_share: float) -> None:
    """Whichever way the camera is turned to the person, of whom parts may be hidden."""
    observer = Observer(load_body(), load_detector_noise(), keypoint_share)
    batch = DistillationSampler(motions, observer, seed=3).draw(64)
    joints = batch.skeletons.joints[: batch.real_count]
    head, feet = LIFTED_NAMES.index("head"), [LIFTED_NAMES.index(f"{side}_ankle") for side in ("left", "right")]
    trunk = torch.nn.functional.normalize(joints[:, :, head] - joints[:, :, feet].mean(2), dim=-1)
    standing = motions.joints[0]
    straight = np.linalg.norm((standing[head] - standing[feet].mean(0))[1]) / np.linalg.norm(
        standing[head] - standing[feet].mean(0)
    )
    along = (trunk * batch.up[: batch.real_count, None]).sum(-1)  # (B, T) cosine of the angle between them
    torch.testing.assert_close(along, torch.full_like(along, float(straight)), atol=1e-4, rtol=0)
    by_elevation = (up_vector(batch.skeletons.elevation) * batch.up).sum(-1)
    torch.testing.assert_close(by_elevation, batch.up[:, 1:].norm(dim=-1), msg="all but the camera's roll")


def test_left_stays_left(motions: TeacherMotions) -> None:
    """A person facing the camera has the left hip on the image's right, mirrored or not."""
    batch = sampler(motions, seed=2).draw(64)
    joints = batch.skeletons.joints[: batch.real_count, 0]
    left, right = (joints[:, LIFTED_NAMES.index(f"{side}_hip")] for side in ("left", "right"))
    toes, ankles = (
        joints[:, [LIFTED_NAMES.index(f"{side}_{part}") for side in ("left", "right")]].sum(1)
        for part in ("foot", "ankle")
    )
    faces_camera = (toes - ankles)[:, 2] < 0
    assert faces_camera.any()
    assert not faces_camera.all()
    assert ((left - right)[faces_camera, 0] > 0).float().mean() > 0.9
    assert ((left - right)[~faces_camera, 0] < 0).float().mean() > 0.9


@pytest.mark.skipif(not MOCAP.is_file(), reason=f"{MOCAP} is not at hand")
def test_contacts_of_lifted_walks_agree_with_the_true_ones() -> None:
    """In the image's plane alone, a fifth of the resting feet of these walks would be found."""
    clips, cameras = load_clips(MOCAP), 3
    walks = clips.select([clips.names.index(name) for name in ("cmu_02_01", "cmu_02_02")])
    at_rate = resampled(walks, STUDENT_RATE)
    of_clips = [contacts_from_clips(at_rate)[start:end] for start, end in at_rate.ranges()]
    true = np.concatenate([contacts for contacts in of_clips for _ in range(cameras)])
    teacher = Teacher(load_teacher(CHECKPOINTS / "paper"), load_body())
    lifted = run_teacher(teacher, project_clips(walks, cameras, seed=0)).contacts
    assert (lifted * true).sum() > 0.88 * lifted.sum()
    assert (lifted * true).sum() > 0.8 * true.sum()
