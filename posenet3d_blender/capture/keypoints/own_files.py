"""Our own files of 2D joints, to train on or to edit by hand."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from ...arrays import Array
from ...atomic_write import writing
from ...errors import PoseNet3DError
from ...progress import Warn
from ..video.footage import Footage
from .detector_files import Json
from .keypoints import KEYPOINT_COUNT, KEYPOINT_NAMES, Keypoints

FORMAT: Final = "posenet3d-keypoints"
VERSION: Final = 1
GUESSED: Final = "focal_length_is_guessed"
"""Key of files whose focal length nothing stated."""
LARGEST_STRETCH: Final = 1.01
"""Pictures of two sizes have the same shape where one scale fits both sides so well; sizes are rounded."""
LEAST_GAP: Final = 0.1
"""Between two frames of a file, as a part of the footage's."""
LEAST_END: Final = 0.9
"""Keypoints that end before this part of the footage are worth a warning."""
BETWEEN_FRAMES: Final = 0.25
"""From the nearest frame, as a part of the time between two: a time that is no frame's."""
LARGEST_DOUBT: Final = 0.25
"""Share of times or sure points of a file that may be no frame's, or outside the picture."""
SURE: Final = 0.5
"""Confidence of a point that the picture shows."""
SMALLEST_PERSON: Final = 4
"""Pixels: nobody is seen in fewer; shares of the picture are."""
LARGEST_NUMBER: Final = 1e6
"""Pixels and seconds: nothing in a file is larger."""


@dataclass(frozen=True)
class StoredKeypoints:
    """One person's 2D joints and the camera's focal length, as far as the file has it."""

    keypoints: Keypoints
    focal_length: float | None = None
    """Pixels; None: unknown."""
    lens_is_guessed: bool = False
    """The focal length is what a capture guessed where nothing stated one."""


def save_keypoints(stored: StoredKeypoints, path: Path) -> None:
    """Write our own JSON, one line a frame; loading it gives the same numbers.

    Raises:
        PoseNet3DError: the file can't be written.
    """
    keypoints = stored.keypoints
    head = {
        "format": FORMAT,
        "version": VERSION,
        "about": "x right, y down in pixels, confidence 0 to 1; time in seconds; left is the person's",
        "names": list(KEYPOINT_NAMES),
        "image_size": list(keypoints.image_size),
    }
    if stored.focal_length is not None:
        head["focal_length"] = stored.focal_length
        if stored.lens_is_guessed:
            head[GUESSED] = True
    rows = np.concatenate([keypoints.points, keypoints.confidence[..., None]], axis=2)
    frames = [
        json.dumps({"time": time, "points": row})
        for time, row in zip(keypoints.time.tolist(), rows.tolist(), strict=True)
    ]
    opening = json.dumps(head, indent=1).removesuffix("\n}")
    text = opening + ',\n "frames": [\n' + ",\n".join(frames) + "\n]}\n"
    with writing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def own_keypoints(path: Path, data: Json) -> StoredKeypoints | None:
    """The content of a file of ours; None where it is of another format.

    Args:
        path: the file, for messages.
        data: its content, from `read_json`.

    Raises:
        PoseNet3DError: it is of another version or damaged.
    """
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        return None
    if data.get("version") != VERSION or data.get("names") != list(KEYPOINT_NAMES):
        raise PoseNet3DError(
            f"{path}: keypoints of another version; write them again with this version's --keypoints-out"
        )
    image_size = _image_size(path, data.get("image_size"))
    try:
        frames = data["frames"]
        time = np.array([frame["time"] for frame in frames], dtype=np.float64)
        rows = np.array([frame["points"] for frame in frames], dtype=np.float64)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise PoseNet3DError(f"{path}: a frame lacks its time or its points; mend it or write it anew") from error
    if len(time) == 0 or time.ndim != 1 or rows.shape != (len(time), KEYPOINT_COUNT, 3):
        raise PoseNet3DError(
            f"{path}: each frame must hold {KEYPOINT_COUNT} points of three numbers; mend it or write it anew"
        )
    _check_numbers(path, time, rows)
    if (np.diff(time) <= 0).any():
        raise PoseNet3DError(f"{path}: its times don't rise from frame to frame; mend it or write it anew")
    keypoints = Keypoints(time, rows[..., :2].copy(), rows[..., 2].copy(), image_size)
    lens_is_guessed = data.get(GUESSED, False)
    if not isinstance(lens_is_guessed, bool):
        raise PoseNet3DError(f"{path}: key '{GUESSED}' must be true or false; mend it or leave it out")
    return StoredKeypoints(keypoints, _focal_length(path, data.get("focal_length")), lens_is_guessed)


def _image_size(path: Path, value: Json) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2 or not all(isinstance(side, int | float) for side in value):
        raise PoseNet3DError(f"{path}: key 'image_size' must be two numbers; mend it or write it anew")
    if not all(1 <= side <= LARGEST_NUMBER for side in value):
        raise PoseNet3DError(f"{path}: key 'image_size' must be pixels above 0; mend it or write it anew")
    return int(value[0]), int(value[1])


def _check_numbers(path: Path, time: Array, rows: Array) -> None:
    """Refuse the first frame whose time or points (T, 25, 3) are no such numbers."""
    usual = (np.abs(rows) <= LARGEST_NUMBER).all(axis=(1, 2)) & (np.abs(time) <= LARGEST_NUMBER)  # NaN is not, either
    if not usual.all():
        frame = int(np.flatnonzero(~usual)[0])
        raise PoseNet3DError(
            f"{path}: frame {frame} holds NaN, infinity or a huge number; write 0 0 0 for a point that is not visible"
        )
    is_confidence = ((rows[..., 2] >= 0) & (rows[..., 2] <= 1)).all(axis=1)
    if not is_confidence.all():
        frame = int(np.flatnonzero(~is_confidence)[0])
        raise PoseNet3DError(f"{path}: frame {frame} holds a confidence below 0 or above 1; mend it or write it anew")


def _focal_length(path: Path, value: Json) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= LARGEST_NUMBER:
        raise PoseNet3DError(f"{path}: key 'focal_length' must be pixels above 0; mend it or leave it out")
    return float(value)


def fit_to_footage(path: Path, stored: StoredKeypoints, footage: Footage, warn: Warn) -> StoredKeypoints:
    """Scale to the footage what was made from pictures of another size, and check that it lies in its time.

    `warn` is told of what may be of another video.

    Raises:
        PoseNet3DError: the pictures have another shape, the times are not the footage's, or the points no pixels.
    """
    keypoints = stored.keypoints
    if keypoints.time[0] < -1e-3 or keypoints.time[-1] > footage.time[-1] + 1e-3:
        raise PoseNet3DError(f"{path}: its times lie outside the footage; is it of another video?")
    if len(keypoints.time) > 1 and np.median(np.diff(keypoints.time)) < LEAST_GAP * np.median(np.diff(footage.time)):
        raise PoseNet3DError(f"{path}: its times lie closer than the footage's frames; is it of another video?")
    sure = keypoints.points[keypoints.confidence > SURE]
    if len(sure) and np.ptp(sure, axis=0).max() < SMALLEST_PERSON:
        raise PoseNet3DError(f"{path}: all its points lie within {SMALLEST_PERSON} pixels; give pixels of the picture")
    if keypoints.image_size != footage.image_size:
        scale = picture_scale(path, keypoints.image_size, footage)
        scaled = replace(keypoints, points=keypoints.points * scale, image_size=footage.image_size)
        focal_length = None if stored.focal_length is None else stored.focal_length * float(scale.mean())
        stored = replace(stored, keypoints=scaled, focal_length=focal_length)
    _warn_of_other_footage(path, stored.keypoints, footage, warn)
    return stored


def _warn_of_other_footage(path: Path, keypoints: Keypoints, footage: Footage, warn: Warn) -> None:
    """Tell of times and places that the footage's own frames would not have."""
    time, frames = keypoints.time, footage.time
    if time[-1] < LEAST_END * frames[-1]:
        warn(f"{path}: its times end at {time[-1]:.2f} s of the footage's {frames[-1]:.2f} s; the motion ends there")
    if len(frames) > 1:
        after = np.clip(np.searchsorted(frames, time), 1, len(frames) - 1)
        distance = np.minimum(np.abs(time - frames[after - 1]), np.abs(frames[after] - time))
        between = distance > BETWEEN_FRAMES * (frames[after] - frames[after - 1])
        if between.mean() > LARGEST_DOUBT:
            warn(f"{path}: its times lie between the footage's frames; make sure that they are seconds of this video")
    sure = keypoints.confidence > SURE
    outside = ((keypoints.points < 0) | (keypoints.points > keypoints.image_size)).any(-1) & sure
    if outside.sum() > LARGEST_DOUBT * sure.sum():
        warn(f"{path}: many of its points lie outside the picture; make sure that image_size is that of its pictures")


def picture_scale(path: Path, size: tuple[int, int], footage: Footage) -> Array:
    """(2,) factors from pixels of pictures of `size` (width, height) to the footage's.

    Pictures may have the shape of the footage as it is shown, or, where its pixels are not square, as it is stored:
    so OpenCV and FFmpeg give them.

    Raises:
        PoseNet3DError: the pictures have another shape.
    """
    shown, stored = footage.image_size, footage.unsquared_size
    if not any(_is_same_shape(size, other) for other in (shown, stored)):
        stated, actual = ("x".join(map(str, sides)) for sides in (size, shown))
        raise PoseNet3DError(
            f"{path}: its pictures are {stated} pixels, of another shape than the footage's {actual}; "
            "give the keypoints of this video, upright and uncropped"
        )
    scale: Array = np.array(shown) / np.array(size)
    return scale


def _is_same_shape(size: tuple[int, int], other: tuple[int, int]) -> bool:
    scale = np.array(other) / np.array(size)
    return bool(scale.max() / scale.min() <= LARGEST_STRETCH)
