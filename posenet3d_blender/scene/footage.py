"""The footage as the camera's background, synchronised with the scene.

Blender addresses a movie by frame number: number p is the image at p / rate seconds by the true timestamps, with the
frame rate that it reads from the file; an image sequence by the numbers in its names. If these numbers do not rise
with the scene's frames, they are keyed, so that both show the same moment.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ..arrays import Array
from ..background import Background, Matrix2
from ..build_options import FIRST_FRAME
from ..errors import PoseNet3DError
from ..motion import Motion
from ..motion_edit.resample import scene_start
from ..progress import Warn, ignore_warning
from .incremental import Steps
from .keys import assign_action, write_curves
from .names import data_name
from .paths import path_to_store
from .timeline import frame_range

_NO_TURN: Final[Matrix2] = (1, 0, 0, 1)
_TURNS: Final[dict[int, Matrix2]] = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}
"""By degrees, clockwise."""
_ROUNDING: Final = 0.6e-3
"""Seconds by which an image's number may lie before it: Blender rounds too where a file keeps milliseconds."""


def show_footage_in_steps(
    camera_object: bpy.types.Object,
    footage: Background,
    image_size: tuple[int, int],
    motions: Sequence[Motion],
    warn: Warn = ignore_warning,
    first_frame: int = FIRST_FRAME,
    frame: tuple[float, float] | None = None,
) -> Steps[None]:
    """Show the footage as the camera's background, synchronised with the motions.

    Where Blender can't show it, there is no background but a warning.

    Args:
        camera_object: camera that gets the background.
        footage: the video or image sequence.
        image_size: width and height of the upright image, pixels.
        motions: motions of the scene, at its frame rate.
        warn: called with the reason why there is no background.
        first_frame: frame of the scene at which the motions start.
        frame: width and height of the scene's render, in any unit; None: the image's own.
    """
    if footage.obstacle:
        warn(_no_background(footage, footage.obstacle))
        return
    try:
        image = bpy.data.images.load(os.path.abspath(footage.path))
    except (RuntimeError, UnicodeDecodeError) as error:  # a backslash in its name, say; the message may be no text
        raise PoseNet3DError(f"{footage.path}: Blender can't open a file of this name; rename the video") from error
    image.filepath = path_to_store(image.filepath)
    size = tuple(image.size)
    if not all(size):
        bpy.data.images.remove(image)
        warn(_no_background(footage, "Blender can't read such files"))
        return
    if footage.is_sequence:
        image.source = "SEQUENCE"
    lens = camera_object.data
    background = lens.background_images.new()
    background.image = image
    background.display_depth = "BACK"
    background.alpha = 1.0
    background.frame_method = "FIT"
    lens.show_background_images = True
    _orient(background, footage, _own_turn(footage, size, image_size), image_size, frame)
    yield None
    numbers = footage.numbers
    if numbers is None:
        numbers = _movie_numbers(footage, _movie_rate(footage))
        yield None
    _synchronise(lens, background.image_user, motions, footage, numbers, first_frame)


def _no_background(footage: Background, reason: str) -> str:
    return f"{footage.path.name} is not shown as the camera's background: {reason}; convert it to an .mp4 for that"


def _movie_rate(footage: Background) -> float:
    """Frames per second as Blender reads them; it exposes them on movie clips only."""
    clip = bpy.data.movieclips.load(os.path.abspath(footage.path))
    rate = float(clip.fps)
    bpy.data.movieclips.remove(clip)
    return rate if rate > 0 else 1 / float(np.median(np.diff(footage.time)))


def _movie_numbers(footage: Background, movie_rate: float) -> NDArray[np.intp]:
    """(N,) the number by which Blender finds each of a movie's images, from 0."""
    starts = footage.file_time * movie_rate  # (N,) in movie frames
    numbers = np.ceil(starts - _ROUNDING * movie_rate)
    # Where the next image begins before that number, none is this image's own.
    ends = np.append(starts[1:], np.inf)
    is_passed = (ends > starts) & (numbers >= ends)
    return np.asarray(np.where(is_passed, np.round(starts), numbers), dtype=np.intp)


def _synchronise(
    lens: bpy.types.Camera,
    user: bpy.types.ImageUser,
    motions: Sequence[Motion],
    footage: Background,
    numbers: NDArray[np.intp],
    first_frame: int,
) -> None:
    """Offset the background's frame numbers, with keys where they do not rise with the scene's frames.

    Args:
        lens: camera with the background.
        user: the background's image user.
        motions: motions of the scene.
        footage: the footage.
        numbers: (N,) Blender's number of each of its images.
        first_frame: frame of the scene at which the motions start.
    """
    start = scene_start(motions)
    _, last_frame = frame_range(motions, first_frame)
    frames = np.arange(first_frame, last_frame + 1)
    time: Array = start + (frames - first_frame) / motions[0].frame_rate
    # Blender counts a sequence's files by their numbers, and a movie's images from 1.
    first_number = 1 if footage.is_sequence else 0
    offsets = numbers[footage.picture_at(time)] - (frames - first_frame) - first_number
    user.frame_start = first_frame
    user.frame_duration = len(frames)
    user.frame_offset = int(offsets[0])
    user.use_auto_refresh = True
    changes = np.flatnonzero(np.diff(offsets, prepend=np.nan))
    if len(changes) > 1:
        action = bpy.data.actions.new(data_name(lens.name, "_footage"))
        assign_action(lens, action)
        path = "background_images[0].image_user.frame_offset"
        write_curves(
            action,
            lens,
            path,
            frames[changes],
            offsets[changes, None].astype(np.float64),
            "footage",
            interpolation="CONSTANT",
        )


def _orient(
    background: bpy.types.CameraBackgroundImage,
    footage: Background,
    own_turn: Matrix2,
    image_size: tuple[int, int],
    frame: tuple[float, float] | None = None,
) -> None:
    """Turn, mirror and stretch the image as the capture did, as far as Blender does not by itself.

    Blender fits a background to the camera's frame, then mirrors, then rotates it.

    Args:
        background: the camera's.
        footage: how it lies in its file.
        own_turn: what Blender does by itself.
        image_size: width and height of the upright image, pixels.
        frame: width and height of the camera's frame, in any unit; None: the image's own.
    """
    remaining = _after(own_turn, footage.orientation)
    is_mirrored = remaining[0] * remaining[3] - remaining[1] * remaining[2] < 0
    background.use_flip_x = is_mirrored
    a, b = (-remaining[0], -remaining[1]) if is_mirrored else remaining[:2]
    clockwise = math.degrees(math.atan2(b, a)) % 360
    if is_mirrored and clockwise == 180:  # a plain flip instead
        background.use_flip_x, background.use_flip_y, clockwise = False, True, 0
    background.rotation = math.radians(clockwise)
    if clockwise % 180:
        (width, height), (frame_width, frame_height) = image_size, frame or image_size
        fitted_lying = min(frame_width / height, frame_height / width)
        background.scale = min(frame_width / width, frame_height / height) / fitted_lying
    swapped = own_turn[0] == 0
    background.image.display_aspect = (1, footage.pixel_aspect) if swapped else (footage.pixel_aspect, 1)


def _own_turn(footage: Background, size: tuple[int, ...], image_size: tuple[int, int]) -> Matrix2:
    """The rotation that Blender applies by itself, since 4.4: to movies, by whole quarters, without mirroring.

    Args:
        footage: with the matrix that it reads.
        size: width and height of the image as Blender has it, pixels.
        image_size: of the upright image.
    """
    if footage.is_sequence or bpy.app.version < (4, 4):
        return _NO_TURN
    a, b, _, _ = footage.display_matrix
    turn = _TURNS.get(int(math.degrees(math.atan2(b, a)) % 360), _NO_TURN)
    # It knows the file's matrix only, not one that stands within the stream.
    is_ignored = turn[0] == 0 and size[0] != image_size[0]
    return _NO_TURN if is_ignored else turn


def _after(first: Matrix2, whole: Matrix2) -> Matrix2:
    """The matrix that has to follow the rotation `first` so that both together are `whole`."""
    a, b, c, d = (np.linalg.inv(np.reshape(first, (2, 2))) @ np.reshape(whole, (2, 2))).round().ravel()
    return float(a), float(b), float(c), float(d)
