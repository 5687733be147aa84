"""Training schedule: steps, batch size, learning rate."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from ..config_checks import OutOfRangeError, require_above_zero, require_at_least, require_not_negative


@dataclass(frozen=True)
class Schedule:
    """Training schedule of one stage; a table of the recipe file."""

    RENAMED_KEYS: ClassVar[dict[str, str]] = {
        "batch": "batch_size",
        "warm_up": "warmup_steps",
        "average_decay": "ema_decay",
        "gradient_norm": "max_grad_norm",
        "data_processes": "num_workers",
    }
    """Former names of keys, refused with the present one."""

    steps: int = 8000
    batch_size: int = 64
    """Windows per step, over all processes together."""
    learning_rate: float = 1e-3
    """Peak, after the warm-up; it then falls to zero along a cosine."""
    warmup_steps: int = 200
    weight_decay: float = 0.01
    ema_decay: float = 0.998
    """Of the exponential moving average of the weights; checkpoints hold the average."""
    max_grad_norm: float = 1.0
    """Gradients are clipped to this norm."""
    save_every: int = 200
    """Steps between checkpoints, and between points of the log."""
    mixed_precision: bool = True
    """Run the stage's networks in bfloat16, apart from the priors and from a student with feedback, which need the
    precision."""
    compile: bool = False
    """Compile the stage's losses with torch.compile; pays off on a GPU, in stages of many minutes."""
    num_workers: int = 1
    """Processes that draw batches, for each training process."""

    def __post_init__(self) -> None:
        require_at_least(self, 1, "batch_size", "save_every", "num_workers")
        require_above_zero(self, "learning_rate", "max_grad_norm")
        require_not_negative(self)
        if not self.ema_decay < 1:
            raise OutOfRangeError("ema_decay", "below 1", self.ema_decay)


def learning_rate(schedule: Schedule, step: int) -> float:
    """Rate of a step (from 0): linear warm-up, half a cosine down to zero."""
    warmup = min(1.0, (step + 1) / max(schedule.warmup_steps, 1))
    return schedule.learning_rate * warmup * 0.5 * (1 + math.cos(math.pi * step / schedule.steps))
