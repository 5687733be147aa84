"""Checks of a command's paths: no output replaces another one or a file that is read, and old outputs are told of."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from glob import escape
from pathlib import Path

from ..atomic_write import is_same_file
from ..capture.video.sources.image_sequence import footage_files
from ..numbered_names import is_numbered_stem


def replaced_file(inputs: Sequence[Path], outputs: Sequence[Path], numbered: bool) -> Path | None:
    """The first output that would replace an input or an earlier output; None if there is none.

    Args:
        inputs: footage of several files by its folder or pattern.
        outputs: as the user named them.
        numbered: whether the names of the outputs may get numbers of shots or people.
    """
    read = list(_files(inputs))
    for number, output in enumerate(outputs):
        if any(is_same_file(output, one) for one in (*read, *outputs[:number])):
            return output
        if numbered and any(_is_numbered(one, output) for one in read):
            return output
    return None


def leftover_outputs(outputs: Sequence[Path], written: Sequence[Path]) -> list[Path]:
    """Files with a number that an earlier capture of more people or shots wrote, and this one did not.

    Args:
        outputs: as the user named them.
        written: all files of this capture.
    """
    names = {path.absolute() for path in written}
    return [
        path
        for output in outputs
        for path in sorted(output.absolute().parent.glob(f"{escape(output.stem)}_*{escape(output.suffix)}"))
        if path not in names and path.stem != output.stem and _is_numbered(path, output)
    ]


def _files(inputs: Sequence[Path]) -> Iterator[Path]:
    for path in inputs:
        yield path
        yield from footage_files(path)


def _is_numbered(path: Path, output: Path) -> bool:
    """True if the path is the output's with the number of a shot or a person."""
    in_place = os.path.realpath(path.parent) == os.path.realpath(output.parent)
    return is_numbered_stem(path.stem, output.stem) and in_place and path.suffix.lower() == output.suffix.lower()
