"""Other detectors' keypoints as training data of the 2D-only recipe."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from posenet3d_blender.body.model import load_body
from posenet3d_blender.body.skeleton import JOINT_INDEX
from posenet3d_blender.capture.student.features import STUDENT_POINT_NAMES
from posenet3d_blender.errors import PoseNet3DError
from trainer.cli import main
from trainer.data.sequences import PointSequences, load_sequences
from trainer.paper.dataset import load_sequence_split
from trainer.paper.sequence_sampler import SequenceSampler
from trainer.paper.whole_body import impute_missing_points
from trainer.synthesis.detector_noise import load_detector_noise

FRAMES = 40
FOCAL_LENGTH = 960 / np.tan(np.radians(65 / 2))
"""Pixels, of the guessed 65 degrees along the longer side."""


def limb(*parts: str, side: str) -> list[str]:
    return [f"{side}_{part}" for part in parts]


ARM, LEG, FOOT = ("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle"), ("foot", "foot", "ankle")
BODY_25 = [
    *("head", "neck"),
    *limb(*ARM, side="right"),
    *limb(*ARM, side="left"),
    "pelvis",
    *limb(*LEG, side="right"),
    *limb(*LEG, side="left"),
    *4 * ["head"],
    *limb(*FOOT, side="left"),
    *limb(*FOOT, side="right"),
]
"""Joint of each point in OpenPose's order."""
COCO = 5 * ["head"] + [f"{side}_{part}" for part in (*ARM, *LEG) for side in ("left", "right")]


def pixels(names: list[str], frame: int) -> NDArray[Any]:
    """(points, 3) a body at rest, 4 m away, that walks to the side; x, y and confidence."""
    joints = load_body().joint_template * (1, -1, -1) + (0.02 * frame, 0, 4)
    placed = joints[[JOINT_INDEX[name] for name in names]]
    return np.column_stack([FOCAL_LENGTH * placed[:, :2] / placed[:, 2:] + (960, 540), np.full(len(names), 0.9)])


def converted(folder: Path) -> Path:
    out = folder.with_suffix(".npz")
    assert main(["convert", "keypoints", str(folder), "--image-size", "1920x1080", "--out", str(out)]) == 0
    return out


@pytest.fixture
def openpose(tmp_path: Path) -> Path:
    """Two videos of one person each."""
    folder = tmp_path / "openpose"
    folder.mkdir()
    for video in ("one", "two"):
        for frame in range(FRAMES):
            people = [{"pose_keypoints_2d": pixels(BODY_25, frame).ravel().tolist()}]
            (folder / f"{video}_{frame:012d}_keypoints.json").write_text(json.dumps({"people": people}))
    return converted(folder)


def test_openposes_keypoints_are_training_data(openpose: Path) -> None:
    split = load_sequence_split([openpose], [4], seed=0)
    assert sorted(split.train.names + split.held_out.names) == ["one_0", "two_0"]
    batch = SequenceSampler(split.train, load_detector_noise(), seed=0).draw(4)
    assert batch.view.points.isfinite().all()
    assert batch.detected.points.isfinite().all()


def test_hands_are_imputed_at_the_bodys_distance_from_the_wrist(openpose: Path) -> None:
    sequences = load_sequences(openpose)
    rays, confidence = impute_missing_points(sequences)
    joints = load_body().joint_template * (1, -1, -1) + (0, 0, 4)
    for side in ("left", "right"):
        wrist, hand = (joints[JOINT_INDEX[f"{side}_{part}"]] for part in ("wrist", "hand"))
        for finger in ("index", "pinky"):
            point = STUDENT_POINT_NAMES.index(f"{side}_{finger}")
            # The shipped body's arms are nearly straight at rest.
            target, imputed = hand[:2] / hand[2] - wrist[:2] / wrist[2], rays[0, point] - wrist[:2] / wrist[2]
            assert np.linalg.norm(imputed) == pytest.approx(np.linalg.norm(target), rel=0.02)
            assert np.linalg.norm(imputed - target) < 0.25 * np.linalg.norm(target)
            np.testing.assert_allclose(confidence[:, point], 0.9, atol=1e-6)
    assert not sequences.confidence[:, STUDENT_POINT_NAMES.index("left_index")].any(), "the file is unchanged"


def test_a_hand_that_is_detected_at_times_is_not_imputed(openpose: Path) -> None:
    sequences = load_sequences(openpose)
    point = STUDENT_POINT_NAMES.index("left_index")
    confidence = sequences.confidence.copy()
    confidence[3, point] = 0.5
    imputed = impute_missing_points(PointSequences(sequences.rays, confidence, sequences.offsets, sequences.names))[1]
    np.testing.assert_array_equal(imputed[:FRAMES, point], confidence[:FRAMES, point])
    assert imputed[FRAMES:, point].all(), "the other sequence never has the point"


def test_points_that_are_never_given_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "coco"
    folder.mkdir()
    results = [
        {"image_id": frame, "category_id": 1, "keypoints": pixels(COCO, frame).ravel().tolist(), "score": 0.9}
        for frame in range(FRAMES)
    ]
    (folder / "results.json").write_text(json.dumps(results))
    path = converted(folder)
    with pytest.raises(PoseNet3DError, match=r"coco.npz: key 'confidence': never gives left_big_toe, right_big_toe, "):
        load_sequence_split([path], [4], seed=0)
