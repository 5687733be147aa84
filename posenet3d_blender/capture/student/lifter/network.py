"""The lifter: windows of 2D joints to their depths. It is the trainer's teacher, and a part of the student."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor, nn

from .skeleton import LIFTED_COUNT

LIFTER_DILATIONS: Final = (1, 3, 9)
LIFTER_KERNEL: Final = 3


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


class Lifter(nn.Module):
    """Windows of any length to depths."""

    def __init__(self, width: int, kernel: int, dilations: Sequence[int]) -> None:
        """Build the layers.

        Args:
            width: features of a sample.
            kernel: size of each convolution, samples, odd.
            dilations: of each block's convolution, samples.
        """
        super().__init__()
        self.embed = nn.Linear(2 * LIFTED_COUNT + 1, width)
        self.blocks = nn.Sequential(*[_TemporalBlock(width, kernel, dilation) for dilation in dilations])
        self.norm = nn.LayerNorm(width)
        self.depth = nn.Linear(width, LIFTED_COUNT)
        with torch.no_grad():
            self.depth.weight.mul_(0.1)
            self.depth.bias.zero_()

    def features(self, points: Tensor, log_size: Tensor) -> Tensor:
        """Features (B, T, width) of windows.

        Args:
            points: (B, T, 18, 2) normalised points of the lifted joints.
            log_size: (B, T, 1) log of the window's angular size; see `normalise_windows`.
        """
        features: Tensor = self.norm(self.blocks(self.embed(torch.cat([points.flatten(2), log_size], -1))))
        return features

    def depths(self, features: Tensor) -> Tensor:
        """Depths (B, T, 18) from features, of mean 0 over each window, in the unit of the normalised points."""
        depth: Tensor = self.depth(features)
        return depth - depth.mean((1, 2), keepdim=True)


def unproject(points: Tensor, size: Tensor, depth: Tensor) -> Tensor:
    """Joints (B, T, 18, 3) on their viewing rays; origin at the person, in the unit of the normalised points.

    Args:
        points: (B, T, 18, 2) normalised.
        size: (B, 1, 1, 1) or (B, T, 1, 1) the windows' angular size; the camera is at depth -1 / size.
        depth: (B, T, 18)
    """
    z = depth[..., None]
    return torch.cat([points * relative_distance(z, size), z], -1)


def relative_distance(depth: Tensor, size: Tensor) -> Tensor:
    """Distance from the camera over the person's; at least 0.2, so that nothing passes the camera."""
    return (1 + size * depth).clamp(min=0.2)
