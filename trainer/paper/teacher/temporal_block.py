"""Block of temporal convolutions, of which the teacher and its denoiser are built."""

from __future__ import annotations

from torch import Tensor, nn


class TemporalBlock(nn.Module):
    """VideoPose3D's temporal block (Pavllo et al., CVPR 2019): a dilated convolution over time with a residual.

    A residual layer that mixes features follows.
    """

    def __init__(self, width: int, kernel: int, dilation: int) -> None:
        """Build the layers.

        Args:
            width: features of a sample.
            kernel: of the convolution, samples, odd.
            dilation: of the convolution, samples.
        """
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
