"""Output files of a command: supported formats, checks before the long work, writing all of them or none."""

from __future__ import annotations

import importlib.util
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from ..atomic_write import writing
from ..errors import PoseNet3DError
from ..motion import Motion
from ..progress import Progress

if TYPE_CHECKING:
    import bpy

SCENE_ENDINGS: Final = (".fbx", ".bvh", ".glb", ".usdc", ".blend")
"""Written by Blender; the same as `scene.EXPORT_ENDINGS`, which can't be imported without bpy."""
MOTION_ENDING: Final = ".npz"
OUTPUT_ENDINGS: Final = (*SCENE_ENDINGS, MOTION_ENDING)
SINGLE_PERSON_ENDINGS: Final = (MOTION_ENDING, ".bvh", ".json")
"""Formats that hold one person per file."""

WriteFile: TypeAlias = Callable[[Path], object]
"""Writes one file to the given path."""


@dataclass(frozen=True)
class OutputFile:
    """One file to write."""

    path: Path
    stage: str
    """Stage that its writing time is counted in."""
    write: WriteFile


def needs_blender(path: Path) -> bool:
    """True if Blender writes this format."""
    return path.suffix.lower() in SCENE_ENDINGS


def path_of_person(path: Path, number: int) -> Path:
    """`clip.npz` as `clip_person2.npz`; people count from 1."""
    return path.with_name(f"{path.stem}_person{number}{path.suffix}")


def path_of_shot(path: Path, number: int) -> Path:
    """`clip.fbx` as `clip_shot2.fbx`; shots count from 1."""
    return path.with_name(f"{path.stem}_shot{number}{path.suffix}")


def paths_by_people(path: Path, person_count: int, numbered: bool) -> list[tuple[Path, slice]]:
    """Expand one requested output to its files, each with the slice of people in it.

    Args:
        path: output as the user named it.
        person_count: number of captured people.
        numbered: `--person all` was given: formats with one person per file become NAME_person1 and so on, for a
            single person too, so that a script knows the names in advance.
    """
    if numbered and path.suffix.lower() in SINGLE_PERSON_ENDINGS:
        return [(path_of_person(path, index + 1), slice(index, index + 1)) for index in range(person_count)]
    return [(path, slice(None))]


def check_outputs(paths: Sequence[Path]) -> None:
    """Check that the outputs can be written, before the long work begins.

    Raises:
        PoseNet3DError: a folder is missing or not writable, a path is a folder, or Blender is needed and missing.
    """
    for path in paths:
        if path.is_dir():
            raise PoseNet3DError(f"{path}: is a folder; give the name of a file")
        if path.parent.exists() and not path.parent.is_dir():
            raise PoseNet3DError(f"{path}: can't be written, {path.parent} is not a folder; choose another path")
        if not path.parent.is_dir():
            raise PoseNet3DError(f"{path}: the folder {path.parent} does not exist; create it first")
        _check_writable(path)
    blender_outputs = [path for path in paths if needs_blender(path)]
    if blender_outputs and importlib.util.find_spec("bpy") is None:
        path = blender_outputs[0]
        raise PoseNet3DError(f"{path}: {path.suffix} needs Blender; install the 'bpy' package or write {MOTION_ENDING}")


def motion_files(
    motions: Sequence[Motion],
    outputs: Sequence[Path],
    numbered: bool,
    body_path: Path | None,
    footage_path: Path | None,
) -> list[OutputFile]:
    """Motion files and all formats that Blender writes; the scene is built once, for the first of these."""
    # Files of one scene are written before the next one's, which replaces it.
    scene = _LazyScene(motions, body_path, footage_path)
    files = []
    for output in outputs:
        for path, people in paths_by_people(output, len(motions), numbered):
            if path.suffix.lower() == MOTION_ENDING:
                files.append(OutputFile(path, "motion", motions[people][0].save))
            elif needs_blender(path):
                files.append(OutputFile(path, "export", scene.exporter(people)))
    return files


def write_files(files: Sequence[OutputFile], progress: Progress) -> dict[str, float]:
    """Write all files, or none of them.

    Returns:
        Seconds by stage.

    Raises:
        PoseNet3DError: one of them can't be written.
    """
    seconds: dict[str, float] = {}
    with writing_all([file.path for file in files]) as partials:
        for index, (file, partial) in enumerate(zip(files, partials, strict=True)):
            progress(file.stage, index / len(files))
            start = time.perf_counter()
            file.write(partial)
            seconds[file.stage] = seconds.get(file.stage, 0.0) + time.perf_counter() - start
        progress("export", 1.0)
    return seconds


@contextmanager
def writing_all(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """Write several files atomically: yield one temporary path for each; all replace their targets at the end, or none.

    See `atomic_write.writing` for a single file.

    Raises:
        PoseNet3DError: a folder is not writable, the disk is full, or one of the files was not made.
    """
    with ExitStack() as stack:
        partials = [stack.enter_context(writing(path)) for path in paths]
        yield partials
        for path, partial in zip(paths, partials, strict=True):
            if not partial.is_file():
                raise PoseNet3DError(f"{path}: was not written; run again with --debug to see why")


def _check_writable(path: Path) -> None:
    try:
        with tempfile.TemporaryFile(prefix=".posenet3d-", dir=path.parent):
            pass
    except OSError as error:
        raise PoseNet3DError(
            f"{path}: can't be written ({error.strerror or error}); choose a folder that you may write to"
        ) from error


class _LazyScene:
    """The command's Blender scene, built at the first export."""

    def __init__(self, motions: Sequence[Motion], body_path: Path | None, footage_path: Path | None) -> None:
        self._motions = motions
        self._body_path = body_path
        self._footage_path = footage_path
        self._armatures: list[bpy.types.Object] = []

    def exporter(self, people: slice) -> WriteFile:
        return lambda path: self._export(path, people)

    def _export(self, path: Path, people: slice) -> None:
        from ..body.model import load_body
        from ..scene import build_scene, export, reset_to_empty

        if not self._armatures:
            body = load_body(self._body_path)
            reset_to_empty()
            self._armatures = build_scene(self._motions, body, self._footage_path)
        export(path, self._armatures[people])
