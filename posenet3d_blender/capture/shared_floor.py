"""People of one scene stand on one floor, which ties their sizes and distances to each other.

From one camera a person may as well be larger and farther away. The camera is as high above the floor for everyone: who
seems to stand lower than the others is larger, and nearer to the horizon, than they seem.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from .lifting import LiftedPerson
from .solve.floor import Floor, level_floor, resting
from .solve.terms import SolveWeights

LARGEST_CHANGE: Final = 0.16
"""Of the logarithm of a person's size, about three standard deviations of grown people's stature: beyond it people
stand at different heights."""
_LOWEST_CAMERA: Final = 0.3
"""Metres of the camera above the floor below which heights say little about sizes."""


def share_floor(people: Sequence[LiftedPerson], weights: SolveWeights) -> list[LiftedPerson]:
    """Solve people who may share a floor again, on one floor; the first one's height may be known (`weights`).

    Left as they are: people whose feet never rest, and those who clearly stand on something else.
    """
    rests = [_rests(person) for person in people]
    standing = [number for number, rest in enumerate(rests) if rest.any()]
    if len(standing) < 2:
        return list(people)
    up = sum(rests[number].sum() * people[number].floor.up for number in standing)
    up = up / np.linalg.norm(up)
    cameras = {n: -level_floor(people[n].body, rests[n], up).height for n in standing}  # metres above the floor
    cameras = {number: height for number, height in cameras.items() if height > _LOWEST_CAMERA}
    if len(cameras) < 2:
        return list(people)
    if weights.height is not None and 0 in cameras:
        shared = np.log(cameras[0])
    else:
        certainty = [float(people[number].certainty.sum()) for number in cameras]
        shared = np.average(np.log(list(cameras.values())), weights=certainty)
    changes = {number: shared - np.log(height) for number, height in cameras.items()}
    together = {number: change for number, change in changes.items() if abs(change) < LARGEST_CHANGE}
    if len(together) < 2:
        return list(people)
    floor = Floor(up, -float(np.exp(shared)))
    unknown_height = replace(weights, height=None)
    return [
        person.on_floor(floor, float(np.exp(together[number])), unknown_height if number else weights)
        if number in together
        else person
        for number, person in enumerate(people)
    ]


def _rests(person: LiftedPerson) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """(S, 2) from 0 to 1: the person's resting feet."""
    return resting(person.contacts, float(person.sampled.time[1] - person.sampled.time[0]))
