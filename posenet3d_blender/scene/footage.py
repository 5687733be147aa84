"""The footage as the camera's background, synchronised with the scene.

Blender addresses a movie by frame number: number p is the image at p / rate seconds by the true timestamps, with the
frame rate that it reads from the file. If that rate differs from the scene's, the numbers are keyed, so that both
show the same second.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import bpy
import numpy as np

from ..motion import Motion
from .incremental import Steps
from .keys import assign_action, write_curves
from .timeline import FIRST_FRAME, frame_range, scene_start

if TYPE_CHECKING:
    import av

_UNKNOWN_RATE: Final = 25
"""Frames per second of a raw stream that states none; the capture assumes the same."""


def show_footage_in_steps(
    camera_object: bpy.types.Object, path: Path, image_size: tuple[int, int], motions: Sequence[Motion]
) -> Steps[None]:
    """Show the video as the camera's background, synchronised with the motions.

    Args:
        camera_object: camera that gets the background.
        path: the video.
        image_size: width and height of the upright image, pixels; the scene's render size must be the same.
        motions: motions of the scene, at its frame rate, from FIRST_FRAME on.
    """
    lens = camera_object.data
    background = lens.background_images.new()
    background.image = bpy.data.images.load(str(path.resolve()))
    background.display_depth = "BACK"
    background.alpha = 1.0
    background.frame_method = "FIT"
    lens.show_background_images = True
    yield
    movie_rate = _movie_rate(path)
    yield
    _synchronise(lens, background.image_user, motions, movie_rate)
    if bpy.app.version < (4, 4):
        _rotate_upright(background, path, image_size)


def _movie_rate(path: Path) -> float:
    """Frames per second as Blender reads them; it exposes them on movie clips only, and not for raw streams."""
    clip = bpy.data.movieclips.load(str(path.resolve()))
    rate = float(clip.fps)
    bpy.data.movieclips.remove(clip)
    if rate > 0:
        return rate
    with _open_video(path) as (_, stream):
        return float(stream.average_rate or stream.guessed_rate or _UNKNOWN_RATE)


def _synchronise(
    lens: bpy.types.Camera, user: bpy.types.ImageUser, motions: Sequence[Motion], movie_rate: float
) -> None:
    """Offset the background's frame numbers, with keys where the movie's rate differs from the scene's."""
    start = scene_start(motions)
    _, last_frame = frame_range(motions)
    frames = np.arange(FIRST_FRAME, last_frame + 1)
    movie_frames = np.round((start + (frames - FIRST_FRAME) / motions[0].frame_rate) * movie_rate)
    offsets = movie_frames - (frames - FIRST_FRAME)
    user.frame_start = FIRST_FRAME
    user.frame_duration = len(frames)
    user.frame_offset = int(offsets[0])
    user.use_auto_refresh = True
    changes = np.flatnonzero(np.diff(offsets, prepend=np.nan))
    if len(changes) > 1:
        action = bpy.data.actions.new(f"{lens.name}_footage")
        assign_action(lens, action)
        path = "background_images[0].image_user.frame_offset"
        write_curves(action, lens, path, frames[changes], offsets[changes, None], "footage", interpolation="CONSTANT")


def _rotate_upright(background: bpy.types.CameraBackgroundImage, path: Path, image_size: tuple[int, int]) -> None:
    """Rotate a phone's video by its metadata, as Blender itself does since 4.4."""
    with _open_video(path) as (container, stream):
        counterclockwise = next(container.decode(stream)).rotation
    background.rotation = math.radians(-counterclockwise)
    if counterclockwise % 180:
        # Blender fits it to the width before the rotation.
        background.scale = max(image_size) / min(image_size)


@contextmanager
def _open_video(path: Path) -> Iterator[tuple[av.container.InputContainer, av.VideoStream]]:
    """Open the file and its captured stream: the largest that is no cover image."""
    import av

    cover = av.stream.Disposition.attached_pic
    with av.open(str(path), metadata_errors="replace") as container:
        streams = [stream for stream in container.streams.video if not stream.disposition & cover]
        yield container, max(streams, key=lambda stream: stream.width * stream.height)
