"""The bundled clip and its truth belong together."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.model import load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.motion import Motion, load_motion

EXAMPLES = Path(__file__).parents[1] / "examples"
RENDERED_BODY = Path(__file__).parents[1] / "examples" / "demo_body.npz"


@pytest.fixture(scope="module")
def truth() -> Motion:
    return load_motion(EXAMPLES / "demo_truth.npz")


def test_truth_is_the_rendered_body_in_these_poses(truth: Motion) -> None:
    """The clip shows the body that shipped before, which the 2D-only recipe's checkpoint still predicts."""
    rest_joints = load_body(RENDERED_BODY).rest_joints(truth.betas)
    joints, _ = forward_kinematics(axis_angle_to_matrix(truth.poses), rest_joints)
    np.testing.assert_allclose(joints + truth.trans[:, None], truth.joints, atol=1e-5)


def test_truth_stands_on_the_floor_and_moves_within_the_picture(truth: Motion) -> None:
    assert truth.camera is not None
    pixels = truth.camera.project(truth.joints)
    assert (pixels > 0).all()
    assert (pixels < truth.camera.image_size).all()
    feet = truth.joints[:, [10, 11], 2].min(axis=1)
    assert (np.abs(feet - 0.03) < 0.05).all()
    assert truth.contacts.any(axis=1).mean() > 0.5


def test_clip_has_the_frames_and_size_of_its_truth(truth: Motion) -> None:
    with av.open(str(EXAMPLES / "demo_clip.mp4")) as video:
        frames = list(video.decode(video=0))
    assert truth.camera is not None
    assert (frames[0].width, frames[0].height) == truth.camera.image_size
    np.testing.assert_allclose([frame.time for frame in frames], truth.time, atol=1e-3)
