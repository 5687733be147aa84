"""Options of the commands that capture: people, camera, solver, networks, range of time."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from .argument_types import field_of_view, frame_rate, height, person, seconds, shots, smoothing_seconds
from .character import add_character_options
from .scene_arguments import add_scene_arguments

DEVICES: Final = ("auto", "cpu", "cuda", "directml", "coreml")


def add_clip_settings(command: argparse.ArgumentParser) -> None:
    """Add the options of a single clip: those of every capture, its range of time and its file of 2D joints."""
    add_capture_settings(command)
    add_scene_arguments(command)
    command.add_argument("--start", type=seconds, metavar="S", help="begin at this second of the video")
    command.add_argument("--end", type=seconds, metavar="S", help="stop at this second of the video")
    command.add_argument(
        "--keypoints",
        type=Path,
        metavar="IN.json",
        help="take the 2D joints from this file, or OpenPose's folder of files, instead of detecting them "
        "(COCO-17, BlazePose-33 or BODY_25); not with --detector",
    )


def add_capture_settings(command: argparse.ArgumentParser) -> None:
    """Add the options of every capture, of one clip or of many."""
    _add_choices(command)
    _add_solver_settings(command)
    _add_networks(command)


def _add_choices(command: argparse.ArgumentParser) -> None:
    """Choices of people, shots and the footage's camera and rate."""
    command.add_argument(
        "--device", choices=DEVICES, default="auto", help="device that runs the networks (default: auto)"
    )
    command.add_argument(
        "--person",
        type=person,
        metavar="N|largest|longest|all",
        help="person to capture (default: largest)",
    )
    command.add_argument(
        "--shots",
        type=shots,
        metavar="N|longest|all",
        help="shot to capture, of footage with cuts or with long stretches that show nobody; all: each to files of its "
        "own, NAME_shot1 and so on (default: longest)",
    )
    _add_camera_settings(command)
    command.add_argument(
        "--hands",
        choices=("auto", "on", "off"),
        default="auto",
        help="capture fingers; auto: where hands are large enough in the image and seen often enough, and not with "
        "--keypoints (default: auto)",
    )
    command.add_argument(
        "--height",
        type=height,
        metavar="METRES",
        help="the person's height, which sets size and distance; with --person all the first one's "
        "(default: estimated)",
    )
    command.add_argument(
        "--fps",
        type=frame_rate,
        metavar="RATE",
        help="frame rate of the motion (default: the standard rate nearest to the video's)",
    )
    command.add_argument(
        "--input-fps",
        type=frame_rate,
        metavar="RATE",
        help="frame rate of footage that states none: image sequences, raw streams",
    )


def _add_solver_settings(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--smoothing",
        type=smoothing_seconds,
        metavar="SECONDS",
        help="motion faster than this counts as jitter; 0 keeps everything (default: 0.1)",
    )
    command.add_argument(
        "--foot-lock",
        action=argparse.BooleanOptionalAction,
        help="keep feet that rest on the floor in place (default: on)",
    )


def _add_networks(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--detector", choices=("heavy", "full"), help="2D joint network; full is faster (default: heavy)"
    )
    add_body(command)
    add_character_options(command)
    command.add_argument(
        "--student",
        type=Path,
        metavar="FOLDER",
        help="a student that the trainer exported, in place of the shipped one",
    )


def _add_camera_settings(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--fov",
        type=field_of_view,
        metavar="DEGREES",
        help="the camera's field of view along the longer side of the image "
        "(default: from the --keypoints file, else the video's metadata, else a moving camera's turns, else 65)",
    )
    command.add_argument(
        "--camera",
        choices=("auto", "static", "moving"),
        default="auto",
        help="whether the camera moves: turns, zooms or travels (default: found out from the background)",
    )
    command.add_argument(
        "--mirror", action="store_true", help="the footage is a mirror image, as of many front cameras: turn it back"
    )


def add_body(command: argparse.ArgumentParser) -> None:
    """Add the option of a user's own body."""
    command.add_argument(
        "--body", type=Path, metavar="FILE", help="your own SMPL model (.npz or .pkl) in place of the shipped body"
    )
