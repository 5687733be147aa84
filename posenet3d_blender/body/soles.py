"""The spots under the feet that bear the body: heel and ball of each foot, as points fixed to the body."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..arrays import Array, FloatArray
from .model import Body
from .skeleton import JOINT_INDEX

SOLE_JOINTS: Final[tuple[int, ...]] = tuple(
    JOINT_INDEX[f"{side}_{joint}"] for side in ("left", "right") for joint in ("ankle", "foot")
)
"""The joints that carry left heel, left ball, right heel and right ball."""
_THICKNESS: Final = 0.01
"""Metres above the sole's lowest spot that belong to it: heels and soles are round."""


@dataclass(frozen=True)
class BodySoles:
    """Rest positions of heels and balls, linear in the shape."""

    template: Array
    """(4, 3) metres, of the mean shape."""
    directions: Array
    """(4, 3, 10) metres per unit of shape coefficient."""

    def rest_points(self, betas: FloatArray) -> Array:
        """(4, 3) metres in the rest pose for shape coefficients (10,)."""
        points: Array = self.template + self.directions @ np.asarray(betas, dtype=np.float64)
        return points


def body_soles(body: Body) -> BodySoles:
    """Find the soles on `body` by the mesh's own shape. Takes milliseconds."""
    owners = body.skin_weights.argmax(axis=1)
    template, directions = [], []
    for side in ("left", "right"):
        ball_front = body.joint_template[JOINT_INDEX[f"{side}_foot"], 2]
        foot = np.flatnonzero(np.isin(owners, [JOINT_INDEX[f"{side}_{joint}"] for joint in ("ankle", "foot")]))
        height, front = body.template[foot, 1], body.template[foot, 2]
        behind = front < (front.min() + ball_front) / 2
        for region in (foot[behind], foot[~behind]):
            low = region[body.template[region, 1] < body.template[region, 1].min() + _THICKNESS]
            point = body.template[low].mean(axis=0)
            point[1] = height.min()
            template.append(point)
            directions.append(body.shape_directions[low].mean(axis=0))
    return BodySoles(np.array(template), np.array(directions))
