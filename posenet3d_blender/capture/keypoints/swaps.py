"""Left and right exchanged: found over time as the cheapest explanation of how the points move, and undone."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...arrays import Array
from .keypoints import KEYPOINT_NAMES, MIRRORED_KEYPOINTS, Keypoints

ARM_PARTS: Final = ("shoulder", "elbow", "wrist", "index", "pinky")
LEG_PARTS: Final = ("hip", "knee", "ankle", "big_toe", "heel")


def _is_part(name: str, parts: tuple[str, ...]) -> bool:
    return name.partition("_")[2] in parts


ARMS: Final = np.array([_is_part(name, ARM_PARTS) for name in KEYPOINT_NAMES])
LEGS: Final = np.array([_is_part(name, LEG_PARTS) for name in KEYPOINT_NAMES])
HEAD: Final = ~(ARMS | LEGS)
GROUPS: Final = np.stack([ARMS, LEGS, HEAD])
"""(3, 25) which points belong to the arms, the legs and the head."""
EXCHANGED: Final = np.array([[0, 0, 0], [1, 1, 1], [0, 1, 0], [1, 0, 0]], dtype=bool)
"""(4, 3) what a detector exchanges: nothing, the whole body, the legs, the arms; by group."""
GROUP_WEIGHTS: Final = np.array([1.0, 1.0, 0.3])
"""The head's points lie close together and tell little."""
COST_PER_SECOND: Final = 0.15
"""Of calling left right, in body sizes: what a detector says most of the time is true."""
COST_PER_CHANGE: Final = 0.003
"""Of beginning or ending an exchange, in body sizes: where both sides lie in one place, none is called."""
USUAL_OVER: Final = 0.25
"""Seconds to either side over which a point's usual way from frame to frame is the median."""
USUAL_FACTOR: Final = 1.5
"""A way up to this many times the usual one surprises nobody."""
MEMORY: Final = 0.2
"""Seconds over which a place tells left from right: after a longer gap either side may be anywhere."""


def undo_swaps(keypoints: Keypoints, size: Array) -> tuple[Keypoints, NDArray[np.bool_]]:
    """Give each side its own points back.

    The cheapest path (Viterbi) through the states of EXCHANGED: moving costs the distance in body sizes, so a side that
    jumps to the other side's place and back is cheaper explained by an exchange.

    Args:
        keypoints: T frames.
        size: (T,) the person's size in pixels.

    Returns:
        The mended keypoints, and (T, 25) which points were exchanged.
    """
    exchanged = np.zeros(keypoints.confidence.shape, dtype=bool)
    seen = np.flatnonzero((keypoints.confidence > 0).any(axis=1))
    if len(seen) > 1:
        states = _cheapest_states(keypoints, size, seen)
        exchanged[seen] = EXCHANGED[states] @ GROUPS
    mirrored = list(MIRRORED_KEYPOINTS)
    points = np.where(exchanged[..., None], keypoints.points[:, mirrored], keypoints.points)
    confidence = np.where(exchanged, keypoints.confidence[:, mirrored], keypoints.confidence)
    return replace(keypoints, points=points, confidence=confidence), exchanged


def _cheapest_states(keypoints: Keypoints, size: Array, seen: NDArray[np.intp]) -> NDArray[np.intp]:
    """(len(seen),) the state of each frame in which the person is seen."""
    time = keypoints.time[seen]
    straight, crossing = _surprises(keypoints, size, seen)
    # (4, 4, 3) between which states a group changes sides
    changes = EXCHANGED[:, None] != EXCHANGED[None]
    steps = np.where(changes[None], crossing[:, None, None] + COST_PER_CHANGE, straight[:, None, None]) @ GROUP_WEIGHTS
    effort = (EXCHANGED @ GROUP_WEIGHTS) / GROUP_WEIGHTS.sum() * COST_PER_SECOND
    cost = effort * (time[1] - time[0])
    origin = np.zeros((len(seen), len(EXCHANGED)), dtype=np.intp)
    for frame, step in enumerate(steps, start=1):
        total = cost[:, None] + step
        origin[frame] = total.argmin(axis=0)
        cost = total.min(axis=0) + effort * (time[frame] - time[frame - 1])
    states = np.zeros(len(seen), dtype=np.intp)
    states[-1] = cost.argmin()
    for frame in range(len(seen) - 1, 0, -1):
        states[frame - 1] = origin[frame, states[frame]]
    return states


def _surprises(keypoints: Keypoints, size: Array, seen: NDArray[np.intp]) -> tuple[Array, Array]:
    """How much farther each group moves from a frame to the next than its points do at that time, in body sizes.

    Returns:
        Two (len(seen) - 1, 3): where each side goes on to its own place, and where it goes to the other side's.
    """
    from scipy.ndimage import median_filter

    time, points, confidence = keypoints.time[seen], keypoints.points[seen], keypoints.confidence[seen]
    mirrored = list(MIRRORED_KEYPOINTS)
    scale = size[seen][1:, None]
    straight = np.linalg.norm(points[1:] - points[:-1], axis=2) / scale
    crossing = np.linalg.norm(points[1:, mirrored] - points[:-1], axis=2) / scale
    pause = np.diff(time)
    # Legs that pass each other in a stride come near each other's place: that is how they move at that time.
    window = 2 * round(USUAL_OVER / float(np.median(pause))) + 1
    usual = USUAL_FACTOR * median_filter(np.minimum(straight, crossing), size=(window, 1), mode="nearest")
    fading = (1 + pause / MEMORY)[:, None]
    return (
        _mean_of_groups(np.maximum(straight - usual, 0), np.sqrt(confidence[1:] * confidence[:-1])) / fading,
        _mean_of_groups(np.maximum(crossing - usual, 0), np.sqrt(confidence[1:, mirrored] * confidence[:-1])) / fading,
    )


def _mean_of_groups(values: Array, weight: Array) -> Array:
    """(N, 25) values of points to (N, 3) weighted means of groups."""
    weight = weight + 1e-6
    return ((values * weight) @ GROUPS.T) / (weight @ GROUPS.T)
