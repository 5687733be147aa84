"""Cache of the people found in the footage, so that a search serves each later capture, of whomever.

The file lies in the folder of `cache.py`, which keeps that folder small. It holds everyone's regions as found.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import numpy as np

from ...arrays import AnyArray
from ...errors import PoseNet3DError
from ...npz import read_npz
from ...progress import Progress, Warn
from ..video.footage import Footage
from .blazepose.assets import open_person_detector
from .blazepose.regions import Region
from .cache import DetectionCache, DetectionKey, open_cache
from .choice import Shot
from .find_people import PersonTrack, find_people

PEOPLE_VERSION: Final = 1
"""Raised when the search for people or the file's layout changes: older files then no longer count."""


def find_or_load_people(
    footage: Footage,
    frames: slice,
    input_fps: float | None,
    device: str,
    cache_folder: Path | None,
    progress: Progress,
    warn: Warn,
) -> list[Shot[PersonTrack]]:
    """Everyone in some frames of the footage, shot by shot: found now, or by an earlier search of the same frames.

    Args:
        footage: the video.
        frames: from `Footage.frames_between`.
        input_fps: rate of footage that states none.
        device: that runs the person detector.
        cache_folder: None: no cache.
        progress: told of the stage "people".
        warn: told where the result can't be cached, and of devices that fail.

    Raises:
        PoseNet3DError: nobody is found, or a network's file or device is missing.
    """
    if cache_folder is None:
        return find_people(footage, frames, open_person_detector(device, warn), progress)
    cache = open_cache(cache_folder)
    name = _file_name(footage, frames, input_fps)
    shots = _load(cache.folder / name)
    if shots is None:
        shots = find_people(footage, frames, open_person_detector(device, warn), progress)
        try:
            _store(cache, name, shots)
        except PoseNet3DError as error:  # a full disk must not cost the search
            warn(f"The people found could not be cached: {error}")
    return shots


def _file_name(footage: Footage, frames: slice, input_fps: float | None) -> str:
    # The networks and the footage, by the name of a detection run of nobody.
    run = DetectionKey(footage.path, "people", "", input_fps, mirror=footage.is_mirrored).name()
    described = [PEOPLE_VERSION, run, frames.start, frames.stop, footage.image_size, footage.frame_count]
    return f"people_{hashlib.sha256(json.dumps(described).encode()).hexdigest()[:32]}.npz"


def _store(cache: DetectionCache, name: str, shots: Sequence[Shot[PersonTrack]]) -> None:
    people = [(number, track) for number, shot in enumerate(shots) for track in shot.people]
    arrays: dict[str, AnyArray] = {
        "shots": np.array([(shot.frames.start, shot.frames.stop) for shot in shots]),
        "shot_of_person": np.array([number for number, _ in people]),
    }
    for index, (_, track) in enumerate(people):
        regions = [(region.x, region.y, region.size, region.rotation) for region in track.regions]
        columns = (track.time, track.scores, track.parts_in_picture, *np.array(regions).T)
        arrays[f"track_{index}"] = np.column_stack(columns).astype(np.float64)
    cache.write(name, arrays)


def _load(path: Path) -> list[Shot[PersonTrack]] | None:
    """The shots; None where there is no such file, or a damaged one."""
    try:
        arrays = read_npz(path, "people of an earlier search")
        people: list[list[PersonTrack]] = [[] for _ in arrays["shots"]]
        for index, number in enumerate(arrays["shot_of_person"]):
            time, scores, parts, *region = arrays[f"track_{index}"].T
            regions = tuple(Region(*map(float, row)) for row in zip(*region, strict=True))
            people[number].append(PersonTrack(time, regions, scores, parts))
        limits = [(int(start), int(stop)) for start, stop in arrays["shots"]]
    except (PoseNet3DError, KeyError, ValueError, TypeError, IndexError):
        return None
    if not limits or not all(people):
        return None
    with suppress(OSError):
        os.utime(path)  # used now: the cache keeps it longer
    return [Shot(slice(*ends), tuple(ones)) for ends, ones in zip(limits, people, strict=True)]
