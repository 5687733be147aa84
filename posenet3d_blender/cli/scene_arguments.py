"""Options of the commands that concern armature and scene of the files that Blender writes."""

from __future__ import annotations

import argparse

from ..build_options import HEADING_CHOICES, REST_CHOICES, ROOT_CHOICES, BuildOptions


def add_scene_arguments(command: argparse.ArgumentParser) -> None:
    """Add the options to a command."""
    command.add_argument(
        "--root",
        choices=ROOT_CHOICES,
        default=ROOT_CHOICES[0],
        help="bone that carries the motion through the scene: the hips, the root bone on the ground (root motion for "
        "game engines), or none (default: hips); motion files stay as they are",
    )
    command.add_argument(
        "--rest",
        choices=REST_CHOICES,
        default=REST_CHOICES[0],
        help="arms in the rest pose: T stretched out, as SMPL has them, or A lowered by 45 degrees (default: T)",
    )
    command.add_argument(
        "--heading",
        choices=HEADING_CHOICES,
        default=HEADING_CHOICES[0],
        help="direction that the motion starts in: as filmed, or forward, to -Y, with the camera (default: footage)",
    )


def scene_options(arguments: argparse.Namespace) -> BuildOptions:
    """The scene's options of a command."""
    return BuildOptions(root=arguments.root, rest=arguments.rest, heading=arguments.heading)
