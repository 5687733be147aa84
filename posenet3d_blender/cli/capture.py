"""`posenet3d capture VIDEO -o OUT`: one video to the files asked for."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..progress import Progress
from .console import Console
from .outputs import check_outputs
from .produce import Piece, files_of, motion_pieces, write_pieces
from .summary import Summary

if TYPE_CHECKING:
    from ..capture.pipeline import Capture, CaptureSettings


def run(arguments: argparse.Namespace, console: Console) -> int:
    """The command; exit code 0."""
    summary = capture_to_files(
        arguments.video,
        settings_of(arguments),
        arguments.outputs,
        console.progress,
        preview=arguments.preview,
        keypoints_out=arguments.keypoints_out,
    )
    for warning in summary.warnings:
        console.warn(warning)
    if arguments.json:
        console.say_json(summary.as_json())
    else:
        console.say(f"{arguments.video}: {summary.as_line()}")
        for path in summary.outputs:
            console.say(f"wrote {path}")
    return 0


def settings_of(arguments: argparse.Namespace) -> CaptureSettings:
    """The pipeline's settings; what was not given, or has no option in this command, stays at its default."""
    from ..capture.pipeline import CaptureSettings

    settings = CaptureSettings(
        device=arguments.device,
        start=getattr(arguments, "start", None),
        end=getattr(arguments, "end", None),
        field_of_view=arguments.fov,
        frame_rate=arguments.fps,
        keypoints=getattr(arguments, "keypoints", None),
        body=arguments.body,
    )
    return replace(
        settings,
        person=arguments.person or settings.person,
        detector=arguments.detector or settings.detector,
    )


def capture_to_files(
    video: Path,
    settings: CaptureSettings,
    outputs: Sequence[Path],
    progress: Progress,
    preview: Path | None = None,
    keypoints_out: Path | None = None,
) -> Summary:
    """Capture one video and write all its files, or none.

    Raises:
        PoseNet3DError: the video can't be captured, or an output can't be written (found before the long work).
    """
    from ..capture.pipeline import capture_video

    extras = [path for path in (preview, keypoints_out) if path]
    check_outputs([*outputs, *extras])
    capture = capture_video(video, settings, progress)
    numbered = settings.person == "all"
    pieces = motion_pieces(capture.motions, outputs, numbered, settings.body, capture.footage.path)
    pieces += _extra_pieces(capture, preview, keypoints_out, numbered, progress)
    seconds = capture.seconds | write_pieces(pieces, progress)
    return Summary.of_motions(
        capture.motions,
        seconds,
        [piece.path for piece in pieces],
        device=capture.device,
        backend=capture.backend,
        warnings=capture.warnings,
    )


def _extra_pieces(
    capture: Capture, preview: Path | None, keypoints_out: Path | None, numbered: bool, progress: Progress
) -> list[Piece]:
    from ..capture.keypoints.own_files import StoredKeypoints, save_keypoints
    from ..capture.video.preview import write_preview

    pieces = []
    if keypoints_out:
        for path, people in files_of(keypoints_out, len(capture.keypoints), numbered):
            camera = capture.motions[people][0].camera
            stored = StoredKeypoints(capture.keypoints[people][0], camera.focal_length if camera else None)
            pieces.append(Piece(path, "keypoints", partial(save_keypoints, stored)))
    if preview:
        write = partial(write_preview, footage=capture.footage, motions=capture.motions, progress=progress)
        pieces.append(Piece(preview, "preview", write))
    return pieces
