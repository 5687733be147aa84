"""Rotations fitted to joint positions: limbs' directions, and each subject's own rest pose."""

from __future__ import annotations

import numpy as np
import pytest

from posenet3d_blender.arrays import Array, FloatArray
from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.model import load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix, matrix_to_axis_angle
from posenet3d_blender.body.skeleton import JOINT_COUNT, JOINT_INDEX, PARENTS
from posenet3d_blender.capture.student.torch_body import parent_offsets
from trainer.data.clips import Clips
from trainer.windows.fit_rotations import FittedClips, fit_clips, fit_lifted_clips, subject_frames

FRAMES = 240
LIMBS = [JOINT_INDEX[f"{side}_{part}"] for side in ("left", "right") for part in ("knee", "ankle", "elbow", "wrist")]


@pytest.fixture(scope="module")
def body_bones() -> Array:
    return np.asarray(parent_offsets(load_body().joint_template), np.float64)


def exercise() -> Array:
    """(T, 24, 3) axis-angle: stands straight with hanging arms half of the time, then squats and flexes the arms."""
    poses = np.zeros((FRAMES, JOINT_COUNT, 3))
    depth = np.sin(np.linspace(0, np.pi, FRAMES // 2)) ** 2
    bend = np.concatenate([np.zeros(FRAMES - len(depth)), depth])
    for side, sign in (("left", 1.0), ("right", -1.0)):
        poses[:, JOINT_INDEX[f"{side}_shoulder"], 2] = -sign * 1.2
        poses[:, JOINT_INDEX[f"{side}_elbow"], 1] = -sign * (0.1 + 1.2 * bend)
        poses[:, JOINT_INDEX[f"{side}_hip"], 0] = -1.2 * bend
        poses[:, JOINT_INDEX[f"{side}_knee"], 0] = 0.05 + 1.6 * bend
        poses[:, JOINT_INDEX[f"{side}_ankle"], 0] = -0.4 * bend
    poses[:, JOINT_INDEX["spine2"], 0] = 0.4 * bend
    poses[:, 0, 1] = 0.7
    return poses


def clips_of(poses: Array, bones: Array, names: tuple[str, ...] = ("cmu_99_01",)) -> Clips:
    rest = np.zeros((JOINT_COUNT, 3))
    for joint in range(1, JOINT_COUNT):
        rest[joint] = rest[PARENTS[joint]] + bones[joint]
    joints, _ = forward_kinematics(axis_angle_to_matrix(poses), rest)
    offsets = np.linspace(0, len(poses), len(names) + 1).astype(np.int32)
    relative = (joints - joints[:, :1]).astype(np.float32)
    return Clips(relative, np.zeros((len(poses), 3), np.float32), offsets, names, 30.0)


def forward_kinematics_of(fitted: FittedClips) -> tuple[Array, Array]:
    rotations, bones = fitted.rotations.astype(np.float64), fitted.bones[0].astype(np.float64)
    rest = np.zeros((JOINT_COUNT, 3))
    for joint in range(1, JOINT_COUNT):
        rest[joint] = rest[PARENTS[joint]] + bones[joint]
    return forward_kinematics(rotations, rest)


def angles_about_x(rotations: FloatArray, name: str) -> Array:
    degrees: Array = np.degrees(matrix_to_axis_angle(rotations[:, JOINT_INDEX[name]].astype(np.float64))[:, 0])
    return degrees


def test_the_bodys_own_motion_comes_back(body_bones: Array) -> None:
    poses = exercise()
    fitted = fit_clips(clips_of(poses, body_bones), body_bones)
    off = np.swapaxes(axis_angle_to_matrix(poses), -1, -2) @ fitted.rotations
    angles = np.degrees(np.linalg.norm(matrix_to_axis_angle(off), axis=-1))
    known = [
        JOINT_INDEX[name] for name in ("pelvis", "left_hip", "right_knee", "left_elbow", "right_shoulder", "spine3")
    ]
    assert angles[:, known].max() < 6
    assert angles[:, known].mean() < 2


def test_joints_placed_elsewhere_change_no_pose(body_bones: Array) -> None:
    """Shoulders 5 cm in front of the chest and narrow hips, as some sources have them, must not bend the spine."""
    bones = body_bones.copy()
    for side, sign in (("left", 1.0), ("right", -1.0)):
        bones[JOINT_INDEX[f"{side}_collar"]] += (0, 0, 0.05)
        bones[JOINT_INDEX[f"{side}_hip"]] -= (sign * 0.03, -0.02, 0)
    bones[JOINT_INDEX["neck"]] += (0, 0, 0.04)
    fitted = fit_clips(clips_of(exercise(), bones), body_bones)
    standing = slice(0, FRAMES // 2)
    for name in ("spine1", "spine2", "spine3", "neck"):
        assert abs(angles_about_x(fitted.rotations[standing], name)).max() < 3, name


def test_knees_that_never_look_straight_are_straightened(body_bones: Array) -> None:
    """A source whose knee lies 4 cm too far forward shows bent knees in a person who stands straight."""
    bones = body_bones.copy()
    for side in ("left", "right"):
        bones[JOINT_INDEX[f"{side}_knee"]] += (0, 0, 0.04)
        bones[JOINT_INDEX[f"{side}_ankle"]] -= (0, 0, 0.04)
    fitted = fit_clips(clips_of(exercise(), bones), body_bones)
    flexion = angles_about_x(fitted.rotations, "left_knee")
    assert 1 < flexion[: FRAMES // 2].mean() < 5
    true_depth = np.degrees(1.65)
    assert abs(flexion.max() - true_depth) < 8


def test_arms_that_never_look_straight_are_straightened(body_bones: Array) -> None:
    """A source whose elbow lies behind the arm's line shows bent elbows where the arms hang straight."""
    bones = body_bones.copy()
    for side in ("left", "right"):
        bones[JOINT_INDEX[f"{side}_elbow"]] += (0, 0, -0.02)
        bones[JOINT_INDEX[f"{side}_wrist"]] += (0, 0, 0.02)
    clips = clips_of(exercise(), bones)
    seen = _elbow_flexion(clips.relative_joints)
    rest = np.zeros((JOINT_COUNT, 3))
    for joint in range(1, JOINT_COUNT):
        rest[joint] = rest[PARENTS[joint]] + body_bones[joint]
    joints, _ = forward_kinematics(fit_clips(clips, body_bones).rotations.astype(np.float64), rest)
    fitted = _elbow_flexion(joints)
    assert seen[: FRAMES // 2].mean() > 14
    assert 4 < fitted[: FRAMES // 2].mean() < 8
    assert abs(fitted.max() - np.degrees(1.3)) < 8


def _elbow_flexion(joints: FloatArray) -> Array:
    """(T,) degrees between the left arm's segments."""
    shoulder, elbow, wrist = (joints[:, JOINT_INDEX[f"left_{name}"]] for name in ("shoulder", "elbow", "wrist"))
    upper, lower = elbow - shoulder, wrist - elbow
    cosine = (upper * lower).sum(-1) / np.linalg.norm(upper, axis=-1) / np.linalg.norm(lower, axis=-1)
    degrees: Array = np.degrees(np.arccos(cosine.clip(-1, 1)))
    return degrees


def test_limbs_point_as_the_clips_do(body_bones: Array) -> None:
    poses = exercise()
    clips = clips_of(poses, body_bones * 0.8)
    fitted = fit_clips(clips, body_bones)
    rest = np.zeros((JOINT_COUNT, 3))
    for joint in range(1, JOINT_COUNT):
        rest[joint] = rest[PARENTS[joint]] + body_bones[joint]
    joints, _ = forward_kinematics(fitted.rotations.astype(np.float64), rest)
    for joint in LIMBS:
        found = joints[:, joint] - joints[:, PARENTS[joint]]
        true = clips.relative_joints[:, joint] - clips.relative_joints[:, PARENTS[joint]]
        cosine = (found * true).sum(-1) / np.linalg.norm(found, axis=-1) / np.linalg.norm(true, axis=-1)
        assert np.degrees(np.arccos(cosine.clip(-1, 1))).max() < 3


@pytest.mark.parametrize("miss", [0.0, 5e-5])
def test_a_bone_that_points_the_opposite_way_is_turned_round(body_bones: Array, miss: float) -> None:
    """As a damaged clip has it, within `miss` metres; its rotations are rotations all the same."""
    clips = clips_of(np.zeros((80, JOINT_COUNT, 3)), body_bones)
    neck, head = JOINT_INDEX["neck"], JOINT_INDEX["head"]
    upside_down = clips.relative_joints[60:]
    upside_down[:, head] = 2 * upside_down[:, neck] - upside_down[:, head] + np.array([miss, 0, 0], np.float32)
    rotations = fit_clips(clips, body_bones).rotations.astype(np.float64)
    np.testing.assert_allclose(np.linalg.det(rotations), 1, atol=1e-5)
    fitted = (rotations[60:, neck] @ body_bones[head]) / np.linalg.norm(body_bones[head])
    wanted = upside_down[:, head] - upside_down[:, neck]
    np.testing.assert_allclose(fitted, wanted / np.linalg.norm(wanted, axis=-1, keepdims=True), atol=2e-3)


def test_clips_of_one_subject_share_constants(body_bones: Array) -> None:
    names = ("cmu_08_01", "cmu_08_02#1", "cmu_09_01", "uiprmd_deep_squat_ok_s03_e01")
    clips = clips_of(np.zeros((80, JOINT_COUNT, 3)), body_bones, names)
    assert [len(frames) for frames in subject_frames(clips)] == [2, 1, 1]


def test_measured_by_other_means_is_another_skeleton(body_bones: Array) -> None:
    clips = clips_of(np.zeros((80, JOINT_COUNT, 3)), body_bones, ("cmu_08_01", "cmu_08_02"))
    clips.relative_joints[40:] *= 1.3
    assert [len(frames) for frames in subject_frames(clips)] == [1, 1]


def test_knees_of_lifted_clips_are_as_bent_as_they_look(body_bones: Array) -> None:
    """Somebody never straightens a leg: in recorded clips joints are taken to be placed so, here it is the pose."""
    poses = exercise()
    for side in ("left", "right"):
        poses[:, JOINT_INDEX[f"{side}_knee"], 0] += 0.3
    clips = clips_of(poses, body_bones)
    recorded, lifted = (fit(clips, body_bones) for fit in (fit_clips, fit_lifted_clips))
    standing = slice(0, FRAMES // 2)
    assert angles_about_x(recorded.rotations, "left_knee")[standing].mean() == pytest.approx(3, abs=1)
    assert angles_about_x(lifted.rotations, "left_knee")[standing].mean() == pytest.approx(np.degrees(0.35), abs=1)
    joints, _ = forward_kinematics_of(lifted)
    np.testing.assert_allclose(joints[:, LIMBS], clips.relative_joints[:, LIMBS], atol=0.02)


def test_each_lifted_clip_has_its_own_skeleton(body_bones: Array) -> None:
    """Two views of one clip, and two people of one file: names do not link them."""
    poses = exercise()
    clips = clips_of(poses, body_bones, ("cmu_99_01@0", "cmu_99_01@1"))
    clips.relative_joints[FRAMES // 2 :] *= 1.05
    bones = fit_lifted_clips(clips, body_bones).bones
    ratio = np.linalg.norm(bones[-1, 1:], axis=-1) / np.linalg.norm(bones[0, 1:], axis=-1)
    np.testing.assert_allclose(ratio, 1.05, atol=1e-3)


def test_a_clip_without_a_stance_gets_the_bodys_directions(body_bones: Array) -> None:
    poses = np.zeros((FRAMES, JOINT_COUNT, 3))
    poses[:, 0, 0] = np.pi / 2  # lies face down
    poses[:, JOINT_INDEX["spine2"], 0] = -0.5
    lifted = fit_lifted_clips(clips_of(poses, body_bones), body_bones)
    np.testing.assert_allclose(lifted.bones[0], body_bones, atol=1e-4)
