"""Options of the commands that concern armature and scene of the files that Blender writes."""

from __future__ import annotations

import argparse

from ..build_options import BODY_PARTS, ENGINE_PRESETS, HEADING_CHOICES, REST_CHOICES, ROOT_CHOICES, BuildOptions


def add_scene_arguments(command: argparse.ArgumentParser) -> None:
    """Add the options to a command."""
    command.add_argument(
        "--preset",
        choices=tuple(ENGINE_PRESETS),
        help="root, rest pose, heading and names as this program expects them; the options below overrule it",
    )
    command.add_argument(
        "--root",
        choices=ROOT_CHOICES,
        help="bone that carries the motion through the scene: the hips, the root bone on the ground (root motion for "
        "game engines), or none (default: hips); motion files stay as they are",
    )
    command.add_argument(
        "--rest",
        choices=REST_CHOICES,
        help="arms in the rest pose: T stretched out, as SMPL has them, or A lowered by 45 degrees (default: T)",
    )
    command.add_argument(
        "--heading",
        choices=HEADING_CHOICES,
        help="direction that the motion starts in: as filmed, or forward, to -Y, with the camera (default: footage)",
    )
    command.add_argument(
        "--smplh",
        action="store_true",
        help="motion files (.npz) in the form of SMPL-H and AMASS, poses of 156 values with the fingers",
    )
    command.add_argument(
        "--body-parts",
        choices=BODY_PARTS,
        default="whole",
        help="parts of the body that are animated: upper (spine, head and arms, over hips and legs that stand still), "
        "arms, or no-legs (all but the legs, which hang at rest) (default: whole); motion files stay as they are",
    )


def scene_options(arguments: argparse.Namespace) -> BuildOptions:
    """The scene's options of a command: each as given, or as the preset has it, or the default."""
    chosen = ENGINE_PRESETS[arguments.preset] if arguments.preset else BuildOptions()
    return BuildOptions(
        root=arguments.root or chosen.root,
        rest=arguments.rest or chosen.rest,
        heading=arguments.heading or chosen.heading,
        body_parts=arguments.body_parts,
        armature_name=chosen.armature_name,
        smpl_h=arguments.smplh,
    )
