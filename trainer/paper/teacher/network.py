"""The teacher: a window of 2D joints to a skeleton on their viewing rays and the camera's elevation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from posenet3d_blender.capture.student.lifter.network import LIFTER_DILATIONS, LIFTER_KERNEL, Lifter
from posenet3d_blender.capture.student.lifter.skeleton import LIFTED_COUNT
from posenet3d_blender.capture.student.network import StudentConfig, StudentNetwork

from ...config_checks import OutOfRangeError, require_at_least
from ...training.checkpoint import load_network
from ..geometry import Lifted, View, unproject
from ..skeleton import MIRRORED_LIFTED


@dataclass(frozen=True)
class TeacherConfig:
    """Sizes of the network; stored with its weights."""

    width: int = 256
    dilations: tuple[int, ...] = LIFTER_DILATIONS
    """Of each block's temporal convolution, samples."""
    kernel: int = LIFTER_KERNEL
    """Size of each convolution, samples, odd; 1 for a teacher of single frames."""
    correct_points: bool = False
    """Move the 2D points before they are lifted, against the detector's noise."""

    def __post_init__(self) -> None:
        require_at_least(self, 1, "width", "dilations", "kernel")
        if self.kernel % 2 == 0:
            raise OutOfRangeError("kernel", "odd", self.kernel)


class TeacherNetwork(Lifter):
    """Windows of any length to depths and the camera's elevation."""

    def __init__(self, config: TeacherConfig) -> None:
        """Build the layers.

        Args:
            config: its sizes.
        """
        super().__init__(config.width, config.kernel, config.dilations)
        self.config = config
        self.elevation = nn.Sequential(nn.Linear(config.width, config.width), nn.GELU(), nn.Linear(config.width, 1))
        self.correction = nn.Linear(config.width, 2 * LIFTED_COUNT) if config.correct_points else None
        if self.correction is not None:
            with torch.no_grad():
                self.correction.weight.zero_()
                self.correction.bias.zero_()

    def forward(self, view: View) -> tuple[Tensor, Tensor, Tensor]:
        """Lift windows.

        Returns:
            correction (B, T, 18, 2) of the points, 0 if the network makes none; depth (B, T, 18), of mean 0 over each
            window; the camera's elevation (B,), radians.
        """
        log_size = view.size.log()[:, None, None].expand(-1, view.points.shape[1], 1)
        x = self.features(view.points, log_size)  # (B, T, width)
        none = torch.zeros_like(view.points)
        correction = none if self.correction is None else self.correction(x).unflatten(-1, (-1, 2))
        return correction, self.depths(x), self.elevation(x.mean(1))[:, 0]


def require_liftable(student: StudentConfig, teacher: TeacherConfig) -> None:
    """Check that a teacher can be a student's lifter.

    Raises:
        OutOfRangeError: it has other sizes.
    """
    if student.lifter_width != teacher.width:
        raise OutOfRangeError("student.lifter_width", f"{teacher.width}, the teacher's width", student.lifter_width)
    if tuple(student.lifter_dilations) != tuple(teacher.dilations):
        raise OutOfRangeError(
            "student.lifter_dilations", f"{list(teacher.dilations)}, the teacher's", list(student.lifter_dilations)
        )
    if teacher.kernel != LIFTER_KERNEL:
        raise OutOfRangeError("teacher.kernel", f"{LIFTER_KERNEL}, as in the student's lifter", teacher.kernel)


def give_lifter(student: StudentNetwork, teacher: TeacherNetwork) -> None:
    """Copy a teacher's weights into a student's lifter, which neither corrects points nor knows the camera's elevation.

    From then on the feedback with the lifter follows it. The two fit, see `require_liftable`.
    """
    lifter, weights = student.lifter, teacher.state_dict()
    assert lifter is not None
    assert student.lifted_feedback is not None
    lifter.load_state_dict({name: weights[name] for name in lifter.state_dict()})
    student.lifted_feedback.follow_lifter()


def lift(teacher: TeacherNetwork, view: View, is_exact: bool = False) -> Lifted:
    """Skeletons of windows, in float32; the points of an exact view are not corrected."""
    correction, depth, elevation = teacher(view)
    points = view.points if is_exact else view.points + correction.float()
    return Lifted(unproject(View(points, view.size), depth.float()), elevation.float())


def lift_mirrored(teacher: TeacherNetwork, view: View, is_exact: bool = False) -> Lifted:
    """Skeletons of the mirrored windows, mirrored back; `is_exact` as of `lift`."""
    flip = torch.tensor([-1.0, 1.0, 1.0], device=view.points.device)
    lifted = lift(teacher, View(view.points[:, :, list(MIRRORED_LIFTED)] * flip[:2], view.size), is_exact)
    return Lifted(lifted.joints[:, :, list(MIRRORED_LIFTED)] * flip, lifted.elevation)


def load_teacher(folder: Path) -> TeacherNetwork:
    """Read a teacher from a checkpoint folder.

    Raises:
        PoseNet3DError: a file is missing, corrupted or of another version.
    """
    return load_network(folder, "teacher", lambda config: TeacherNetwork(TeacherConfig(**config)))
