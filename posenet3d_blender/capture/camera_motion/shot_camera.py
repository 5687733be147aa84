"""The camera of a shot: at rest, or a path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ...arrays import Array
from ...camera import Camera, CameraPath
from ...errors import PoseNet3DError
from ...progress import Progress, Warn
from ..detection.detections import DetectedShot
from ..video.footage import Footage
from ..video.grey_copies import GreyCopies
from .track import CameraTrack, copy_scale, follow_camera

CAMERA_MODES: Final = ("auto", "static", "moving")
UNEXPLAINED_RESIDUAL: Final = 1.5
"""Pixels, in a picture of 640, by which the background is missed, from which the camera's motion is doubtful."""
_NOTED: Final = 0.05
"""Part of the pictures from which a warning tells of a doubt."""


@dataclass(frozen=True)
class ShotCamera:
    """The camera of a shot."""

    camera: Camera | CameraPath
    """A path is relative to its place at the shot's start; positions of one that travels are in units of the
    background's depth (`moving_camera.in_metres`)."""
    background: Array
    """(N, 3) points of the background, as the positions; none of a camera that stays in its place."""
    lens_is_guessed: bool = False
    """Neither stated nor found from the camera's turns."""


def camera_of_shot(
    footage: Footage,
    shot: DetectedShot,
    camera: Camera,
    mode: str,
    progress: Progress,
    warn: Warn,
    copies: GreyCopies | None = None,
    lens_is_known: bool = True,
) -> ShotCamera:
    """The camera as it is, if it stands still; else its path.

    Args:
        footage: the video.
        shot: its time range, and the people, who are not background.
        camera: lens and picture size.
        mode: auto, static (not looked at) or moving.
        progress: told of the stage "camera".
        warn: told where the background does not tell the camera's motion.
        copies: as of `follow_camera`.
        lens_is_known: False: `camera` has a guessed lens, which the camera's turns may disprove.

    Raises:
        PoseNet3DError: there is no such mode.
    """
    if mode not in CAMERA_MODES:
        raise PoseNet3DError(f"camera '{mode}' is not known; use {', '.join(CAMERA_MODES)}")
    at_rest = ShotCamera(camera, np.zeros((0, 3)), not lens_is_known)
    if mode == "static":
        return at_rest
    frames = footage.frames_between(*shot.time_range)
    is_moving = mode == "moving"
    track = follow_camera(
        footage, frames, shot.people, camera.focal_length, is_moving, lens_is_known, progress, warn, copies
    )
    if track is None:
        return at_rest
    focal_length = track.focal_length / copy_scale(footage.image_size)
    is_found = not np.isclose(focal_length, camera.focal_length)
    if is_found:
        degrees = 2 * np.degrees(np.arctan(max(camera.image_size) / 2 / focal_length))
        warn(
            f"The footage states no lens; the camera's turns show a field of view of about {degrees:.0f} degrees; "
            "if that is wrong, state it (--fov, Field of View)"
        )
    _warn_of_doubts(track, warn)
    world_to_camera = np.tile(np.eye(4), (len(track.time), 1, 1))
    world_to_camera[:, :3, :3] = track.rotations
    world_to_camera[:, :3, 3] = -np.einsum("fab,fb->fa", track.rotations, track.positions)
    path = CameraPath(track.time, focal_length * track.zoom, camera.image_size, world_to_camera)
    return ShotCamera(path, track.points, not (lens_is_known or is_found))


def _warn_of_doubts(track: CameraTrack, warn: Warn) -> None:
    lost = 1 - float(track.known.mean())
    if lost > _NOTED:
        warn(
            f"The background can't be followed in {lost:.0%} of the pictures; there the camera is taken to stand "
            "still, and the motion may drift"
        )
    unexplained = float((track.residuals > UNEXPLAINED_RESIDUAL).mean())
    if unexplained > _NOTED:
        warn(
            "The background does not move as a camera's own motion would move it; the walked path and the feet's "
            "contacts may be wrong"
        )
