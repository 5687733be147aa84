"""Prior of 2D poses: a normalising flow, learnt from real 2D poses and then frozen.

It takes the place of the paper's discriminator, after ElePose (Wandt et al., CVPR 2022): it gives the likelihood of a
re-projected pose and needs no alternating updates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from posenet3d_blender.capture.student.lifter.skeleton import LIFTED_COUNT

from ..config_checks import OutOfRangeError, require_at_least
from .geometry import root_centred

_LAG: Final = 6
"""Samples between the two poses that make a motion: a fifth of a second."""
_MOTION_UNIT: Final = 3.0
"""Factor of motions, so that they weigh as much as poses in the principal components."""
_MOST_COMPONENTS: Final = 2 * LIFTED_COUNT - 2
"""Of poses, and half of those of motions: relative to the middle of the hips, one hip tells the other's place."""
_SAMPLED_POSES: Final = 4
"""Poses per window; neighbouring poses are nearly the same."""


class _Coupling(nn.Module):
    """RealNVP's affine coupling layer (Dinh et al., ICLR 2017)."""

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
        """Vectors (N, size) to vectors of the same shape and the logarithm of the Jacobian's determinant (N,)."""
        x = x[:, self.order]
        kept, changed = x[:, : self.kept_count], x[:, self.kept_count :]
        log_scale, shift = self.network(kept).chunk(2, -1)
        log_scale = 1.5 * torch.tanh(log_scale)
        return torch.cat([kept, changed * log_scale.exp() + shift], -1), log_scale.sum(-1)


class PoseFlow(nn.Module):
    """Likelihood of vectors (poses, or poses with their motion) in the space of their principal components."""

    mean: Tensor
    whitening: Tensor

    def __init__(self, features: int, components: int, layers: int = 8, hidden: int = 256) -> None:
        """Build the coupling layers.

        Args:
            features: length of the vectors.
            components: number of principal components.
            layers: number of coupling layers.
            hidden: width of their networks.
        """
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("whitening", torch.zeros(features, components))
        generator = torch.Generator().manual_seed(0)
        self.layers = nn.ModuleList([_Coupling(components, hidden, generator) for _ in range(layers)])

    def fit_components(self, samples: Tensor) -> None:
        """Set the principal components, scaled to unit variance, from samples (N, features)."""
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

    def __post_init__(self) -> None:
        require_at_least(self, 1, "layers", "hidden")
        for name, most in (("pose_components", _MOST_COMPONENTS), ("motion_components", 2 * _MOST_COMPONENTS)):
            components = getattr(self, name)
            if not 2 <= components <= most:  # a coupling changes one half by the other
                raise OutOfRangeError(name, f"from 2 to {most}", components)


class Priors(nn.Module):
    """Likelihood of 2D poses, and of 2D poses with their motion."""

    def __init__(self, config: PriorConfig) -> None:
        """Build both flows.

        Args:
            config: sizes of the flows.
        """
        super().__init__()
        self.config = config
        size = 2 * LIFTED_COUNT
        self.pose = PoseFlow(size, config.pose_components, config.layers, config.hidden)
        self.motion = PoseFlow(2 * size, config.motion_components, config.layers, config.hidden)

    def fit_components(self, points: Tensor) -> None:
        """Set the principal components from real windows (B, T, 18, 2)."""
        poses, motions = self._sample(points)
        self.pose.fit_components(poses)
        self.motion.fit_components(motions)

    def terms(self, points: Tensor, pose_weight: float, motion_weight: float) -> dict[str, Tensor]:
        """Weighted negative log-likelihoods of random poses of windows (B, T, 18, 2), without terms of weight 0."""
        poses, motions = self._sample(points)
        terms: dict[str, Tensor] = {}
        if pose_weight:
            terms["pose_likelihood"] = pose_weight * self.pose(poses).mean()
        if motion_weight:
            terms["motion_likelihood"] = motion_weight * self.motion(motions).mean()
        return terms

    def blurred_terms(self, points: Tensor, deviation: float) -> dict[str, Tensor]:
        """Terms of weight 1 with noise added to each vector, as the likelihood of exact data has no upper bound."""
        poses, motions = (x + deviation * torch.randn_like(x) for x in self._sample(points))
        return {"pose": self.pose(poses).mean(), "motion": self.motion(motions).mean()}

    def _sample(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Random poses (N, 36), and poses with their motion (N, 72), of windows (B, T, 18, 2)."""
        vectors = root_centred(points).flatten(2)  # (B, T, 36)
        count, window = vectors.shape[:2]
        moment = torch.randint(0, window - _LAG, (count, _SAMPLED_POSES), device=points.device)  # (B, 4)
        window_index = torch.arange(count, device=points.device)[:, None]
        pose = vectors[window_index, moment]  # (B, 4, 36)
        motion = vectors[window_index, moment + _LAG] - vectors[window_index, moment]
        return pose.flatten(0, 1), torch.cat([pose, _MOTION_UNIT * motion], -1).flatten(0, 1)
