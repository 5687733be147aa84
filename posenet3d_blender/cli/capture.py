"""`posenet3d capture VIDEO -o OUT`: one video to the requested files."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..build_options import BuildOptions
from ..numbered_names import path_of_shot
from ..progress import Progress
from .character import Character, characters_of, check_characters
from .console import Console
from .outputs import (
    OutputFile,
    check_outputs,
    folders_of,
    made_folders,
    motion_files,
    paths_by_people,
    write_files,
)
from .path_checks import leftover_outputs
from .scene_arguments import scene_options
from .summary import Summary

if TYPE_CHECKING:
    from ..capture.pipeline import Capture, CapturedShot, CaptureSettings


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Run the command; the exit code is 0."""
    summary = capture_as_told(arguments, console.progress)
    for warning in summary.warnings:
        console.warn(warning)
    if arguments.json:
        console.print_json(summary.as_json())
    else:
        console.print(f"{arguments.video}: {summary.as_line()}")
        for path in summary.outputs:
            console.print(f"wrote {path}")
    return 0


def capture_as_told(arguments: argparse.Namespace, progress: Progress) -> Summary:
    """Capture the video of a parsed `capture` command line and write its files.

    Raises:
        PoseNet3DError: as `capture_to_files`.
    """
    return capture_to_files(
        arguments.video,
        capture_settings(arguments),
        arguments.outputs,
        progress,
        preview=arguments.preview,
        keypoints_out=arguments.keypoints_out,
        contact_sheet=arguments.contact_sheet,
        options=scene_options(arguments),
        characters=characters_of(arguments),
    )


def capture_settings(arguments: argparse.Namespace) -> CaptureSettings:
    """The pipeline's settings; options that are not given, or that this command lacks, keep their defaults."""
    from ..capture.pipeline import CaptureSettings

    settings = CaptureSettings(
        device=arguments.device,
        start=getattr(arguments, "start", None),
        end=getattr(arguments, "end", None),
        field_of_view=arguments.fov,
        height=arguments.height,
        frame_rate=arguments.fps,
        input_fps=arguments.input_fps,
        camera=arguments.camera,
        mirror=arguments.mirror,
        hands=arguments.hands,
        keypoints=getattr(arguments, "keypoints", None),
        body=arguments.body,
        student=arguments.student,
    )
    return replace(
        settings,
        person=arguments.person or settings.person,
        shots=arguments.shots or settings.shots,
        detector=arguments.detector or settings.detector,
        smoothing=settings.smoothing if arguments.smoothing is None else arguments.smoothing,
        foot_lock=settings.foot_lock if arguments.foot_lock is None else arguments.foot_lock,
    )


def capture_to_files(
    video: Path,
    settings: CaptureSettings,
    outputs: Sequence[Path],
    progress: Progress,
    preview: Path | None = None,
    keypoints_out: Path | None = None,
    options: BuildOptions | None = None,
    contact_sheet: Path | None = None,
    characters: Sequence[Character] = (),
) -> Summary:
    """Capture one video and write all its files, or none; folders that are missing are made for them.

    Raises:
        PoseNet3DError: the video can't be captured, or an output can't be written (checked before the long work).
    """
    from ..capture.pipeline import capture_video

    every_output = [*outputs, *(path for path in (preview, keypoints_out, contact_sheet) if path)]
    numbered, options = settings.person == "all", options or BuildOptions()
    with made_folders(folders_of(every_output)):
        check_outputs(every_output, numbered, by_shots=settings.shots == "all")
        check_characters(characters, [path.suffix for path in outputs])
        capture = capture_video(video, settings, progress)
        warnings = list(capture.warnings)
        files: list[OutputFile] = []
        for number, shot in enumerate(capture.shots, start=1):
            own = partial(path_of_shot, number=number) if settings.shots == "all" else Path
            background, paths = capture.footage.background, list(map(own, outputs))
            files += motion_files(
                shot.motions, paths, numbered, settings.body, background, warnings.append, options, characters
            )
            files += _keypoint_files(shot, own(keypoints_out), numbered, settings.mirror) if keypoints_out else []
        files += _pictures(capture, preview, contact_sheet, settings.body, progress)
        # Another capture into the same folder may have failed meanwhile and removed it.
        with made_folders(folders_of(file.path for file in files)):
            seconds = capture.seconds | write_files(files, progress)
        if "all" in (settings.person, settings.shots):
            left = leftover_outputs(every_output, [file.path for file in files])
            warnings += [
                f"{path}: left by an earlier capture with more people or shots; delete it if you no longer need it"
                for path in left
            ]
    return Summary.of_motions(
        capture.motions,
        seconds,
        [file.path for file in files],
        people=max(len(shot.motions) for shot in capture.shots),
        shots=len(capture.shots),
        device=capture.device,
        backend=capture.backend,
        warnings=warnings,
    )


def _pictures(
    capture: Capture, preview: Path | None, contact_sheet: Path | None, body: Path | None, progress: Progress
) -> list[OutputFile]:
    from ..body.model import load_body
    from ..capture.video.contact_sheet import write_contact_sheet
    from ..capture.video.preview import write_preview

    files = []
    if preview:
        write = partial(
            write_preview,
            footage=capture.footage,
            motions=capture.motions,
            progress=progress,
            body=load_body(body),
        )
        files.append(OutputFile(preview, "preview", write))
    if contact_sheet:
        title = capture.footage.path.name
        draw = partial(write_contact_sheet, footage=capture.footage, motions=capture.motions, title=title)
        files.append(OutputFile(contact_sheet, "contact sheet", draw))
    return files


def _keypoint_files(shot: CapturedShot, path: Path, numbered: bool, mirrored: bool) -> list[OutputFile]:
    """The 2D joints as they lie on the footage as it is shown, which may be a mirror image."""
    from ..capture.keypoints.own_files import StoredKeypoints, save_keypoints

    files = []
    for path_of_one, people in paths_by_people(path, len(shot.keypoints), numbered):
        camera = shot.motions[people][0].camera
        keypoints = shot.keypoints[people][0]
        shown = keypoints.mirrored() if mirrored else keypoints
        stored = StoredKeypoints(shown, camera.focal_length if camera else None, shot.lens_is_guessed)
        files.append(OutputFile(path_of_one, "keypoints", partial(save_keypoints, stored)))
    return files
