"""People of one scene stand on one floor, which ties their sizes and distances to each other.

From one camera a person may as well be larger and farther away. The camera is as high above the floor for everyone: who
seems to stand lower than the others is larger, and nearer to the horizon, than they seem.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from ..arrays import Array
from ..progress import Warn
from .lifting import LiftedPerson
from .solve.floor import Floor, level_floor, resting
from .solve.terms import SolveWeights

_SIZE_DEVIATION: Final = 0.053
"""Standard deviation of the logarithm of grown people's stature."""
LARGEST_CHANGE: Final = 3 * _SIZE_DEVIATION
"""Of the logarithm of a person's size: beyond it people stand at different heights."""
_UP_DEVIATION: Final = 0.05
"""Radians between the vertical and what one person's posture tells of it."""
_OTHER_LEVEL: Final = 0.1
"""Metres from the others' floor that are told of."""
_LOWEST_CAMERA: Final = 0.3
"""Metres of the camera above the floor below which heights say little about sizes."""


def share_floor(people: Sequence[LiftedPerson], weights: SolveWeights) -> list[LiftedPerson]:
    """Solve people who may share a floor again, on one floor; the first one's height may be known (`weights`).

    Left as they are: people whose feet never rest, and those who clearly stand on something else.
    """
    rests = [_rests(person) for person in people]
    standing = {number: person for number, person in enumerate(people) if rests[number].any()}
    if len(standing) < 2:
        return list(people)
    mean_up = sum(rests[number].sum() * person.floor.up for number, person in standing.items())
    mean_up = mean_up / np.linalg.norm(mean_up)
    cameras = _camera_heights(standing, rests, mean_up)
    if len(cameras) < 2:
        return list(people)
    standing = {number: people[number] for number in cameras}
    up, shared = _common_floor(standing, rests, mean_up, cameras)
    cameras = _camera_heights(standing, rests, up)
    if weights.height is not None and 0 in cameras:
        shared = float(np.log(cameras[0]))
    changes = {number: shared - float(np.log(height)) for number, height in cameras.items()}
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


def warn_of_levels(names: Sequence[str], people: Sequence[LiftedPerson], floor: Floor, warn: Warn) -> None:
    """Tell of people who stand higher or lower than `floor`; names: of the people, as in other warnings."""
    for name, person in zip(names, people, strict=True):
        rests = _rests(person)
        if not rests.any():
            continue
        level = level_floor(person.body, rests, floor.up).height - floor.height
        if abs(level) > _OTHER_LEVEL:
            side = "higher" if level > 0 else "lower"
            warn(
                f"{name} seems to stand {100 * abs(level):.0f} cm {side} than the others; if all stand on one floor, "
                "move that armature to it"
            )


def _camera_heights(people: Mapping[int, LiftedPerson], rests: Sequence[Array], up: Array) -> dict[int, float]:
    """Metres of the camera above the floor of each person; without people for whom it is too low."""
    heights = {number: -level_floor(person.body, rests[number], up).height for number, person in people.items()}
    return {number: height for number, height in heights.items() if height > _LOWEST_CAMERA}


def _common_floor(
    people: Mapping[int, LiftedPerson], rests: Sequence[Array], up: Array, cameras: Mapping[int, float]
) -> tuple[Array, float]:
    """The likeliest vertical (3,), and the logarithm of the camera's height above the common floor.

    It weighs how far the vertical is from what each person's posture tells against how far people's sizes would have to
    change. Robust: someone on a balcony hardly counts.

    Args:
        people: by number.
        rests: (S, 2) of each person, by number.
        up: (3,) a first guess of the vertical.
        cameras: the camera's height above each person's floor, by number, for that guess.
    """
    # Imported here: the add-on's registration needs no scipy.
    from scipy.optimize import least_squares

    first = Floor(up, 0.0)
    feet = np.stack([_resting_place(person, rests[number]) for number, person in people.items()])  # (P, 3)
    own_ups = np.stack([person.floor.up for person in people.values()])  # (P, 3)
    support = np.array([rests[number].sum() for number in people])
    support = np.sqrt(support / support.mean())  # (P,)
    heights = np.array([cameras[number] for number in people])  # (P,)

    def deviations(unknowns: Array) -> Array:
        tilted = first.moved(np.append(unknowns[:2], 0.0)).up
        cameras_above = np.maximum(heights - feet @ (tilted - up), _LOWEST_CAMERA)
        sizes = (np.log(cameras_above) - unknowns[2]) / _SIZE_DEVIATION
        return np.concatenate([sizes, (support[:, None] * (own_ups - tilted)).ravel() / _UP_DEVIATION])

    start = np.array([0.0, 0.0, np.log(heights).mean()])
    best = least_squares(deviations, start, loss="cauchy", f_scale=LARGEST_CHANGE / _SIZE_DEVIATION)
    return first.moved(np.append(best.x[:2], 0.0)).up, float(best.x[2])


def _resting_place(person: LiftedPerson, rests: Array) -> Array:
    """(3,) mean place of a person's resting feet."""
    soles = np.concatenate([part.soles for part in person.body.in_blocks()])  # (S, 4, 3)
    feet = soles.reshape(len(soles), 2, 2, 3).mean(2)  # (S, 2, 3)
    place: Array = (rests[..., None] * feet).sum((0, 1)) / rests.sum()
    return place


def _rests(person: LiftedPerson) -> Array:
    """(S, 2) from 0 to 1: the person's resting feet."""
    return resting(person.contacts, float(person.sampled.time[1] - person.sampled.time[0]))
