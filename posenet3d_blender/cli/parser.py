"""Command line of all commands; wrong usage ends with exit code 2 and one line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, TypeAlias

from ..errors import printable
from .argument_types import RaisingParser, path_ending
from .batch.options import WORKER_COMMAND, add_batch_options
from .character import add_character_options, check_usage
from .clip_arguments import add_body, add_capture_settings, add_clip_settings
from .outputs import OUTPUT_ENDINGS
from .path_checks import replaced_file
from .scene_arguments import add_scene_arguments


class _OneLineParser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"posenet3d: error: {printable(message)}; see '{self.prog} --help'\n")


_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Parse the command line to a namespace: `command`, and the options of that command.

    Raises:
        SystemExit: code 2 for wrong usage, 0 after --help.
    """
    return _parse(argv, _OneLineParser)


def parse_command(argv: Sequence[str]) -> argparse.Namespace:
    """Parse a command line that the program itself has put together.

    Raises:
        PoseNet3DError: its options don't fit together.
    """
    return _parse(argv, RaisingParser)


def _parse(argv: Sequence[str], parser_class: type[argparse.ArgumentParser]) -> argparse.Namespace:
    parser = parser_class(
        prog="posenet3d",
        description="Motion capture from one ordinary video to an animated SMPL armature.",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_capture(commands)
    _add_convert(commands)
    _add_batch(commands)
    _add_doctor(commands)
    arguments = parser.parse_args(argv)
    if arguments.command == "capture":
        _check_range(parser, arguments)
        _check_keypoints(parser, arguments)
        _check_paths(
            parser,
            [arguments.video, arguments.keypoints, *_scene_inputs(arguments)],
            [*arguments.outputs, arguments.preview, arguments.keypoints_out, arguments.contact_sheet],
            numbered="all" in (arguments.person, arguments.shots),
        )
        check_usage(parser, arguments, [path.suffix for path in arguments.outputs])
    if arguments.command == "convert":
        _check_paths(parser, [arguments.motion, *_scene_inputs(arguments)], arguments.outputs, numbered=False)
        check_usage(parser, arguments, [path.suffix for path in arguments.outputs])
    if arguments.command == "batch":
        check_usage(parser, arguments, arguments.endings)
    return arguments


def _add_command(commands: _Commands, name: str, summary: str) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=summary, description=summary, allow_abbrev=False)
    _add_common(command)
    return command


def _add_common(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print one JSON object, last on standard output")
    command.add_argument(
        "--debug", action="store_true", help="show messages of third-party libraries, and tracebacks of failures"
    )


def _add_capture(commands: _Commands) -> None:
    capture = _add_command(commands, "capture", "Turn a video into an animated armature or a motion file.")
    capture.add_argument(
        "video", type=Path, metavar="VIDEO", help="a video, a folder of pictures, or a pattern such as shot_%%04d.png"
    )
    _add_outputs(capture, action="append")
    add_clip_settings(capture)
    capture.add_argument(
        "--preview",
        type=path_ending(".mp4"),
        metavar="OUT.mp4",
        help="also write the footage with the solved skeleton drawn over it",
    )
    capture.add_argument(
        "--keypoints-out",
        type=path_ending(".json"),
        metavar="OUT.json",
        help="also write the 2D joints, to correct by hand or to train on",
    )
    capture.add_argument(
        "--contact-sheet",
        type=path_ending(".jpg"),
        metavar="OUT.jpg",
        help="also write a picture to check by eye: footage, overlay and side view at some moments, and the confidence",
    )


def _add_convert(commands: _Commands) -> None:
    convert = _add_command(commands, "convert", "Write a saved motion in other formats.")
    convert.add_argument("motion", type=Path, metavar="MOTION.npz")
    _add_outputs(convert, action="extend", nargs="+")
    add_scene_arguments(convert)
    add_body(convert)
    add_character_options(convert)


def _add_batch(commands: _Commands) -> None:
    batch = _add_command(commands, "batch", "Capture many videos, several at a time; finished ones are skipped.")
    add_batch_options(batch)
    add_capture_settings(batch)
    add_scene_arguments(batch)
    # Started by `batch` itself, so that --help leaves it out.
    _add_common(commands.add_parser(WORKER_COMMAND, allow_abbrev=False))


def _add_doctor(commands: _Commands) -> None:
    _add_command(commands, "doctor", "Report versions, devices and shipped files, and whether a capture could run.")


def _add_outputs(command: argparse.ArgumentParser, action: str, nargs: str | None = None) -> None:
    command.add_argument(
        "-o",
        "--output",
        type=path_ending(*OUTPUT_ENDINGS),
        action=action,
        nargs=nargs,
        required=True,
        dest="outputs",
        metavar="OUT",
        help=f"output file; its ending selects the format: {' '.join(OUTPUT_ENDINGS)}; may be given several times",
    )


def _check_range(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    if arguments.end is not None and (arguments.start or 0.0) >= arguments.end:
        parser.error(f"--start {arguments.start or 0:g} is not before --end {arguments.end:g}")


def _check_keypoints(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    if arguments.keypoints is not None and arguments.detector is not None:
        parser.error("--detector configures detection, which --keypoints replaces; leave one out")


def _scene_inputs(arguments: argparse.Namespace) -> list[Path | None]:
    return [arguments.body, arguments.bone_map, *(target.file for target in arguments.targets)]


def _check_paths(
    parser: argparse.ArgumentParser, inputs: Sequence[Path | None], outputs: Sequence[Path | None], numbered: bool
) -> None:
    replaced = replaced_file([path for path in inputs if path], [path for path in outputs if path], numbered)
    if replaced:
        parser.error(
            f"{replaced} is named twice, or would replace a file that is read; give each output a name of its own"
        )
