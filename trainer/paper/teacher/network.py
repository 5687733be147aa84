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
from .denoiser import Denoiser
from .temporal_block import TemporalBlock


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
    denoiser_width: int = 0
    """Of `Denoiser`; 0: none."""

    def __post_init__(self) -> None:
        require_at_least(self, 1, "width", "dilations", "kernel")
        require_at_least(self, 0, "denoiser_width")
        if self.kernel % 2 == 0:
            raise OutOfRangeError("kernel", "odd", self.kernel)


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
        blocks = [TemporalBlock(config.width, config.kernel, dilation) for dilation in config.dilations]
        self.blocks = nn.Sequential(*blocks)
        self.norm = nn.LayerNorm(config.width)
        self.depth = nn.Linear(config.width, LIFTED_COUNT)
        self.elevation = nn.Sequential(nn.Linear(config.width, config.width), nn.GELU(), nn.Linear(config.width, 1))
        self.correction = nn.Linear(config.width, 2 * LIFTED_COUNT) if config.correct_points else None
        self.denoiser = Denoiser(config.denoiser_width) if config.denoiser_width else None
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

    def denoiser_parameters(self) -> list[nn.Parameter]:
        """Parameters of the denoiser; none without it."""
        return [] if self.denoiser is None else list(self.denoiser.parameters())


def lift(teacher: TeacherNetwork, view: View, is_exact: bool = False) -> Lifted:
    """Skeletons of windows, in float32; the points of an exact view are neither denoised nor corrected."""
    if teacher.denoiser is not None and not is_exact:
        view = denoised(teacher.denoiser, view)
    correction, depth, elevation = teacher(view)
    points = view.points if is_exact else view.points + correction.float()
    return Lifted(unproject(View(points, view.size), depth.float()), elevation.float())


def denoised(denoiser: Denoiser, view: View) -> View:
    """The view with its points moved; those without a confidence are sure."""
    confidence = torch.ones_like(view.points[..., 0]) if view.confidence is None else view.confidence
    return View(denoiser(view.points, confidence, view.size).float(), view.size, view.confidence)


def lift_mirrored(teacher: TeacherNetwork, view: View, is_exact: bool = False) -> Lifted:
    """Skeletons of the mirrored windows, mirrored back; `is_exact` as of `lift`."""
    flip = torch.tensor([-1.0, 1.0, 1.0], device=view.points.device)
    confidence = None if view.confidence is None else view.confidence[:, :, list(MIRRORED_LIFTED)]
    mirrored = View(view.points[:, :, list(MIRRORED_LIFTED)] * flip[:2], view.size, confidence)
    lifted = lift(teacher, mirrored, is_exact)
    return Lifted(lifted.joints[:, :, list(MIRRORED_LIFTED)] * flip, lifted.elevation)


def load_teacher(folder: Path) -> TeacherNetwork:
    """Read a teacher from a checkpoint folder.

    Raises:
        PoseNet3DError: a file is missing, corrupted or of another version.
    """
    return load_network(folder, "teacher", lambda config: TeacherNetwork(TeacherConfig(**config)))
