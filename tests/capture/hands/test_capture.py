"""Captures with and without fingers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from posenet3d_blender.body.keypoints import body_keypoints
from posenet3d_blender.body.model import load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.body.skeleton import JOINT_INDEX
from posenet3d_blender.capture.hands.solve_hands import turn_wrist, twist_about
from posenet3d_blender.capture.pipeline import Capture, CaptureSettings, capture_video
from posenet3d_blender.capture.solve.posed_body import PosedBody

SETTINGS = CaptureSettings(device="cpu", detector="full", end=0.5)


@pytest.fixture(scope="module")
def captures(demo_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Capture]:
    """Half a second, by the choice of hands; "cached" is off again, from the cache of on."""
    folder = tmp_path_factory.mktemp("detections")
    off = capture_video(demo_clip, replace(SETTINGS, hands="off"))
    on = capture_video(demo_clip, replace(SETTINGS, hands="on", cache_folder=folder))
    cached = capture_video(demo_clip, replace(SETTINGS, hands="off", cache_folder=folder))
    again = capture_video(demo_clip, replace(SETTINGS, hands="on", cache_folder=folder))
    return {"off": off, "on": on, "cached": cached, "again": again}


def test_off_gives_the_body_alone(captures: dict[str, Capture]) -> None:
    motion = captures["off"].motions[0]
    assert motion.left_hand_pose is None
    assert motion.right_hand_confidence is None
    assert captures["off"].keypoints[0].hands is None


def test_the_search_for_hands_leaves_the_bodys_joints_alone(captures: dict[str, Capture]) -> None:
    np.testing.assert_array_equal(captures["on"].keypoints[0].points, captures["off"].keypoints[0].points)
    hands = [JOINT_INDEX["left_hand"], JOINT_INDEX["right_hand"]]
    off, on = (np.delete(captures[name].motions[0].joints, hands, axis=1) for name in ("off", "on"))
    np.testing.assert_allclose(on, off, atol=1e-9)


def test_the_cache_serves_captures_with_and_without_fingers(captures: dict[str, Capture]) -> None:
    assert captures["cached"].motions[0].left_hand_pose is None
    assert "landmarks" not in captures["cached"].seconds
    assert "landmarks" not in captures["again"].seconds
    first, second = captures["on"].motions[0].left_hand_pose, captures["again"].motions[0].left_hand_pose
    assert first is not None
    assert second is not None
    np.testing.assert_allclose(second, first, atol=0.02)


def test_fingers_have_a_pose_and_a_confidence_in_every_frame(captures: dict[str, Capture]) -> None:
    motion = captures["on"].motions[0]
    for pose, confidence in (
        (motion.left_hand_pose, motion.left_hand_confidence),
        (motion.right_hand_pose, motion.right_hand_confidence),
    ):
        assert pose is not None
        assert confidence is not None
        assert pose.shape == (motion.frame_count, 45)
        assert np.isfinite(pose).all()
        assert ((confidence >= 0) & (confidence <= 1)).all()


def test_a_twisted_hand_turns_the_forearm_by_half_and_moves_no_joint() -> None:
    body = load_body()
    rotations = np.tile(np.eye(3), (4, 24, 1, 1))
    state = PosedBody(body, body_keypoints(body), rotations, np.zeros((4, 3)), np.zeros(10))
    elbow, wrist = JOINT_INDEX["left_elbow"], JOINT_INDEX["left_wrist"]
    forearm = state.rest_joints[wrist] - state.rest_joints[elbow]
    forearm /= np.linalg.norm(forearm)
    twist = axis_angle_to_matrix(np.linspace(0, 2.4, 4)[:, None] * forearm)
    bend = axis_angle_to_matrix(np.array([0.0, 0.0, 0.5]))
    turned = turn_wrist(state, 0, twist @ bend)
    np.testing.assert_allclose(turned.world_rotations[:, wrist], twist @ bend, atol=1e-9)
    others = slice(0, JOINT_INDEX["left_hand"])
    np.testing.assert_allclose(turned.joints[:, others], state.joints[:, others], atol=1e-9)
    of_elbow = twist_about(turned.rotations[:, elbow], forearm)
    of_wrist = twist_about(turned.rotations[:, wrist], forearm)
    np.testing.assert_allclose(of_elbow, of_wrist, atol=0.2)
    assert of_elbow[-1] == pytest.approx(1.2, abs=0.2)


def test_a_misread_moment_leaves_no_whole_turn_in_the_forearm() -> None:
    angles = np.concatenate([np.linspace(0.2, 2 * np.pi + 0.2, 20), np.full(20, 0.2)])
    rotations = axis_angle_to_matrix(angles[:, None] * np.array([1.0, 0.0, 0.0]))
    twist = twist_about(rotations, np.array([1.0, 0.0, 0.0]))
    assert np.abs(twist).max() <= np.pi
    np.testing.assert_allclose(twist[20:], 0.2, atol=1e-9)
