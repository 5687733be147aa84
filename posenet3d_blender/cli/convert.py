"""`posenet3d convert MOTION.npz -o OUT`: export a saved motion to other formats."""

from __future__ import annotations

import argparse
from typing import Final

from ..body.compatibility import check_body_fits
from ..body.model import load_body
from ..motion import Motion
from ..motion_edit.amass import load_any_motion
from ..motion_edit.resample import scene_start
from ..progress import Warn
from .character import characters_of, check_characters
from .console import Console
from .outputs import check_outputs, folders_of, made_folders, motion_files, needs_blender, write_files
from .scene_arguments import scene_options
from .summary import Summary

LONG_LEAD_IN: Final = 2.0
"""Seconds of a held pose from which a warning tells of it."""


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Run the command; the exit code is 0."""
    with made_folders(folders_of(arguments.outputs)):
        check_outputs(arguments.outputs)
        warnings: list[str] = []
        motions = [load_any_motion(arguments.motion, arguments.body, warnings.append)]
        if any(needs_blender(path) for path in arguments.outputs):
            warn_of_lead_in(motions[0], warnings.append)
            check_body_fits(motions[0], load_body(arguments.body))
        characters = characters_of(arguments)
        check_characters(characters, [path.suffix for path in arguments.outputs])
        files = motion_files(
            motions,
            arguments.outputs,
            numbered=False,
            body_path=arguments.body,
            footage=None,
            warn=warnings.append,
            options=scene_options(arguments),
            characters=characters,
        )
        seconds = write_files(files, console.progress)
    summary = Summary.of_motions(motions, seconds, [file.path for file in files], warnings=warnings)
    for warning in summary.warnings:
        console.warn(warning)
    if arguments.json:
        console.print_json(summary.as_json())
    else:
        for path in summary.outputs:
            console.print(f"wrote {path}")
    return 0


def warn_of_lead_in(motion: Motion, warn: Warn) -> None:
    """Warn of a motion that starts long after its scene, as somebody's who came into view later."""
    lead_in = float(motion.time[0]) - scene_start([motion])
    if lead_in >= LONG_LEAD_IN:
        warn(
            f"The motion starts {lead_in:.0f} s after its scene ('scene_start'); until then animations hold the first "
            "pose, to be in step with the other files of the capture"
        )
