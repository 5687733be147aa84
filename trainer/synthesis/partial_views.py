"""Windows in which a detector sees only a part of the body: whole limbs missing, and people at the picture's edge.

Unseen points have confidence 0, or keep a low confidence where a detector guesses them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from posenet3d_blender.capture.student.features import STUDENT_POINT_NAMES

from ..config_checks import require_shares, require_shares_of_one

_LEG: Final = ("knee", "ankle", "heel", "big_toe")
_ARM: Final = ("elbow", "wrist", "index", "pinky")
_SIDES: Final = ("left", "right")


def _points(*parts: str, sides: tuple[str, ...] = _SIDES) -> list[int]:
    return [STUDENT_POINT_NAMES.index(f"{side}_{part}") for side in sides for part in parts]


HIDDEN_PARTS: Final = (
    _points(*_LEG),
    _points(*_LEG, "hip"),
    _points("ankle", "heel", "big_toe"),
    _points(*_ARM),
    _points(*_ARM, sides=("left",)),
    _points(*_ARM, sides=("right",)),
    _points(*_LEG, sides=("left",)),
    _points(*_LEG, sides=("right",)),
    _points(*_LEG, *_ARM, "hip", sides=("left",)),
    _points(*_LEG, *_ARM, "hip", sides=("right",)),
)
"""Groups of points that go missing together."""
LEG_POINTS: Final = {side: _points(*_LEG, sides=(side,)) for side in _SIDES}
ARM_POINTS: Final = {side: _points(*_ARM, sides=(side,)) for side in _SIDES}


@dataclass(frozen=True)
class PartialViews:
    """Shares of windows in which a part of the body is out of sight."""

    limbs: float = 0.16
    """One of HIDDEN_PARTS is never seen, or for a stretch."""
    edge: float = 0.14
    """The picture's edge cuts the person."""
    stretch: float = 0.35
    """Of both, windows in which that lasts for a stretch only."""
    guessed: float = 0.4
    """Of both, windows in which the detector guesses the missing points, at low confidence."""

    def __post_init__(self) -> None:
        require_shares(self, "limbs", "edge", "stretch", "guessed")
        require_shares_of_one(self, "limbs", "edge")


def hide_parts(rays: Tensor, confidence: Tensor, ranges: PartialViews, generator: torch.Generator) -> None:
    """Hide parts of the body in some windows, in place.

    rays: (B, T, 27, 2); confidence: (B, T, 27).
    """
    count = len(rays)
    kind = torch.rand(count, generator=generator)
    limbs = torch.nonzero(kind < ranges.limbs).flatten().tolist()
    edges = torch.nonzero((kind >= ranges.limbs) & (kind < ranges.limbs + ranges.edge)).flatten().tolist()
    for index in limbs:
        part = HIDDEN_PARTS[int(torch.randint(len(HIDDEN_PARTS), (1,), generator=generator))]
        hidden = torch.zeros_like(confidence[index], dtype=torch.bool)
        hidden[:, part] = True
        _hide(rays[index], confidence[index], hidden, ranges, generator)
    for index in edges:
        _hide(rays[index], confidence[index], _beyond_edge(rays[index], generator), ranges, generator)


def _beyond_edge(rays: Tensor, generator: torch.Generator) -> Tensor:
    """(T, 27) the points beyond an edge that cuts off up to two thirds of the person; mostly the lower edge."""
    kind = float(torch.rand(1, generator=generator))
    axis, sign = (1, 1.0) if kind < 0.6 else (1, -1.0) if kind < 0.7 else (0, 1.0) if kind < 0.85 else (0, -1.0)
    along = sign * rays[..., axis]
    share = 0.33 + 0.65 * torch.rand(1, generator=generator)
    return along > torch.quantile(along, share)


def _hide(rays: Tensor, confidence: Tensor, hidden: Tensor, ranges: PartialViews, generator: torch.Generator) -> None:
    """Hide points (T, 27) of one window."""
    window = len(rays)
    if float(torch.rand(1, generator=generator)) < ranges.stretch:
        start, end = sorted(torch.randint(-window // 2, window + window // 2, (2,), generator=generator).tolist())
        lasting = torch.zeros(window, 1, dtype=torch.bool)
        lasting[max(start, 0) : max(end, 0)] = True
        hidden = hidden & lasting
    # Points that are not given, as neck and head of keypoints, are not guessed either.
    hidden = hidden & (confidence > 0)
    if float(torch.rand(1, generator=generator)) >= ranges.guessed:
        confidence[hidden] = 0.0
        return
    seen = ~hidden
    middle = rays[seen].mean(0) if seen.any() else rays.mean((0, 1))
    size = rays[seen].std() if seen.any() else rays.std()
    # A guess lies somewhere near the person and wanders slowly.
    guess = middle + size * 1.5 * torch.randn(1, rays.shape[1], 2, generator=generator)
    share = float(torch.rand(1, generator=generator))
    guesses = (share * rays + (1 - share) * guess).expand_as(rays)
    rays[hidden] = guesses[hidden]
    confidence[hidden] = 0.3 * float(torch.rand(1, generator=generator))
