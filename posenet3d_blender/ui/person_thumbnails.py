"""A thumbnail of each person in the footage, to choose from. No bpy here: it is made in a thread."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from ..progress import Progress

if TYPE_CHECKING:
    from ..capture.detection.find_people import PersonTrack
    from ..capture.video.footage import Footage

THUMBNAIL_SIZE: Final = 128
"""Pixels, both sides."""


@dataclass(frozen=True)
class PersonThumbnail:
    """One person in their best frame."""

    number: int
    """From 1, as a capture counts people."""
    image: NDArray[np.uint8]
    """(THUMBNAIL_SIZE, THUMBNAIL_SIZE, 3) RGB."""
    seconds: float
    """Time in view."""


def find_thumbnails(
    video: Path,
    start: float | None,
    end: float | None,
    device: str,
    progress: Progress,
    input_fps: float | None = None,
) -> list[PersonThumbnail]:
    """Find everyone in the footage between `start` and `end`, seconds; of several shots, those who a capture chooses.

    `input_fps` is the rate of footage that states none.

    Raises:
        PoseNet3DError: the footage can't be read, or nobody is in it.
    """
    from ..capture.detection.blazepose.assets import open_person_detector
    from ..capture.detection.choice import choose_shots
    from ..capture.detection.find_people import find_people
    from ..capture.video.footage import open_footage

    footage = open_footage(video, input_fps)
    frames = footage.frames_between(start, end)
    footage = footage.sized_for(frames)
    shots = find_people(footage, frames, open_person_detector(device), progress)
    thumbnails = []
    for number in range(1, max(len(shot.people) for shot in shots) + 1):
        (shot,) = choose_shots(shots, only_longest=True, person=str(number), path=video).shots
        (track,) = shot.people
        thumbnails.append(PersonThumbnail(number, _best_view(footage, track), track.duration))
        progress("people", 1.0)
    return thumbnails


def _best_view(footage: Footage, track: PersonTrack) -> NDArray[np.uint8]:
    """The person's region in the frame where it is largest and surest."""
    from ..capture.video.footage import read_frames

    sizes = np.array([region.size for region in track.regions])
    best = int(np.argmax(track.scores * sizes))
    region, time = track.regions[best], float(track.time[best])
    frame = next(read_frames(footage, footage.frames_between(time, time)))
    return _crop(frame.image, region.x, region.y, region.size)


def _crop(image: NDArray[np.uint8], x: float, y: float, size: float) -> NDArray[np.uint8]:
    """The square of `size` pixels around (x, y), scaled to a thumbnail; black outside the image."""
    import cv2

    to_crop = np.array([[1, 0, size / 2 - x], [0, 1, size / 2 - y]]) * (THUMBNAIL_SIZE / size)
    crop = cv2.warpAffine(image, to_crop, (THUMBNAIL_SIZE, THUMBNAIL_SIZE), flags=cv2.INTER_LINEAR)
    return crop.astype(np.uint8, copy=False)
