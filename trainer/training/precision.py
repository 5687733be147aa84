"""Mixed precision."""

from __future__ import annotations

from contextlib import AbstractContextManager

import torch


def mixed_precision(device: torch.device, enabled: bool = True) -> AbstractContextManager[object]:
    """Run networks in bfloat16 inside; call `.float()` on their outputs before losses in full precision.

    CPUs without instructions for bfloat16 stay in float32: in bfloat16 they are ten times slower.
    """
    # In this order: torch.compile can't follow the query.
    fast = enabled and (device.type != "cpu" or torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return torch.autocast(device.type, torch.bfloat16, enabled=fast)
