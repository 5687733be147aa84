"""Run the student: sampled 2D joints to rotations, shape, gravity and foot contacts.

Overlapping windows are run, each also mirrored, and their predictions averaged.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...arrays import Array, FloatArray, blocks
from ...body.kinematics import forward_kinematics
from ...body.model import SHAPE_COUNT, Body, load_body
from ...body.rotations import interpolate_rotations, six_d_to_matrix
from ...body.skeleton import JOINT_COUNT, MIRRORED_JOINTS, PARENTS
from ...errors import PoseNet3DError
from ...progress import Progress, Warn, ignore_warning, silent
from ..keypoints.keypoints import KEYPOINT_COUNT
from ..keypoints.presence import VISIBLE_CERTAINTY, certainty
from ..keypoints.sampling import SampledKeypoints
from ..runtime.network import Network, open_network
from .features import STUDENT_POINT_COUNT, mirror_points, normalise_windows, rays_in_view
from .overlap import WINDOW_WEIGHTS, OverlapMean, window_batches

STUDENT_VERSION: Final = 3
STUDENT_FOLDER: Final = Path(__file__).parents[2] / "assets" / "student"
_MIRROR: Final = np.diag([-1.0, 1.0, 1.0])


@dataclass(frozen=True)
class StudentPrediction:
    """The student's prediction for a clip of S samples; camera frame."""

    rotations: Array
    """(S, 24, 3, 3) relative to the parent, the pelvis's in the camera frame."""
    betas: Array
    """(10,)"""
    up: Array
    """(3,) unit vector against gravity."""
    contacts: Array
    """(S, 2) probability that the left and the right foot rest."""
    spread: Array = field(default_factory=lambda: np.zeros((1, JOINT_COUNT)))
    """(S, 24) metres by which a joint's places differ between overlapping windows and mirror images, the pelvis held: a
    pose that the student knows is the same in all."""
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
        """Wrap an exported network."""
        self.network = network

    def predict(self, keypoints: SampledKeypoints, progress: Progress = silent) -> StudentPrediction:
        """Predict a whole clip from the detector's keypoints."""
        turns = None if keypoints.views is None else keypoints.views[:, :3, :3]
        return self.predict_points(*_student_points(keypoints), progress, turns)

    def predict_points(
        self, rays: Array, confidence: Array, progress: Progress = silent, turns: Array | None = None
    ) -> StudentPrediction:
        """Predict a whole clip from any of the student's points.

        Args:
            rays: (S, 27, 2) x/z and y/z in the camera frame, in the order of STUDENT_POINT_NAMES, at STUDENT_RATE.
            confidence: (S, 27) from 0 (missing) to 1.
            progress: told of the stage "student".
            turns: (S, 3, 3) from the frame of the prediction to each sample's camera, which turns; None: one camera,
                whose frame it is.
        """
        mean = _WindowMean(len(rays))
        for share, windows in window_batches(len(rays)):  # (B, 32) samples
            progress("student", share)
            window_rays, window_confidence = rays[windows], confidence[windows]  # (B, 32, 27, 2), (B, 32, 27)
            trust = window_confidence.mean((1, 2)) + 1e-6  # (B,)
            # A window is seen as by a camera that stands still, as in its middle.
            middle = None if turns is None else turns[windows[:, windows.shape[1] // 2]]  # (B, 3, 3)
            if turns is not None and middle is not None:
                to_middle = middle[:, None] @ np.swapaxes(turns[windows], -1, -2)  # (B, 32, 3, 3)
                window_rays = np.asarray(rays_in_view(to_middle, window_rays), dtype=np.float64)
            for run in (_run, _run_mirrored):
                output = run(self.network, window_rays, window_confidence)
                mean.add(windows, trust, output if middle is None else output.turned_back(middle))
        return mean.prediction(visible=certainty(confidence) >= VISIBLE_CERTAINTY)


class _WindowMean:
    """Mean of overlapping windows' predictions, weighted by their confidence and by the place in the window."""

    def __init__(self, count: int) -> None:
        self._samples = OverlapMean(count)
        self._up = np.zeros(3)
        self._betas = np.zeros(SHAPE_COUNT)
        self._bone_offsets = np.zeros((JOINT_COUNT, 3))
        self._trust = 1e-6
        self._rest_joints = load_body().rest_joints(np.zeros(SHAPE_COUNT))

    def add(self, windows: NDArray[np.intp], trust: Array, output: _WindowPredictions) -> None:
        """Add the predictions of B windows (B, T), samples, each with its trust (B,)."""
        weight = WINDOW_WEIGHTS * trust[:, None]  # (B, T)
        joints, _ = forward_kinematics(output.rotations, self._rest_joints)  # (B, T, 24, 3)
        joints = joints - joints[:, :, :1]
        self._samples.add(
            windows,
            weight,
            {
                "rotations": output.rotations,
                "contacts": output.contacts,
                "joints": joints,
                "squares": (joints**2).sum(-1),
            },
        )
        self._up += (weight[..., None] * output.up).sum((0, 1))
        self._betas += (trust[:, None] * output.betas).sum(0)
        self._bone_offsets += (trust[:, None, None] * output.bone_offsets).sum(0)
        self._trust += trust.sum()

    def prediction(self, visible: NDArray[np.bool_]) -> StudentPrediction:
        """The mean; rotations are interpolated over samples in which the person is not visible, mask (S,)."""
        variance = self._samples.mean("squares") - (self._samples.mean("joints") ** 2).sum(-1)  # (S, 24)
        return StudentPrediction(
            rotations=_interpolate_hidden(_nearest_rotations(self._samples.sum("rotations")), visible),
            betas=self._betas / self._trust,
            up=self._up / np.linalg.norm(self._up),
            contacts=self._samples.mean("contacts"),
            spread=np.sqrt(np.maximum(variance, 0.0)),
            bone_offsets=self._bone_offsets / self._trust,
        )


@dataclass(frozen=True)
class _WindowPredictions:
    """Predictions for B windows of T samples; camera frame."""

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

    def turned_back(self, turns: Array) -> _WindowPredictions:
        """The predictions in the frame from which `turns` (B, 3, 3) lead to each window's camera."""
        rotations = self.rotations.copy()
        rotations[:, :, 0] = np.swapaxes(turns, -1, -2)[:, None] @ rotations[:, :, 0]
        return replace(self, rotations=rotations, up=self.up @ turns)


def load_student(device: str = "auto", folder: Path = STUDENT_FOLDER, warn: Warn = ignore_warning) -> Student:
    """Open the student's network; `warn` as in `open_network`.

    Raises:
        PoseNet3DError: a file is missing or the checkpoint is of another version.
    """
    description_path, network_path = folder / "student.json", folder / "student.onnx"
    is_shipped = folder == STUDENT_FOLDER
    advice = "install PoseNet3D again" if is_shipped else "give the folder that 'python -m trainer export' wrote"
    if not is_shipped and (folder / "student.safetensors").is_file():
        raise PoseNet3DError(f"{folder}: a checkpoint of the trainer; export it with 'python -m trainer export'")
    if not (description_path.is_file() and network_path.is_file()):
        raise PoseNet3DError(f"{folder}: holds no student.json and student.onnx; {advice}")
    try:
        version = json.loads(description_path.read_text())["version"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PoseNet3DError(f"{description_path}: not a student's description; {advice}") from error
    if version != STUDENT_VERSION:
        raise PoseNet3DError(
            f"{description_path}: student version {version}, this PoseNet3D runs version {STUDENT_VERSION}; "
            f"{advice if is_shipped else 'export it with the trainer of this PoseNet3D'}"
        )
    return Student(open_network(network_path, device, warn))


def _student_points(keypoints: SampledKeypoints) -> tuple[Array, Array]:
    """Rays (S, 27, 2) and confidence (S, 27), which is 0 for the two points that the detector lacks."""
    count = len(keypoints.time)
    rays, confidence = np.zeros((count, STUDENT_POINT_COUNT, 2)), np.zeros((count, STUDENT_POINT_COUNT))
    rays[:, :KEYPOINT_COUNT], confidence[:, :KEYPOINT_COUNT] = keypoints.rays, keypoints.confidence
    return rays, confidence


def _run(network: Network, rays: FloatArray, confidence: FloatArray) -> _WindowPredictions:
    student_input = normalise_windows(rays, confidence)
    output = network.run({"features": student_input.features})
    rotations = six_d_to_matrix(output["rotations"])  # (B, T, 24, 3, 3)
    view = student_input.view_rotations.astype(np.float64)  # (B, 3, 3)
    rotations[:, :, 0] = np.swapaxes(view, -1, -2)[:, None] @ rotations[:, :, 0]
    up = output["up"] / np.linalg.norm(output["up"], axis=-1, keepdims=True)  # (B, T, 3)
    return _WindowPredictions(
        rotations,
        output["betas"].astype(np.float64),
        up @ view,
        1 / (1 + np.exp(-output["contacts"])),
        output["bone_offsets"].astype(np.float64),
    )


def _run_mirrored(network: Network, rays: Array, confidence: Array) -> _WindowPredictions:
    """Run the mirror image of the windows and mirror the predictions."""
    output = _run(network, *mirror_points(rays, confidence))
    return _WindowPredictions(
        _MIRROR @ output.rotations[:, :, list(MIRRORED_JOINTS)] @ _MIRROR,
        output.betas,
        output.up @ _MIRROR,
        output.contacts[..., ::-1],
        output.bone_offsets[:, list(MIRRORED_JOINTS)] @ _MIRROR,
    )


def _nearest_rotations(matrices: Array) -> Array:
    """The rotation nearest to each sum of rotations (S, 24, 3, 3): the mean in the chordal metric; overwrites them."""
    for samples in blocks(len(matrices)):
        u, _, vt = np.linalg.svd(matrices[samples])
        u[..., 2] *= np.sign(np.linalg.det(u @ vt))[..., None]
        matrices[samples] = u @ vt
    return matrices


def _interpolate_hidden(rotations: Array, visible: NDArray[np.bool_]) -> Array:
    """Interpolate rotations (S, 24, 3, 3) over the samples in which the person is not visible (S,), in place."""
    if not visible.any():
        return rotations
    samples = np.arange(len(visible), dtype=np.float64)
    for joint in range(0 if visible.all() else JOINT_COUNT):
        known = rotations[visible, joint]
        rotations[~visible, joint] = interpolate_rotations(samples[visible], known, samples[~visible])
    return rotations
