"""The footage behind the scene, in step with it.

Blender shows a movie by frame numbers: number p is the picture at p / rate seconds by the true timestamps, with the
rate that it reads from the file, or else the file's own. Where that rate is not the scene's, the numbers are keyed, so
that the seconds agree.
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
from .timeline import FIRST_FRAME, frame_range

if TYPE_CHECKING:
    import av

_UNKNOWN_RATE: Final = 25
"""Frames per second of a raw stream that doesn't say; capture counts its frames at the same."""


def show_footage_in_steps(
    camera_object: bpy.types.Object, path: Path, image_size: tuple[int, int], motions: Sequence[Motion]
) -> Steps[None]:
    """Put the video behind what the camera sees, in step with the motions.

    Args:
        camera_object: whose background it becomes.
        path: the video.
        image_size: of the upright picture, pixels; the scene's render size is to be the same.
        motions: their frames are the scene's, of their rate, from FIRST_FRAME on.
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
    _keep_in_step(lens, background.image_user, motions, movie_rate)
    if bpy.app.version < (4, 4):
        _turn_upright(background, path, image_size)


def _movie_rate(path: Path) -> float:
    """Frames per second as Blender reads them; it tells them of movie clips only, and not of raw streams."""
    clip = bpy.data.movieclips.load(str(path.resolve()))
    rate = float(clip.fps)
    bpy.data.movieclips.remove(clip)
    if rate > 0:
        return rate
    with _opened(path) as (_, stream):
        return float(stream.average_rate or stream.guessed_rate or _UNKNOWN_RATE)


def _keep_in_step(
    lens: bpy.types.Camera, user: bpy.types.ImageUser, motions: Sequence[Motion], movie_rate: float
) -> None:
    start = min(float(motion.time[0]) for motion in motions)
    _, last_frame = frame_range(motions)
    frames = np.arange(FIRST_FRAME, last_frame + 1)
    shown = np.round((start + (frames - FIRST_FRAME) / motions[0].frame_rate) * movie_rate)
    offsets = shown - (frames - FIRST_FRAME)
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


def _turn_upright(background: bpy.types.CameraBackgroundImage, path: Path, image_size: tuple[int, int]) -> None:
    """Turn a phone's video by its metadata, as Blender itself does since 4.4."""
    with _opened(path) as (container, stream):
        counterclockwise = next(container.decode(stream)).rotation
    background.rotation = math.radians(-counterclockwise)
    if counterclockwise % 180:
        # fitted to the picture's width while it still lies on its side
        background.scale = max(image_size) / min(image_size)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[av.container.InputContainer, av.VideoStream]]:
    """The file with the stream that was captured: the largest that is no cover picture."""
    import av

    cover = av.stream.Disposition.attached_pic
    with av.open(str(path), metadata_errors="replace") as container:
        films = [stream for stream in container.streams.video if not stream.disposition & cover]
        yield container, max(films, key=lambda stream: stream.width * stream.height)
