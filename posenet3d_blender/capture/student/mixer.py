"""Block of an MLP-Mixer, of which the student and its feedback are built."""

from __future__ import annotations

from torch import Tensor, nn


class Mixer(nn.Module):
    """Block of an MLP-Mixer (Tolstikhin et al. 2021): mixes (B, T, width) along time, then along features."""

    def __init__(self, width: int, expansion: int, window: int) -> None:
        """Build the layers; at first the block treats each sample by itself.

        Args:
            width: features of a sample.
            expansion: width of the hidden layer, as a multiple of `width`.
            window: samples in a window.
        """
        super().__init__()
        self.time_norm = nn.LayerNorm(width)
        # Mixing along time starts at zero.
        last = nn.Linear(window, window)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.time = nn.Sequential(nn.Linear(window, window), nn.GELU(), last)
        self.feature_norm = nn.LayerNorm(width)
        self.feature = nn.Sequential(
            nn.Linear(width, expansion * width), nn.GELU(), nn.Linear(expansion * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, width) to the same shape; for one sample the mixing along time is skipped."""
        if x.shape[1] > 1:
            x = x + self.time(self.time_norm(x).transpose(1, 2)).transpose(1, 2)
        mixed: Tensor = x + self.feature(self.feature_norm(x))
        return mixed
