"""Output files: which there can be, checks before long work, and writing several so that all appear or none."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from ..atomic_write import writing
from ..errors import PoseNet3DError

SCENE_ENDINGS: Final = (".fbx", ".bvh", ".glb", ".usdc", ".blend")
"""Written by Blender."""
MOTION_ENDING: Final = ".npz"
OUTPUT_ENDINGS: Final = (*SCENE_ENDINGS, MOTION_ENDING)
SINGLE_PERSON_ENDINGS: Final = (MOTION_ENDING, ".bvh", ".json")
"""Formats that hold one person a file."""


def needs_blender(path: Path) -> bool:
    """Whether this output is written by Blender."""
    return path.suffix.lower() in SCENE_ENDINGS


def path_of_person(path: Path, number: int) -> Path:
    """`clip.npz` as `clip_person2.npz`; people count from 1."""
    return path.with_name(f"{path.stem}_person{number}{path.suffix}")


def check_outputs(paths: Sequence[Path]) -> None:
    """Find before long work what would keep outputs from being written.

    Raises:
        PoseNet3DError: a folder is missing or can't be written, a path is a folder, or Blender is needed and not there.
    """
    for path in paths:
        if path.is_dir():
            raise PoseNet3DError(f"{path}: is a folder; give the name of a file")
        if path.parent.exists() and not path.parent.is_dir():
            raise PoseNet3DError(f"{path}: can't be written, {path.parent} is not a folder; choose another place")
        if not path.parent.is_dir():
            raise PoseNet3DError(f"{path}: the folder {path.parent} does not exist; create it first")
        _check_writable(path)
    blender_outputs = [path for path in paths if needs_blender(path)]
    if blender_outputs and importlib.util.find_spec("bpy") is None:
        path = blender_outputs[0]
        raise PoseNet3DError(f"{path}: {path.suffix} needs Blender; install the 'bpy' package or write {MOTION_ENDING}")


def _check_writable(path: Path) -> None:
    try:
        with tempfile.TemporaryFile(prefix=".posenet3d-", dir=path.parent):
            pass
    except OSError as error:
        raise PoseNet3DError(
            f"{path}: can't be written ({error.strerror or error}); choose a folder that you may write to"
        ) from error


@contextmanager
def writing_all(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """Like `files.writing` for several paths: give as many temporary paths; all replace theirs at the end, or none.

    Raises:
        PoseNet3DError: a folder can't be written, the disk is full, or one of the files was not made.
    """
    with ExitStack() as stack:
        partials = [stack.enter_context(writing(path)) for path in paths]
        yield partials
        for path, partial in zip(paths, partials, strict=True):
            if not partial.is_file():
                raise PoseNet3DError(f"{path}: was not written; run again with --debug to see why")
