"""The lens: the focal length in the footage's metadata, or else a phone's field of view."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from ...camera import NARROWEST_VIEW, WIDEST_VIEW
from ...errors import PoseNet3DError

PHONE_FIELD_OF_VIEW: Final = 65.0
"""Degrees along the longer side, of phones' main cameras when they film."""
FULL_FRAME_DIAGONAL: Final = 43.27
"""Millimetres of the 35 mm film frame that equivalent focal lengths refer to."""
_EQUIVALENT_KEYS: Final = ("focal_length.35mm_equivalent", "focallengthin35mmformat", "focallengthin35mmfilm")


def equivalent_focal_length(metadata: Mapping[str, str]) -> float | None:
    """The 35 mm equivalent focal length, millimetres, that phones write beside the video; None where they don't."""
    for key, value in metadata.items():
        if key.lower().endswith(_EQUIVALENT_KEYS):
            try:
                millimetres = float(value)
            except ValueError:
                continue
            if 5 < millimetres < 1000:
                return millimetres
    return None


def check_field_of_view(degrees: float | None) -> None:
    """Check the user's field of view; None: the footage's counts.

    Raises:
        PoseNet3DError: no lens has it.
    """
    if degrees is not None and not NARROWEST_VIEW <= degrees <= WIDEST_VIEW:
        raise PoseNet3DError(
            f"A field of view of {degrees:g} degrees; give one between {NARROWEST_VIEW:g} and {WIDEST_VIEW:g} degrees"
        )


def field_of_view(image_size: tuple[int, int], equivalent: float | None, diagonal: float | None = None) -> float:
    """Degrees along the picture's longer side.

    Args:
        image_size: width and height, pixels.
        equivalent: 35 mm equivalent focal length, millimetres, which holds for the diagonal; None: a phone's.
        diagonal: pixels of the camera's picture, where it is not the whole image; None: it is.
    """
    if equivalent is None:
        return PHONE_FIELD_OF_VIEW
    focal_length = equivalent / FULL_FRAME_DIAGONAL * (diagonal or float(np.hypot(*image_size)))
    return float(np.degrees(2 * np.arctan(max(image_size) / 2 / focal_length)))
