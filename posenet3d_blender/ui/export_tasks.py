"""Exports that need the footage again: preview video, contact sheet and 2D joints."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import bpy

from ..atomic_write import write_together
from ..body.model import load_body
from ..numbered_names import paths_of_people
from ..progress import Progress
from ..scene.incremental import Steps
from .capture_task import request_of
from .results import stored_motion
from .takes import captured_options, people_of
from .task import Task

if TYPE_CHECKING:
    from ..capture.video.footage import Footage
    from ..motion import Motion

FROM_FOOTAGE: Final = ("mp4", "jpg", "json")
"""Formats that need it."""


def footage_export_task(path: Path, take: bpy.types.Collection, file_format: str) -> Task[Any]:
    """Write a file of one of the formats `FROM_FOOTAGE`, in a thread."""
    if file_format == "json":
        return _keypoint_task(path, take)
    motions = [stored_motion(person) for person in people_of(take)]
    return _drawing_task(path, take, motions, _draw_preview if file_format == "mp4" else _draw_contact_sheet)


_Draw = Callable[[Path, "Footage", "list[Motion]", Path | None, Progress], None]
"""Draws motions over footage to a file; the fourth is the user's own body."""


def _drawing_task(path: Path, take: bpy.types.Collection, motions: list[Motion], draw: _Draw) -> Task[Any]:
    options = captured_options(take)
    video, input_fps, mirror = options.video, options.input_fps or None, options.mirror
    time_range, body = options.time_range, options.body_file

    def work(progress: Progress) -> None:
        from ..capture.video.footage import open_footage

        footage = open_footage(video, input_fps)
        footage = footage.mirrored() if mirror else footage
        draw(path, footage.sized_for(footage.frames_between(*time_range)), motions, body, progress)

    return Task("Export", work, _show_nothing, stages={"preview": 1.0})


def _draw_preview(path: Path, footage: Footage, motions: list[Motion], body: Path | None, progress: Progress) -> None:
    from ..capture.video.preview import write_preview

    write_preview(path, footage, motions, progress, load_body(body))


def _draw_contact_sheet(
    path: Path, footage: Footage, motions: list[Motion], _body: Path | None, progress: Progress
) -> None:
    from ..capture.video.contact_sheet import write_contact_sheet

    progress("preview", 0.0)
    write_contact_sheet(path, footage, motions, footage.path.name)


def _keypoint_task(path: Path, take: bpy.types.Collection) -> Task[Any]:
    """Detect again, or take the joints from the cache: a take holds its motion alone."""
    request = request_of(captured_options(take))

    def work(progress: Progress) -> None:
        from ..capture.keypoints.own_files import StoredKeypoints, save_keypoints
        from ..capture.pipeline import CaptureSettings, capture_video

        settings = CaptureSettings(**request.settings)
        shot = capture_video(request.video, settings, progress).shots[0]
        paths = paths_of_people(path, len(shot.motions))
        stored = [
            StoredKeypoints(
                keypoints.mirrored() if settings.mirror else keypoints,
                motion.camera.focal_length if motion.camera else None,
                shot.lens_is_guessed,
            )
            for keypoints, motion in zip(shot.keypoints, shot.motions, strict=True)
        ]
        write_together([(one, partial(save_keypoints, people)) for one, people in zip(paths, stored, strict=True)])

    return Task("Export", work, _show_nothing)


def _show_nothing(_: None) -> Steps[None]:
    yield None
