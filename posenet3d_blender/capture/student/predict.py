"""The student at work: sampled 2D joints to rotations, shape, gravity and foot contacts.

Overlapping windows are run, each also mirrored, and their answers averaged: a frame is judged from many sides.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...arrays import Array
from ...body.model import Body
from ...body.rotations import interpolate_rotations, six_d_to_matrix
from ...body.skeleton import JOINT_COUNT, MIRRORED_JOINTS, PARENTS
from ...errors import PoseNet3DError
from ...progress import Progress, silent
from ..keypoints.keypoints import KEYPOINT_COUNT, MIRRORED_KEYPOINTS
from ..keypoints.presence import VISIBLE_CERTAINTY, certainty
from ..keypoints.sampling import SampledKeypoints
from ..runtime.network import Network, Warn, ignore_warning, open_network
from .features import STUDENT_POINT_COUNT, STUDENT_WINDOW, normalise_windows

STUDENT_VERSION: Final = 2
STUDENT_FOLDER: Final = Path(__file__).parents[2] / "assets" / "student"
_STRIDE: Final = 8
WINDOW_WEIGHTS: Final = 0.05 + np.sin(np.pi * (np.arange(STUDENT_WINDOW) + 0.5) / STUDENT_WINDOW) ** 2
"""Hann's weights with a floor: a window knows its middle best, but the clip's ends have one window only."""
_BATCH: Final = 64
_MIRROR: Final = np.diag([-1.0, 1.0, 1.0])


@dataclass(frozen=True)
class StudentPrediction:
    """What the student says of a clip; camera frame."""

    rotations: Array
    """(S, 24, 3, 3) relative to the parent, the pelvis's in the camera frame."""
    betas: Array
    """(10,)"""
    up: Array
    """(3,) unit vector against gravity."""
    contacts: Array
    """(S, 2) probability that the left and the right foot rest."""
    bone_offsets: Array = field(default_factory=lambda: np.zeros((JOINT_COUNT, 3)))
    """(24, 3) metres from the shipped body's rest bones, in this shape, to the person's own; Y up, X left."""

    def rest_joints(self, body: Body) -> Array:
        """(24, 3) metres: the person's own skeleton at rest, with the pelvis where the body has it."""
        shift = np.zeros((JOINT_COUNT, 3))
        for joint in range(1, JOINT_COUNT):
            shift[joint] = shift[PARENTS[joint]] + self.bone_offsets[joint]
        return body.rest_joints(self.betas) + shift


class Student:
    """The shipped (or another exported) student network."""

    def __init__(self, network: Network) -> None:
        self.network = network

    def predict(self, keypoints: SampledKeypoints, progress: Progress = silent) -> StudentPrediction:
        """Run over a whole clip."""
        return self.predict_points(*_student_points(keypoints), progress)

    def predict_points(self, rays: Array, confidence: Array, progress: Progress = silent) -> StudentPrediction:
        """Run over a whole clip of any points that the student knows.

        Args:
            rays: (S, 27, 2) x/z and y/z in the camera frame, in the order of STUDENT_POINT_NAMES, at STUDENT_RATE.
            confidence: (S, 27) from 0 (not given) to 1.
            progress: told of the stage "student".
        """
        count = len(rays)
        index = overlapping_windows(count)
        weights = WINDOW_WEIGHTS
        matrices, ups, contacts, totals = (
            np.zeros((count, JOINT_COUNT, 3, 3)),
            np.zeros(3),
            np.zeros((count, 2)),
            np.zeros(count),
        )
        betas, bone_offsets, seen = np.zeros(0), np.zeros((JOINT_COUNT, 3)), 1e-6
        for first in range(0, len(index), _BATCH):
            progress("student", first / len(index))
            windows = index[first : first + _BATCH]
            window_seen = confidence[windows].mean((1, 2)) + 1e-6
            for answer in (
                _run(self.network, rays[windows], confidence[windows]),
                self._mirrored(rays, confidence, windows),
            ):
                share = (weights * window_seen[:, None])[..., None]
                np.add.at(matrices, windows, share[..., None, None] * answer.rotations)
                np.add.at(contacts, windows, share * answer.contacts)
                np.add.at(totals, windows, share[..., 0])
                ups = ups + (share * answer.up).sum((0, 1))
                batch_betas = (window_seen[:, None] * answer.betas).sum(0)
                betas = batch_betas if betas.size == 0 else betas + batch_betas
                bone_offsets += (window_seen[:, None, None] * answer.bone_offsets).sum(0)
                seen += window_seen.sum()
        rotations = _nearest_rotations(matrices)
        rotations = _bridge(confidence, rotations)
        return StudentPrediction(
            rotations, betas / seen, ups / np.linalg.norm(ups), contacts / totals[:, None], bone_offsets / seen
        )

    def _mirrored(self, rays: Array, confidence: Array, windows: NDArray[np.intp]) -> _WindowAnswers:
        order = [*MIRRORED_KEYPOINTS, *range(KEYPOINT_COUNT, STUDENT_POINT_COUNT)]
        answer = _run(self.network, rays[windows][:, :, order] * (-1.0, 1.0), confidence[windows][:, :, order])
        return _WindowAnswers(
            _MIRROR @ answer.rotations[:, :, list(MIRRORED_JOINTS)] @ _MIRROR,
            answer.betas,
            answer.up @ _MIRROR,
            answer.contacts[..., ::-1],
            answer.bone_offsets[:, list(MIRRORED_JOINTS)] @ _MIRROR,
        )


@dataclass(frozen=True)
class _WindowAnswers:
    rotations: Array
    """(B, T, 24, 3, 3)"""
    betas: Array
    """(B, 10)"""
    up: Array
    """(B, T, 3)"""
    contacts: Array
    """(B, T, 2)"""
    bone_offsets: Array
    """(B, 24, 3)"""


def load_student(device: str = "auto", folder: Path = STUDENT_FOLDER, warn: Warn = ignore_warning) -> Student:
    """Open the student's network; `warn` as in `open_network`.

    Raises:
        PoseNet3DError: a file is missing or the checkpoint is of another version.
    """
    description_path = folder / "student.json"
    try:
        description = json.loads(description_path.read_text())
        version = description["version"]
    except FileNotFoundError:
        raise PoseNet3DError(f"{description_path}: the student is missing; install PoseNet3D again") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PoseNet3DError(f"{description_path}: not a student's description; install PoseNet3D again") from error
    if version != STUDENT_VERSION:
        raise PoseNet3DError(
            f"{description_path}: student version {version}, this PoseNet3D runs version {STUDENT_VERSION}; "
            "install matching versions"
        )
    return Student(open_network(folder / "student.onnx", device, warn))


def _student_points(keypoints: SampledKeypoints) -> tuple[Array, Array]:
    """The detector's points with the two that it does not have left open."""
    count = len(keypoints.time)
    rays, confidence = np.zeros((count, STUDENT_POINT_COUNT, 2)), np.zeros((count, STUDENT_POINT_COUNT))
    rays[:, :KEYPOINT_COUNT], confidence[:, :KEYPOINT_COUNT] = keypoints.rays, keypoints.confidence
    return rays, confidence


def overlapping_windows(count: int) -> NDArray[np.intp]:
    """(B, T) samples of the windows that cover a clip; one shorter than a window goes on with its last sample."""
    last = max(count - STUDENT_WINDOW, 0)
    starts = np.unique(np.append(np.arange(0, last + 1, _STRIDE), last))
    return np.minimum(starts[:, None] + np.arange(STUDENT_WINDOW), count - 1)


def _run(network: Network, rays: Array, confidence: Array) -> _WindowAnswers:
    student_input = normalise_windows(rays, confidence)
    output = network.run({"features": student_input.features})
    rotations = six_d_to_matrix(output["rotations"])
    view = student_input.view_rotations.astype(np.float64)
    rotations[:, :, 0] = np.swapaxes(view, -1, -2)[:, None] @ rotations[:, :, 0]
    up = output["up"] / np.linalg.norm(output["up"], axis=-1, keepdims=True)
    return _WindowAnswers(
        rotations,
        output["betas"].astype(np.float64),
        up @ view,
        1 / (1 + np.exp(-output["contacts"])),
        output["bone_offsets"].astype(np.float64),
    )


def _nearest_rotations(matrices: Array) -> Array:
    """The rotation nearest to each sum of rotations (..., 3, 3): the mean in the chordal metric."""
    u, _, vt = np.linalg.svd(matrices)
    u[..., 2] *= np.sign(np.linalg.det(u @ vt))[..., None]
    return u @ vt


def _bridge(confidence: Array, rotations: Array) -> Array:
    seen = certainty(confidence) >= VISIBLE_CERTAINTY
    if seen.all() or not seen.any():
        return rotations
    samples = np.arange(len(seen), dtype=np.float64)
    return interpolate_rotations(samples[seen], rotations[seen], samples)
