"""Training data: synthetic stances, cameras, windows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from posenet3d_blender.body.model import Body, load_body
from posenet3d_blender.body.skeleton import JOINT_INDEX, MIRRORED_JOINTS, PARENTS
from posenet3d_blender.capture.student.features import STUDENT_WINDOW
from posenet3d_blender.capture.student.torch_body import forward_kinematics
from posenet3d_blender.errors import PoseNet3DError
from trainer.data.clips import Clips, load_clips
from trainer.geometry.rotations import axis_angle_to_matrix
from trainer.synthesis.augmentation import NoiseRanges
from trainer.synthesis.cameras import ViewRanges, random_cameras
from trainer.synthesis.partial_views import PartialViews
from trainer.windows.fit_rotations import FittedClips
from trainer.windows.sampler import Mixture, WindowSampler
from trainer.windows.synthetic_stances import replace_lower_body
from trainer.windows.tumbling import Tumbles

QUIET = NoiseRanges(jitter=0, drift=0, part_missing=0, occlusion=0, swap=0)


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body()


@pytest.fixture(scope="module")
def rest_bones(body: Body) -> NDArray[Any]:
    bones = body.joint_template.copy()
    bones[1:] -= body.joint_template[list(PARENTS[1:])]
    return bones.astype(np.float32)


@pytest.fixture(scope="module")
def swaying(rest_bones: NDArray[Any]) -> tuple[Clips, FittedClips]:
    """Two short clips of a body that bends knees and elbows, with the rotations they come from."""
    frames = 60
    angle = torch.zeros(2 * frames, 24, 3)
    moment = torch.arange(2 * frames) / 30
    for side, sign in (("left", 1), ("right", -1)):
        angle[:, JOINT_INDEX[f"{side}_knee"], 0] = 0.8 + 0.6 * torch.sin(3 * moment + sign)
        angle[:, JOINT_INDEX[f"{side}_hip"], 0] = -0.5 - 0.3 * torch.sin(2 * moment)
        angle[:, JOINT_INDEX[f"{side}_elbow"], 1] = -sign * (1.0 + 0.5 * torch.cos(4 * moment))
        angle[:, JOINT_INDEX[f"{side}_shoulder"], 2] = -sign * 0.9
    rotations = axis_angle_to_matrix(angle)
    bones = torch.from_numpy(rest_bones).expand(2 * frames, 24, 3)
    joints, _ = forward_kinematics(rotations, bones)
    root = np.zeros((2 * frames, 3), np.float32)
    clips = Clips(joints.numpy(), root, np.array([0, frames, 2 * frames], np.int32), ("one", "two"), 30.0)
    return clips, FittedClips(rotations.numpy(), bones.numpy().copy())


def test_synthetic_stances_stand_on_the_floor(rest_bones: NDArray[Any]) -> None:
    generator = torch.Generator().manual_seed(0)
    rotations = torch.eye(3).expand(200, STUDENT_WINDOW, 24, 3, 3).clone()
    bones = torch.from_numpy(rest_bones).expand(200, 24, 3)
    posed, position = replace_lower_body(rotations, bones, generator)
    torch.testing.assert_close(posed @ posed.mT, torch.eye(3).expand_as(posed), atol=1e-4, rtol=0)
    joints, _ = forward_kinematics(posed, bones[:, None])
    ankles = (joints + position[:, :, None])[:, :, [JOINT_INDEX["left_ankle"], JOINT_INDEX["right_ankle"]]]
    travel = ankles.diff(dim=1).norm(dim=-1)
    assert float(travel.median()) < 0.02, "feet rest while the body moves"
    knee_bend = torch.acos(posed[:, :, JOINT_INDEX["left_knee"], 1, 1].clamp(-1, 1))
    assert float(knee_bend.max()) > 1.8, "some squat deeply"


def test_cameras_are_proper_rotations_that_look_level() -> None:
    cameras = random_cameras(500, ViewRanges(), torch.Generator().manual_seed(0))
    torch.testing.assert_close(torch.linalg.det(cameras), torch.ones(500))
    up = cameras @ torch.tensor([0.0, 1.0, 0.0])
    assert float(up[:, 1].max()) < -0.6, "up in the world is up (y down) in every image"


def test_windows_without_noise_agree_with_their_truth(swaying: tuple[Clips, FittedClips], body: Body) -> None:
    """Features are projections of the ground truth, independent of the person's place in the image."""
    clips, fitted = swaying
    mixture = Mixture(posed=0, recombined=0, reversed=0, joints_only=1, measured=0, point_offset=0)
    views = ViewRanges(focal_error=0, nearest=20, farthest=30)
    sampler = WindowSampler(
        clips, fitted, body, 0, mixture, views, QUIET, PartialViews(limbs=0, edge=0), Tumbles(lying=0, upside_down=0)
    )
    windows = sampler.draw(64)
    joints, _ = forward_kinematics(windows.rotations, windows.bones[:, None])
    points = windows.features[:, :, :54].unflatten(-1, (27, 2))
    pairs = [(9, "left_wrist"), (10, "right_wrist"), (15, "left_ankle"), (16, "right_ankle"), (26, "head")]
    given = windows.features[:, :, 54:81].amin(1)[:, [point for point, _ in pairs]].amin(-1) > 0
    target = torch.stack([joints[:, :, JOINT_INDEX[name], :2] for _, name in pairs], 2)[given]
    shown = torch.stack([points[:, :, point] for point, _ in pairs], 2)[given]
    target, shown = target - target.mean((2,), keepdim=True), shown - shown.mean((2,), keepdim=True)
    cosine = torch.nn.functional.cosine_similarity(target.flatten(2), shown.flatten(2), dim=-1)
    assert float(cosine.min()) > 0.99


def test_mirrored_and_plain_windows_are_as_frequent(swaying: tuple[Clips, FittedClips], body: Body) -> None:
    clips, fitted = swaying
    fitted.rotations[:, JOINT_INDEX["left_knee"]] = np.eye(3)
    try:
        sampler = WindowSampler(clips, fitted, body, 0, Mixture(posed=0, recombined=0))
        bend = torch.acos(sampler.draw(200).rotations[..., 1, 1].clamp(-1, 1)).mean(1)
    finally:
        right = fitted.rotations[:, MIRRORED_JOINTS[JOINT_INDEX["left_knee"]]]
        fitted.rotations[:, JOINT_INDEX["left_knee"]] = right
    left_straight = (bend[:, JOINT_INDEX["left_knee"]] < bend[:, JOINT_INDEX["right_knee"]]).float().mean()
    assert 0.35 < float(left_straight) < 0.65


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("root", None, "'root' is missing"),
        ("rel", np.full((4, 24, 3), np.nan, np.float16), "'rel' holds values that are not finite"),
        ("offsets", np.array([0, 3], np.int32), "'offsets' must rise"),
    ],
)
def test_damaged_data_names_file_and_key(tmp_path: Path, key: str, value: NDArray[Any] | None, expected: str) -> None:
    arrays: dict[str, NDArray[Any]] = {
        "rel": np.zeros((4, 24, 3), np.float16),
        "root": np.zeros((4, 3), np.float32),
        "offsets": np.array([0, 4], np.int32),
        "names": np.array(["clip"]),
        "fps": np.array(30, np.float32),
    }
    if value is None:
        del arrays[key]
    else:
        arrays[key] = value
    np.savez(tmp_path / "data.npz", **arrays)
    with pytest.raises(PoseNet3DError, match=expected) as caught:
        load_clips(tmp_path / "data.npz")
    assert str(tmp_path / "data.npz") in str(caught.value)
