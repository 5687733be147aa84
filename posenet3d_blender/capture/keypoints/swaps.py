"""Detect and undo left-right swaps with a Viterbi search over time."""

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
"""(3, 25) masks of the arms, the legs and the head."""
STATES: Final = np.array([[0, 0, 0], [1, 1, 1], [0, 1, 0], [1, 0, 0]], dtype=bool)
"""(4, 3) the groups that are swapped in each state: none, the whole body, the legs, the arms."""
GROUP_WEIGHTS: Final = np.array([1.0, 1.0, 0.3])
"""The head's points lie close together and tell little."""
COST_PER_SECOND: Final = 0.15
"""Cost of a swapped state, in body sizes: a detector is right most of the time."""
COST_PER_CHANGE: Final = 0.003
"""Cost of entering or leaving a swapped state, in body sizes: where both sides lie in one place, none begins."""
USUAL_WINDOW: Final = 0.25
"""Seconds to either side over which a point's usual move from frame to frame is the median."""
USUAL_FACTOR: Final = 1.5
"""A move up to this many times the usual one costs nothing."""
MEMORY: Final = 0.2
"""Seconds over which a position tells left from right: after a longer gap either side may be anywhere."""


def undo_swaps(keypoints: Keypoints, size: Array) -> tuple[Keypoints, NDArray[np.bool_]]:
    """Give each side its own points back.

    The cheapest path through STATES (Viterbi): a point's move costs its distance in body sizes, so that a swap is a
    cheaper explanation of a side that jumps to the other side's place and back.

    Args:
        keypoints: T frames.
        size: (T,) the person's size in pixels.

    Returns:
        The repaired keypoints, and a mask (T, 25) of the points that were swapped.
    """
    swapped = np.zeros(keypoints.confidence.shape, dtype=bool)
    visible = np.flatnonzero((keypoints.confidence > 0).any(axis=1))
    if len(visible) > 1:
        states = _cheapest_states(keypoints.select(visible), size[visible])
        swapped[visible] = STATES[states] @ GROUPS
    mirrored = list(MIRRORED_KEYPOINTS)
    points = np.where(swapped[..., None], keypoints.points[:, mirrored], keypoints.points)
    confidence = np.where(swapped, keypoints.confidence[:, mirrored], keypoints.confidence)
    return replace(keypoints, points=points, confidence=confidence), swapped


def _cheapest_states(keypoints: Keypoints, size: Array) -> NDArray[np.intp]:
    """(V,) the state of each of V frames, in all of which the person is visible; size (V,) pixels."""
    time = keypoints.time
    straight, crossing = _excess_moves(keypoints, size)  # (V - 1, 3) each
    changes = STATES[:, None] != STATES[None]  # (4, 4, 3) groups that change sides from state to state
    steps = np.where(changes[None], crossing[:, None, None] + COST_PER_CHANGE, straight[:, None, None])
    step_costs = steps @ GROUP_WEIGHTS  # (V - 1, 4, 4) from state to state
    state_cost = (STATES @ GROUP_WEIGHTS) / GROUP_WEIGHTS.sum() * COST_PER_SECOND  # (4,) per second
    cost = state_cost * (time[1] - time[0])
    origin = np.zeros((len(time), len(STATES)), dtype=np.intp)
    for frame, step_cost in enumerate(step_costs, start=1):
        total = cost[:, None] + step_cost
        origin[frame] = total.argmin(axis=0)
        cost = total.min(axis=0) + state_cost * (time[frame] - time[frame - 1])
    states = np.zeros(len(time), dtype=np.intp)
    states[-1] = cost.argmin()
    for frame in range(len(time) - 1, 0, -1):
        states[frame - 1] = origin[frame, states[frame]]
    return states


def _excess_moves(keypoints: Keypoints, size: Array) -> tuple[Array, Array]:
    """Each group's move from frame to frame beyond the usual one of its points at that time, in body sizes.

    Returns:
        Two (V - 1, 3): if each side goes on to its own place, and if it goes to the other side's.
    """
    from scipy.ndimage import median_filter

    points, confidence = keypoints.points, keypoints.confidence
    mirrored = list(MIRRORED_KEYPOINTS)
    scale = size[1:, None]
    straight = np.linalg.norm(points[1:] - points[:-1], axis=2) / scale  # (V - 1, 25)
    crossing = np.linalg.norm(points[1:, mirrored] - points[:-1], axis=2) / scale
    pause = np.diff(keypoints.time)  # (V - 1,)
    # Legs that pass each other in a stride come near each other's place: that is their usual move at that time.
    window = 2 * round(USUAL_WINDOW / float(np.median(pause))) + 1
    usual = USUAL_FACTOR * median_filter(np.minimum(straight, crossing), size=(window, 1), mode="nearest")
    decay = (1 + pause / MEMORY)[:, None]
    return (
        _mean_of_groups(np.maximum(straight - usual, 0), np.sqrt(confidence[1:] * confidence[:-1])) / decay,
        _mean_of_groups(np.maximum(crossing - usual, 0), np.sqrt(confidence[1:, mirrored] * confidence[:-1])) / decay,
    )


def _mean_of_groups(values: Array, weight: Array) -> Array:
    """(N, 25) values of points to (N, 3) weighted means of groups."""
    weight = weight + 1e-6
    means: Array = ((values * weight) @ GROUPS.T) / (weight @ GROUPS.T)
    return means
