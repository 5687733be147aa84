"""The teacher: a window of 2D joints to a skeleton on their viewing rays and the camera's elevation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from ...config_checks import OutOfRangeError, require_at_least
from ...training.checkpoint import load_network
from ..geometry import Lifted, View, unproject
from ..skeleton import LIFTED_COUNT, MIRRORED_LIFTED


@dataclass(frozen=True)
class TeacherConfig:
    """Sizes of the network; stored with its weights."""

    width: int = 256
    dilations: tuple[int, ...] = (1, 3, 9)
    """Of each block's temporal convolution, samples."""
    kernel: int = 3
    """Size of each convolution, samples, odd; 1 for a teacher of single frames."""
    correct_points: bool = False
    """Move the 2D points before they are lifted, against the detector's noise."""

    def __post_init__(self) -> None:
        require_at_least(self, 1, "width", "dilations", "kernel")
        if self.kernel % 2 == 0:
            raise OutOfRangeError("kernel", "odd", self.kernel)


class _TemporalBlock(nn.Module):
    """VideoPose3D's temporal block (Pavllo et al., CVPR 2019): a dilated convolution over time with a residual.

    A residual layer that mixes features follows.
    """

    def __init__(self, width: int, kernel: int, dilation: int) -> None:
        super().__init__()
        self.time_norm = nn.LayerNorm(width)
        padding = dilation * (kernel - 1) // 2
        self.time = nn.Conv1d(width, width, kernel, padding=padding, dilation=dilation, padding_mode="replicate")
        self.feature_norm = nn.LayerNorm(width)
        self.feature = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, width) to the same shape."""
        x = x + nn.functional.gelu(self.time(self.time_norm(x).transpose(1, 2)).transpose(1, 2))
        mixed: Tensor = x + self.feature(self.feature_norm(x))
        return mixed


class TeacherNetwork(nn.Module):
    """Windows of any length to depths and elevation."""

    def __init__(self, config: TeacherConfig) -> None:
        """Build the layers.

        Args:
            config: its sizes.
        """
        super().__init__()
        self.config = config
        self.embed = nn.Linear(2 * LIFTED_COUNT + 1, config.width)
        blocks = [_TemporalBlock(config.width, config.kernel, dilation) for dilation in config.dilations]
        self.blocks = nn.Sequential(*blocks)
        self.norm = nn.LayerNorm(config.width)
        self.depth = nn.Linear(config.width, LIFTED_COUNT)
        self.elevation = nn.Sequential(nn.Linear(config.width, config.width), nn.GELU(), nn.Linear(config.width, 1))
        self.correction = nn.Linear(config.width, 2 * LIFTED_COUNT) if config.correct_points else None
        with torch.no_grad():
            self.depth.weight.mul_(0.1)
            self.depth.bias.zero_()
            if self.correction is not None:
                self.correction.weight.zero_()
                self.correction.bias.zero_()

    def forward(self, view: View) -> tuple[Tensor, Tensor, Tensor]:
        """Lift windows.

        Returns:
            correction (B, T, 18, 2) of the points, 0 if the network makes none; depth (B, T, 18), of mean 0 over each
            window; the camera's elevation (B,), radians.
        """
        size = view.size.log()[:, None, None].expand(-1, view.points.shape[1], 1)
        x = self.norm(self.blocks(self.embed(torch.cat([view.points.flatten(2), size], -1))))  # (B, T, width)
        depth = self.depth(x)
        none = torch.zeros_like(view.points)
        correction = none if self.correction is None else self.correction(x).unflatten(-1, (-1, 2))
        return correction, depth - depth.mean((1, 2), keepdim=True), self.elevation(x.mean(1))[:, 0]


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
