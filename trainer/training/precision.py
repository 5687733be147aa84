"""Mixed precision."""

from __future__ import annotations

from contextlib import AbstractContextManager

import torch


def mixed_precision(device: torch.device, enabled: bool = True) -> AbstractContextManager[object]:
    """Run networks in bfloat16 inside; call `.float()` on their outputs before losses in full precision."""
    return torch.autocast(device.type, torch.bfloat16, enabled=enabled)
