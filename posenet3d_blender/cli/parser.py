"""Command line of all commands; wrong usage ends with exit code 2 and one line."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NoReturn, TypeAlias

from ..errors import printable
from .character import add_character_options, check_usage
from .outputs import OUTPUT_ENDINGS

DEVICES: Final = ("auto", "cpu", "cuda", "directml", "coreml")
PERSON_CHOICES: Final = ("largest", "longest", "all")
SHOT_CHOICES: Final = ("longest", "all")


class _OneLineParser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"posenet3d: error: {printable(message)}; see '{self.prog} --help'\n")


_Commands: TypeAlias = "argparse._SubParsersAction[_OneLineParser]"


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Parse the command line to a namespace: `command`, and the options of that command.

    Raises:
        SystemExit: code 2 for wrong usage, 0 after --help.
    """
    parser = _OneLineParser(
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
            arguments,
            [arguments.video, arguments.keypoints, arguments.body],
            [arguments.preview, arguments.keypoints_out],
        )
        check_usage(parser, arguments, [path.suffix for path in arguments.outputs])
    if arguments.command == "convert":
        _check_paths(parser, arguments, [arguments.motion, arguments.body], [])
        check_usage(parser, arguments, [path.suffix for path in arguments.outputs])
    if arguments.command == "batch":
        check_usage(parser, arguments, arguments.endings)
    return arguments


def _add_command(commands: _Commands, name: str, summary: str) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=summary, description=summary, allow_abbrev=False)
    command.add_argument("--json", action="store_true", help="print one JSON object, last on standard output")
    command.add_argument(
        "--debug", action="store_true", help="show messages of third-party libraries, and tracebacks of failures"
    )
    return command


def _add_capture(commands: _Commands) -> None:
    capture = _add_command(commands, "capture", "Turn a video into an animated armature or a motion file.")
    capture.add_argument(
        "video", type=Path, metavar="VIDEO", help="a video, a folder of pictures, or a pattern such as shot_%%04d.png"
    )
    _add_outputs(capture, action="append")
    _add_capture_settings(capture)
    capture.add_argument("--start", type=_seconds, metavar="S", help="begin at this second of the video")
    capture.add_argument("--end", type=_seconds, metavar="S", help="stop at this second of the video")
    capture.add_argument(
        "--preview",
        type=_path_ending(".mp4"),
        metavar="OUT.mp4",
        help="also write the footage with the solved skeleton drawn over it",
    )
    capture.add_argument(
        "--keypoints",
        type=Path,
        metavar="IN.json",
        help="take the 2D joints from this file, or OpenPose's folder of files, instead of detecting them "
        "(COCO-17, BlazePose-33 or BODY_25); not with --detector",
    )
    capture.add_argument(
        "--keypoints-out",
        type=_path_ending(".json"),
        metavar="OUT.json",
        help="also write the 2D joints, to correct by hand or to train on",
    )


def _add_convert(commands: _Commands) -> None:
    convert = _add_command(commands, "convert", "Write a saved motion in other formats.")
    convert.add_argument("motion", type=Path, metavar="MOTION.npz")
    _add_outputs(convert, action="extend", nargs="+")
    _add_body(convert)
    add_character_options(convert)


def _add_batch(commands: _Commands) -> None:
    batch = _add_command(commands, "batch", "Capture many videos, one after another; finished ones are skipped.")
    batch.add_argument(
        "inputs",
        nargs="+",
        metavar="INPUT",
        help="videos, folders of videos or of one image sequence, or patterns such as '*.mp4' or shot_%%04d.png",
    )
    batch.add_argument(
        "--out-dir", type=Path, required=True, metavar="DIR", help="folder for the outputs; created if it is missing"
    )
    batch.add_argument(
        "--format", type=_formats, required=True, dest="endings", metavar="fbx,npz", help="outputs for each video"
    )
    _add_capture_settings(batch)


def _add_doctor(commands: _Commands) -> None:
    _add_command(commands, "doctor", "Report versions, devices and shipped files, and whether a capture could run.")


def _add_outputs(command: argparse.ArgumentParser, action: str, nargs: str | None = None) -> None:
    command.add_argument(
        "-o",
        "--output",
        type=_path_ending(*OUTPUT_ENDINGS),
        action=action,
        nargs=nargs,
        required=True,
        dest="outputs",
        metavar="OUT",
        help=f"output file; its ending selects the format: {' '.join(OUTPUT_ENDINGS)}; may be given several times",
    )


def _add_capture_settings(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--device", choices=DEVICES, default="auto", help="device that runs the networks (default: auto)"
    )
    command.add_argument(
        "--person",
        type=_person,
        metavar="N|largest|longest|all",
        help="person to capture (default: largest)",
    )
    command.add_argument(
        "--shots",
        type=_shots,
        metavar="N|longest|all",
        help="shot to capture, of footage with cuts or with long stretches that show nobody; all: each to files of its "
        "own, NAME_shot1 and so on (default: longest)",
    )
    command.add_argument(
        "--fov",
        type=_field_of_view,
        metavar="DEGREES",
        help="the camera's field of view along the longer side of the image "
        "(default: from the --keypoints file, else from the video's metadata, else 65)",
    )
    command.add_argument(
        "--height",
        type=_height,
        metavar="METRES",
        help="the person's height, which sets size and distance; with --person all the first one's "
        "(default: estimated)",
    )
    command.add_argument(
        "--fps",
        type=_frame_rate,
        metavar="RATE",
        help="frame rate of the motion (default: the standard rate nearest to the video's)",
    )
    command.add_argument(
        "--input-fps",
        type=_frame_rate,
        metavar="RATE",
        help="frame rate of footage that states none: image sequences, raw streams",
    )
    command.add_argument(
        "--detector", choices=("heavy", "full"), help="2D joint network; full is faster (default: heavy)"
    )
    _add_body(command)
    add_character_options(command)
    command.add_argument(
        "--student",
        type=Path,
        metavar="FOLDER",
        help="a student that the trainer exported, in place of the shipped one",
    )


def _add_body(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--body", type=Path, metavar="FILE", help="your own SMPL model (.npz or .pkl) in place of the shipped body"
    )


def _check_range(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    if arguments.end is not None and (arguments.start or 0.0) >= arguments.end:
        parser.error(f"--start {arguments.start or 0:g} is not before --end {arguments.end:g}")


def _check_keypoints(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    if arguments.keypoints is not None and arguments.detector is not None:
        parser.error("--detector configures detection, which --keypoints replaces; leave one out")


def _check_paths(
    parser: argparse.ArgumentParser,
    arguments: argparse.Namespace,
    inputs: Sequence[Path | None],
    more_outputs: Sequence[Path | None],
) -> None:
    used = [os.path.realpath(path) for path in inputs if path]
    for output in filter(None, [*arguments.outputs, *more_outputs]):
        if os.path.realpath(output) in used:
            parser.error(f"{output} is named twice; give each output a name of its own")
        used.append(os.path.realpath(output))


def _path_ending(*endings: str) -> Callable[[str], Path]:
    def parse_path(text: str) -> Path:
        path = Path(text)
        if path.suffix.lower() not in endings:
            raise argparse.ArgumentTypeError(f"{text}: the ending must be {_join_choices(endings)}")
        return path

    return parse_path


def _formats(text: str) -> tuple[str, ...]:
    endings = tuple("." + part.strip().lower().removeprefix(".") for part in text.split(",") if part.strip())
    unknown = [ending for ending in endings if ending not in OUTPUT_ENDINGS]
    if unknown or not endings:
        known = ",".join(ending.removeprefix(".") for ending in OUTPUT_ENDINGS)
        raise argparse.ArgumentTypeError(f"'{text}': give one or more of {known}")
    return tuple(dict.fromkeys(endings))


def _seconds(text: str) -> float:
    return _number(text, "seconds, 0 or more", lambda value: 0 <= value < float("inf"))


def _field_of_view(text: str) -> float:
    return _number(text, "degrees between 1 and 170", lambda value: 1 <= value <= 170)


def _height(text: str) -> float:
    return _number(text, "metres between 0.5 and 2.5", lambda value: 0.5 <= value <= 2.5)


def _frame_rate(text: str) -> float:
    return _number(text, "frames per second between 1 and 1000", lambda value: 1 <= value <= 1000)


def _number(text: str, expected: str, is_allowed: Callable[[float], bool]) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not is_allowed(value):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of {expected}")
    return value


def _person(text: str) -> str:
    if text in PERSON_CHOICES or (text.isdecimal() and int(text) >= 1):
        return text
    raise argparse.ArgumentTypeError(f"'{text}': give a person's number from 1, or {_join_choices(PERSON_CHOICES)}")


def _shots(text: str) -> str:
    if text in SHOT_CHOICES or (text.isdecimal() and int(text) >= 1):
        return text
    raise argparse.ArgumentTypeError(f"'{text}': give a shot's number from 1, or {_join_choices(SHOT_CHOICES)}")


def _join_choices(choices: Sequence[str]) -> str:
    return choices[0] if len(choices) == 1 else f"{', '.join(choices[:-1])} or {choices[-1]}"
