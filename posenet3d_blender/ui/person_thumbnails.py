"""A thumbnail of each person in the footage, to choose from. No bpy here: it is made in a thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import PoseNet3DError
from ..progress import Progress, ignore_warning

if TYPE_CHECKING:
    from ..capture.detection.blazepose.regions import Region
    from ..capture.detection.choice import Shot
    from ..capture.detection.find_people import PersonTrack
    from ..capture.video.footage import Footage

THUMBNAIL_SIZE: Final = 256
"""Pixels, both sides."""
_VIEW: Final = 0.88
"""Side of the thumbnail, as a part of the region's side: a margin above the head and below the feet."""
_WIDTH: Final = 0.36
"""Width of the frame around the person, as a part of its height."""
_FRAME_COLOUR: Final = (255, 170, 0)
"""RGB."""
_OUTSIDE: Final = 0.45
"""Brightness of the picture outside of the frame."""


@dataclass(frozen=True)
class PersonThumbnail:
    """One person in their best frame."""

    number: int
    """From 1, as a capture counts people."""
    image: NDArray[np.uint8]
    """(THUMBNAIL_SIZE, THUMBNAIL_SIZE, 3) RGB."""
    seconds: float
    """Time in view."""


@dataclass(frozen=True)
class SearchedFootage:
    """The part of the footage that people are sought in; their numbers are different ones in another."""

    video: Path
    time_range: tuple[float | None, float | None]
    """Seconds; None: of the footage."""
    input_fps: float | None
    """Frames per second of footage that states none."""
    mirror: bool
    shots: str
    """As `CaptureSettings.shots`."""


def find_thumbnails(
    searched: SearchedFootage, device: str, progress: Progress, cache_folder: Path | None = None
) -> list[PersonThumbnail]:
    """Find everyone whom a capture of the footage can choose by a number. The people found are cached for it.

    Raises:
        PoseNet3DError: the footage can't be read, nobody is in it, or there is no such shot.
    """
    from ..capture.detection.cache.stored_people import find_or_load_people
    from ..capture.video.footage import open_footage

    footage = open_footage(searched.video, searched.input_fps)
    footage = footage.mirrored() if searched.mirror else footage
    frames = footage.frames_between(*searched.time_range)
    footage = footage.sized_for(frames)
    found = find_or_load_people(footage, frames, searched.input_fps, device, cache_folder, progress, ignore_warning)
    thumbnails = []
    for number, track, others in _numbered(found, searched):
        thumbnails.append(PersonThumbnail(number, _best_view(footage, track, others), track.duration))
        progress("people", 1.0)
    return thumbnails


def _numbered(
    found: Sequence[Shot[PersonTrack]], searched: SearchedFootage
) -> list[tuple[int, PersonTrack, tuple[PersonTrack, ...]]]:
    """Each number of a person, who is captured by it, and everyone else in their shot.

    A shot's number counts the shots that have so many people. Where all shots are captured, the longest one counts.
    """
    from ..capture.detection.choice import choose_shots

    by_number = searched.shots.isdecimal()
    index = int(searched.shots) - 1 if by_number else 0
    people = []
    for number in range(1, max(len(shot.people) for shot in found) + 1):
        choice = choose_shots(found, not by_number, str(number), searched.video)
        if index < len(choice.shots):
            (track,) = choice.shots[index].people
            people.append((number, track, choice.others[index]))
    if not people:
        raise PoseNet3DError(
            f"{searched.video}: there is no shot {searched.shots}; {len(found)} found that show a person"
        )
    return people


def _best_view(footage: Footage, track: PersonTrack, others: Sequence[PersonTrack]) -> NDArray[np.uint8]:
    """The person in the frame where they are largest, surest, most in the picture and least beside others."""
    from ..capture.video.footage import read_frames

    sizes = np.array([region.size for region in track.regions])
    views = zip(track.regions, track.time.tolist(), strict=True)
    alone = np.array([_distance_to_others(region, time, others) for region, time in views])
    best = int(np.argmax(track.scores * sizes * track.parts_in_picture**2 * np.clip(alone, 0.1, 1.0)))
    region, time = track.regions[best], float(track.time[best])
    frame = next(read_frames(footage, footage.frames_between(time, time)))
    return _portrait(frame.image, region)


def _distance_to_others(region: Region, time: float, others: Sequence[PersonTrack]) -> float:
    """Distance to the nearest other person who is in view then, in widths of the person; infinite without any."""
    centres = [other.region_at(time) for other in others if other.seconds_from_detection(time) < 0.5]
    distances = [float(np.hypot(one.x - region.x, one.y - region.y)) for one in centres]
    return min(distances, default=np.inf) / (_WIDTH * region.size)


def _portrait(image: NDArray[np.uint8], region: Region) -> NDArray[np.uint8]:
    """The square around the person, who is framed; outside of the frame it is dimmed, as others may stand there.

    The square stays within the picture where that is large enough; else it is black outside.
    """
    import cv2

    height, width = image.shape[:2]
    side = _VIEW * region.size
    x, y = _within(region.x, side, width), _within(region.y, side, height)
    scale = THUMBNAIL_SIZE / side
    to_thumbnail = np.array([[scale, 0, (side / 2 - x) * scale], [0, scale, (side / 2 - y) * scale]])
    shrink = min(scale, 1.0)
    small = cv2.resize(image, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA) if shrink < 1 else image
    from_small = np.column_stack([to_thumbnail[:, :2] / shrink, to_thumbnail[:, 2]])
    thumbnail = cv2.warpAffine(small, from_small, (THUMBNAIL_SIZE, THUMBNAIL_SIZE), flags=cv2.INTER_LINEAR)
    corners = (_corners(region) @ to_thumbnail[:, :2].T + to_thumbnail[:, 2]).round().astype(np.int32)  # (4, 2)
    inside = cv2.fillConvexPoly(np.zeros(thumbnail.shape[:2], dtype=np.uint8), corners, (255,))
    dimmed = np.where(inside[..., None] > 0, thumbnail, thumbnail * _OUTSIDE).astype(np.uint8)
    framed = cv2.polylines(np.ascontiguousarray(dimmed), [corners], True, _FRAME_COLOUR, 3, cv2.LINE_AA)
    return np.asarray(framed, dtype=np.uint8)


def _within(centre: float, side: float, length: float) -> float:
    """The nearest centre of an interval of length `side` that lies within 0 to `length`; the middle if it can't."""
    if side >= length:
        return length / 2
    return min(max(centre, side / 2), length - side / 2)


def _corners(region: Region) -> NDArray[np.float64]:
    """(4, 2) pixels: the frame around the person, from above the head to below the feet, turned as the body is."""
    up = region.top - (region.x, region.y)
    side = np.array([-up[1], up[0]]) * _WIDTH
    centre = np.array([region.x, region.y])
    return np.array([centre + up + side, centre + up - side, centre - up - side, centre - up + side])
