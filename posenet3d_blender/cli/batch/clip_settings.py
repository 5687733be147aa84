"""Settings of single clips, from TOML files: options of `capture` by their names.

In one table for all clips, [NAME] holds those of a clip, and NAME may contain * and ?. A file NAME.toml beside the clip
NAME.mp4 holds that clip's alone. The command line is overruled by the table, in its order, and the table by the file.
"""

from __future__ import annotations

import argparse
import copy
import fnmatch
import os
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...capture.video.sources.image_sequence import footage_name
from ...errors import PoseNet3DError
from ..argument_types import RaisingParser
from ..clip_arguments import add_clip_settings


@dataclass(frozen=True)
class SettingsTable:
    """Settings by clip, as a file has them."""

    path: Path
    tables: Mapping[str, Mapping[str, Any]]

    def of(self, clip: str) -> Iterator[Mapping[str, Any]]:
        """The settings of each table whose name fits the clip's, in the file's order."""
        return (values for name, values in self.tables.items() if fnmatch.fnmatchcase(clip, name))

    def unused(self, clips: Collection[str]) -> list[str]:
        """Names of the tables that fit none of the clips."""
        return [name for name in self.tables if not any(fnmatch.fnmatchcase(clip, name) for clip in clips)]


def read_table(path: Path) -> SettingsTable:
    """Read a file of settings by clip, and check all of them.

    Raises:
        PoseNet3DError: it can't be read, or holds something that is not a setting.
    """
    tables = _read(path)
    for name, values in tables.items():
        if not isinstance(values, dict):
            raise PoseNet3DError(
                f"{path}: '{name}' is outside of any table; put it below a clip's [NAME], or below [\"*\"]"
            )
        _apply(values, argparse.Namespace(), path, f"[{name}] ")
    return SettingsTable(path, tables)


def settings_file(video: Path) -> Path:
    """The file beside a clip that holds its settings, whether it exists or not."""
    return video.parent / f"{footage_name(video)}.toml"


def settings_of(video: Path, arguments: argparse.Namespace, table: SettingsTable | None) -> tuple[str, ...]:
    """The clip's settings as options of the `capture` command.

    Args:
        video: the clip.
        arguments: the batch's command line.
        table: of `--settings`.

    Raises:
        PoseNet3DError: the file beside the clip can't be read, or holds something that is not a setting.
    """
    merged = copy.copy(arguments)
    for values in table.of(footage_name(video)) if table else ():
        merged = _apply(values, merged, table.path if table else video)
    beside = settings_file(video)
    if os.path.isfile(beside):  # False for names that are too long
        merged = _apply(_read(beside), merged, beside)
    return tuple(_as_options(merged))


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise PoseNet3DError(f"{path}: can't be read ({error.strerror or error}); check the path") from error
    except ValueError as error:  # of TOML and of UTF-8
        raise PoseNet3DError(f"{path}: not valid TOML ({error}); correct it") from error


def _apply(values: Mapping[str, Any], arguments: argparse.Namespace, path: Path, where: str = "") -> argparse.Namespace:
    """The arguments with settings of a file in place of theirs; relative paths count from the file's folder."""
    parser = _parser()
    known = {action.option_strings[0].lstrip("-"): action for action in parser._actions}
    options: list[str] = []
    given = copy.copy(arguments)
    for key, value in values.items():
        action = known.get(key.replace("_", "-"))
        if action is None:
            raise PoseNet3DError(
                f"{path}: {where}'{key}' is not a setting of a clip; use one of: {', '.join(sorted(known))}"
            )
        if isinstance(value, bool) != (action.nargs == 0):
            expected = "true or false" if action.nargs == 0 else "a value"
            raise PoseNet3DError(f"{path}: {where}'{key}' takes {expected}")
        if isinstance(value, bool):
            setattr(given, action.dest, value)
        else:
            # The file of a --target too counts from this one's folder; several are a list.
            is_path = action.type is Path or action.dest == "targets"
            for one in value if isinstance(value, list) and action.dest == "targets" else [value]:
                options.append(f"{action.option_strings[0]}={path.absolute().parent / str(one) if is_path else one}")
    if "target" in values:
        given.targets = []
    if "keypoints" in values:  # overrules the command line's --detector, which it replaces
        given.detector = None
    try:
        return parser.parse_args(options, namespace=given)
    except PoseNet3DError as error:
        raise PoseNet3DError(f"{path}: {where}{error}; correct it") from error


def _as_options(arguments: argparse.Namespace) -> Iterator[str]:
    """The options of a clip that differ from their defaults."""
    for action in _parser()._actions:
        value = getattr(arguments, action.dest, action.default)
        if value is None or value == action.default:
            continue
        if action.nargs == 0:
            yield from _flag(action, bool(value))
        elif isinstance(value, list):
            yield from (f"{action.option_strings[0]}={one}" for one in value)
        else:
            yield f"{action.option_strings[0]}={value.absolute() if isinstance(value, Path) else value}"


def _flag(action: argparse.Action, value: bool) -> list[str]:
    """The option that sets a switch; none for one that is off anyway."""
    if isinstance(action, argparse.BooleanOptionalAction):
        return [option for option in action.option_strings if option.startswith("--no-") != value][:1]
    return list(action.option_strings[:1]) if value == action.const else []


def _parser() -> argparse.ArgumentParser:
    parser = RaisingParser(add_help=False, allow_abbrev=False)
    add_clip_settings(parser)
    return parser
