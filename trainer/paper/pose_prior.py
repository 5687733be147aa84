"""What a 2D pose looks like: a normalising flow, learnt from real 2D poses and then frozen.

It stands where the paper has a discriminator (ElePose, Wandt et al., CVPR 2022): it gives the likelihood of a
re-projected pose, can't be overpowered, and needs no alternating updates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from .geometry import root_centred
from .skeleton import LIFTED_COUNT

_LAG: Final = 6
"""Samples from a pose to the later one that shows its motion: a fifth of a second."""
_MOTION_UNIT: Final = 3.0
"""Motions are multiplied by it, so that they count as much as poses among the main components."""
_MOMENTS: Final = 4
"""Poses of each window that are judged; neighbours say the same."""


class _Coupling(nn.Module):
    """One affine coupling layer (RealNVP, Dinh et al. 2017)."""

    order: Tensor

    def __init__(self, size: int, hidden: int, generator: torch.Generator) -> None:
        super().__init__()
        self.kept_count = size // 2
        self.register_buffer("order", torch.randperm(size, generator=generator))
        last = nn.Linear(hidden, 2 * (size - self.kept_count))
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.network = nn.Sequential(
            nn.Linear(self.kept_count, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), last
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = x[:, self.order]
        kept, changed = x[:, : self.kept_count], x[:, self.kept_count :]
        log_scale, shift = self.network(kept).chunk(2, -1)
        log_scale = 1.5 * torch.tanh(log_scale)
        return torch.cat([kept, changed * log_scale.exp() + shift], -1), log_scale.sum(-1)


class PoseFlow(nn.Module):
    """Likelihood of vectors (poses, or poses with their motion) in the space of their main components."""

    mean: Tensor
    whitening: Tensor

    def __init__(self, features: int, components: int, layers: int = 8, hidden: int = 256) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("whitening", torch.zeros(features, components))
        generator = torch.Generator().manual_seed(0)
        self.layers = nn.ModuleList([_Coupling(components, hidden, generator) for _ in range(layers)])

    def fit_components(self, samples: Tensor) -> None:
        """Principal components of samples (N, features), scaled to unit variance."""
        components = self.whitening.shape[1]
        mean = samples.mean(0)
        _, values, directions = torch.linalg.svd(samples - mean, full_matrices=False)
        deviation = values[:components] / len(samples) ** 0.5
        self.mean.copy_(mean)
        self.whitening.copy_(directions[:components].T / deviation)

    def forward(self, samples: Tensor) -> Tensor:
        """(N,) negative log-likelihood of samples (N, features), up to a constant."""
        x = (samples - self.mean) @ self.whitening
        log_determinant = torch.zeros_like(x[:, 0])
        for layer in self.layers:
            x, change = layer(x)
            log_determinant = log_determinant + change
        return x.square().sum(-1) / 2 - log_determinant


@dataclass(frozen=True)
class PriorConfig:
    """Sizes of the two flows; stored with their weights."""

    pose_components: int = 26
    motion_components: int = 40
    layers: int = 8
    hidden: int = 256


class Priors(nn.Module):
    """The likelihood of 2D poses and of 2D poses with their motion."""

    def __init__(self, config: PriorConfig) -> None:
        super().__init__()
        self.config = config
        size = 2 * LIFTED_COUNT
        self.pose = PoseFlow(size, config.pose_components, config.layers, config.hidden)
        self.motion = PoseFlow(2 * size, config.motion_components, config.layers, config.hidden)

    def fit_components(self, points: Tensor) -> None:
        """Principal components from real windows (B, T, 18, 2)."""
        poses, motions = self._moments(points)
        self.pose.fit_components(poses)
        self.motion.fit_components(motions)

    def terms(self, points: Tensor, pose_weight: float, motion_weight: float) -> dict[str, Tensor]:
        """Weighted negative log-likelihoods of windows (B, T, 18, 2) at random moments; without those of weight 0."""
        poses, motions = self._moments(points)
        terms: dict[str, Tensor] = {}
        if pose_weight:
            terms["pose_likelihood"] = pose_weight * self.pose(poses).mean()
        if motion_weight:
            terms["motion_likelihood"] = motion_weight * self.motion(motions).mean()
        return terms

    def blurred_terms(self, points: Tensor, deviation: float) -> dict[str, Tensor]:
        """As `terms` with weights 1, each vector blurred: the likelihood of exact data has no upper bound."""
        poses, motions = (x + deviation * torch.randn_like(x) for x in self._moments(points))
        return {"pose": self.pose(poses).mean(), "motion": self.motion(motions).mean()}

    def _moments(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Poses (N, 36) and poses with their motion (N, 72) at random moments of windows (B, T, 18, 2)."""
        vectors = root_centred(points).flatten(2)
        count, window = vectors.shape[:2]
        moment = torch.randint(0, window - _LAG, (count, _MOMENTS), device=points.device)
        each = torch.arange(count, device=points.device)[:, None]
        pose, motion = vectors[each, moment], vectors[each, moment + _LAG] - vectors[each, moment]
        return pose.flatten(0, 1), torch.cat([pose, _MOTION_UNIT * motion], -1).flatten(0, 1)
