"""Choice of the hands that are good enough for a motion, and the sentence that tells of those left out."""

from __future__ import annotations

from typing import Final

import numpy as np

from ...arrays import Array, FloatArray
from ...progress import Warn
from ..keypoints.hand_keypoints import HandKeypoints
from ..keypoints.keypoints import Keypoints
from ..keypoints.sampling import seconds_to_nearest
from .tracker import median_length

NO_HANDS: Final = "off"
EVERY_HAND: Final = "on"
HAND_CHOICES: Final = ("auto", EVERY_HAND, NO_HANDS)
SMALLEST_HAND: Final = 20.0
"""Length of a stretched hand, pixels, below which the networks see no fingers."""
UNSEEN_PRESENCE: Final = 0.5
"""Presence up to which the points are no hand's ..."""
SEEN_PRESENCE: Final = 0.75
"""... and from which they lie on the fingers."""
REACH: Final = 0.1
"""Seconds to either side of a frame with a hand, for which the hand counts as seen."""
LEAST_SHARE: Final = 0.1
"""Part of a clip in which a hand is seen, from which a motion gets fingers ..."""
LEAST_SECONDS: Final = 1.0
"""... or seconds."""


def smallest_hand(hands: str) -> float:
    """Length of a hand, pixels, below which it is not sought, by the user's choice: auto or on."""
    return 0.0 if hands == EVERY_HAND else SMALLEST_HAND


def hand_confidence(presence: FloatArray) -> Array:
    """From 0 to 1: how far a hand's points can be trusted, by their presence."""
    return np.clip((np.asarray(presence) - UNSEEN_PRESENCE) / (SEEN_PRESENCE - UNSEEN_PRESENCE), 0.0, 1.0)


def usable_hands(person: Keypoints, hands: str, name: str, warn: Warn) -> HandKeypoints | None:
    """The person's hands, or None where they are not wanted or seen too rarely for a motion.

    Args:
        person: of a stretch of the footage.
        hands: auto, on or off.
        name: that messages call the person by.
        warn: told of hands that are left out.
    """
    if hands == NO_HANDS or person.hands is None:
        return None
    shares = _shares_seen(person.time, person.hands.presence)
    seconds = shares * (person.time[-1] - person.time[0])
    if hands == EVERY_HAND or ((shares >= LEAST_SHARE) | (seconds >= LEAST_SECONDS)).any():
        return person.hands
    length = median_length(person.points, person.confidence)
    if length < SMALLEST_HAND:
        reason = f"hands are too small in the image, about {length:.0f} pixels"
    else:
        reason = f"hands are too blurred or hidden, seen {shares.max():.0%} of the time"
    warn(f"{name}'s {reason}; fingers were left out; film closer and in more light, or get them with --hands on")
    return None


def _shares_seen(time: Array, presence: Array) -> Array:
    """(2,) part of the time in which each hand is seen."""
    seen = hand_confidence(presence) > 0.5  # (T, 2)
    return np.array([(seconds_to_nearest(time, of_side) <= REACH).mean() for of_side in seen.T])
