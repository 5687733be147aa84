"""The options --target and --map: files hold the user's own character in the motion."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ..errors import PoseNet3DError

_TARGET: Final = re.compile(r"(?P<file>.+?\.blend):(?P<name>.+)", re.IGNORECASE)


@dataclass(frozen=True)
class Character:
    """A character in a .blend file and the map of its bones."""

    file: Path
    name: str
    """Of the armature object."""
    bone_map: Path | None = None
    """None: the rig is recognised."""

    def __str__(self) -> str:
        return f"{self.file}:{self.name}"


def add_character_options(command: argparse.ArgumentParser) -> None:
    """Add --target and --map to a command."""
    command.add_argument(
        "--target",
        type=_target,
        action="append",
        default=[],
        dest="targets",
        metavar="RIG.blend:OBJECT",
        help="write this armature with its meshes in the motion, in place of the captured body; given several times, "
        "the first is for the first person and so on",
    )
    command.add_argument(
        "--map",
        type=Path,
        metavar="MAP.json",
        dest="bone_map",
        help="bone map for --target (default: recognise the rig)",
    )


def check_usage(parser: argparse.ArgumentParser, arguments: argparse.Namespace, endings: Sequence[str]) -> None:
    """End with a usage error if the options don't fit together; `endings` of the outputs."""
    if arguments.bone_map and not arguments.targets:
        parser.error("--map describes the bones of a --target; give both")
    if arguments.targets and all(ending.lower() == ".npz" for ending in endings):
        parser.error("--target needs an output that holds a character; a motion file holds none")


def characters_of(arguments: argparse.Namespace) -> tuple[Character, ...]:
    """The characters that the user named, in the order of the people."""
    return tuple(replace(target, bone_map=arguments.bone_map) for target in arguments.targets)


def check_characters(characters: Sequence[Character], endings: Sequence[str]) -> None:
    """Check before the long work that every character can be loaded and retargeted.

    Raises:
        PoseNet3DError: one line with the reason; also without Blender.
    """
    if not characters:
        return
    try:
        from ..scene import reset_to_empty
    except ModuleNotFoundError as error:
        raise PoseNet3DError("--target needs Blender; install the 'bpy' package") from error
    from ..scene.retarget.append import append_armature
    from ..scene.retarget.check_target import check_target
    from ..scene.retarget.export_character import check_exportable

    reset_to_empty()
    for character in characters:
        armature = append_armature(character.file, character.name)
        check_exportable(armature, check_target(armature, character.bone_map).bone_map, endings)
    reset_to_empty()


def _target(text: str) -> Character:
    match = _TARGET.fullmatch(text)
    if not match:
        raise argparse.ArgumentTypeError(f"'{text}': give FILE.blend:OBJECT, such as hero.blend:Hero")
    return Character(Path(match["file"]).absolute(), match["name"])
