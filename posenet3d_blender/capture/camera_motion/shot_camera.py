"""The camera of a shot: at rest, or a path."""

from __future__ import annotations

from typing import Final

import numpy as np

from ...camera import Camera, CameraPath
from ...errors import PoseNet3DError
from ...progress import Progress, Warn
from ..detection.detections import DetectedShot
from ..video.footage import Footage
from .track import TurnTrack, follow_camera

CAMERA_MODES: Final = ("auto", "static", "moving")
TRAVEL_MISS: Final = 1.2
"""Pixels, in a picture of 640, of a turn's median miss from which the camera is taken to travel too."""
_NOTED: Final = 0.05
"""Part of the pictures from which a warning tells of a doubt."""


def camera_of_shot(
    footage: Footage,
    shot: DetectedShot,
    camera: Camera,
    mode: str,
    progress: Progress,
    warn: Warn,
) -> Camera | CameraPath:
    """The camera as it is, if it stands still; else its path, relative to its place at the shot's start.

    Args:
        footage: the video.
        shot: its time range, and the people, who are not background.
        camera: lens and picture size.
        mode: auto, static (not looked at) or moving.
        progress: told of the stage "camera".
        warn: told where the background does not tell the camera's motion.

    Raises:
        PoseNet3DError: there is no such mode.
    """
    if mode not in CAMERA_MODES:
        raise PoseNet3DError(f"camera '{mode}' is not known; use {', '.join(CAMERA_MODES)}")
    if mode == "static":
        return camera
    frames = footage.frames_between(*shot.time_range)
    track = follow_camera(footage, frames, shot.people, camera.focal_length, mode == "moving", progress, warn)
    if track is None:
        return camera
    _warn_of_doubts(track, warn)
    world_to_camera = np.tile(np.eye(4), (len(track.time), 1, 1))
    world_to_camera[:, :3, :3] = track.rotations
    return CameraPath(track.time, camera.focal_length * track.zoom, camera.image_size, world_to_camera)


def _warn_of_doubts(track: TurnTrack, warn: Warn) -> None:
    lost = 1 - float(track.known.mean())
    if lost > _NOTED:
        warn(
            f"The background can't be followed in {lost:.0%} of the pictures; there the camera is taken to stand "
            "still, and the motion may drift"
        )
    travelling = float((track.misses > TRAVEL_MISS).mean())
    if travelling > _NOTED:
        warn(
            "The camera travels as well as turns; only its turning is taken into account, so the way that is walked "
            "and the feet's contacts may be wrong"
        )
