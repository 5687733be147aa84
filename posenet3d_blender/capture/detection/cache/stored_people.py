"""Cache of the people found in the footage, so that a search serves each later capture, of whomever.

The file lies beside those of `stored_detections.py` and holds everyone's regions as found.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from ....arrays import AnyArray, Array
from ....errors import PoseNet3DError
from ....progress import Progress, Warn
from ...video.footage import Footage
from ..blazepose.assets import open_person_detector
from ..blazepose.regions import Region
from ..choice import Shot
from ..find_people import PersonTrack, find_people
from .cached_files import digest, people_file
from .folder import CachedRun, CachedShot, CacheFolder, open_cache
from .stored_detections import DetectionKey

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
    shots = _load(cache, name)
    if shots is None:
        shots = find_people(footage, frames, open_person_detector(device, warn), progress)
        try:
            _store(cache, name, shots)
        except PoseNet3DError as error:  # a full disk must not cost the search
            warn(f"The people found could not be cached: {error}")
    return shots


def _file_name(footage: Footage, frames: slice, input_fps: float | None) -> str:
    # The networks and the footage, by the name of a detection run of nobody.
    run = DetectionKey(footage.path, "people", "", input_fps).name()
    picture = [*footage.image_size, footage.is_mirrored]
    described = [PEOPLE_VERSION, run, frames.start, frames.stop, picture, footage.frame_count]
    return people_file(digest(described))


def _store(cache: CacheFolder, name: str, shots: Sequence[Shot[PersonTrack]]) -> None:
    cached = [
        CachedShot((shot.frames.start, shot.frames.stop), [{"track": _array(track)} for track in shot.people])
        for shot in shots
    ]
    cache.write(name, CachedRun(cached))


def _load(cache: CacheFolder, name: str) -> list[Shot[PersonTrack]] | None:
    """The shots; None where there is no such file, or a damaged one."""
    run = cache.read(name)
    if run is None:
        return None
    try:
        shots = [
            Shot(slice(*map(int, shot.limits)), tuple(_track(person["track"]) for person in shot.people))
            for shot in run.shots
        ]
    except (KeyError, ValueError, TypeError):
        return None
    cache.touch(name)
    return shots


def _array(track: PersonTrack) -> Array:
    """(K, 7) time, score, part in the picture, and the region's four numbers."""
    regions = [(region.x, region.y, region.size, region.rotation) for region in track.regions]
    return np.column_stack((track.time, track.scores, track.parts_in_picture, *np.array(regions).T)).astype(np.float64)


def _track(array: AnyArray) -> PersonTrack:
    time, scores, parts, *region = array.T
    regions = tuple(Region(*map(float, row)) for row in zip(*region, strict=True))
    return PersonTrack(time, regions, scores, parts)
