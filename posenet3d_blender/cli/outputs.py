"""Output files of a command: supported formats, checks before the long work, writing all of them or none."""

from __future__ import annotations

import errno
import importlib.util
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from ..atomic_write import link_target, write_partial, writing_all
from ..background import Background
from ..build_options import BuildOptions
from ..errors import PoseNet3DError
from ..motion import Motion
from ..numbered_names import path_of_person, path_of_shot
from ..progress import Progress, Warn, ignore_warning
from .process import SignalHold

if TYPE_CHECKING:
    import bpy

    from .character import Character

SCENE_ENDINGS: Final = (".fbx", ".bvh", ".glb", ".usdc", ".blend")
"""Written by Blender; the same as `scene.EXPORT_ENDINGS`, which can't be imported without bpy."""
BLEND_ENDING: Final = ".blend"
"""The only one that holds the footage."""
MOTION_ENDING: Final = ".npz"
OUTPUT_ENDINGS: Final = (*SCENE_ENDINGS, MOTION_ENDING)
SINGLE_PERSON_ENDINGS: Final = (MOTION_ENDING, ".bvh", ".json")
"""Formats that hold one person per file."""
MANY: Final = 10
"""People or shots, whose numbers of two digits make the longest file names to be expected."""

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


@contextmanager
def made_folders(folders: Iterable[Path]) -> Iterator[None]:
    """Make the folders that are missing; at the end those in which nothing was written are removed again.

    Raises:
        PoseNet3DError: one can't be made.
    """
    made: list[Path] = []
    try:
        for folder in folders:
            missing = [one for one in (folder, *folder.parents) if not os.path.exists(one)]
            for one in reversed(missing):
                if not os.path.exists(one):  # "a/.." is there as soon as "a" is
                    _make_folder(one)
                    made.append(one)
        yield
    finally:
        for one in reversed(made):
            with suppress(OSError):  # not empty
                one.rmdir()


def folders_of(outputs: Iterable[Path]) -> list[Path]:
    """Folders of the outputs; for a symbolic link that of its target.

    Raises:
        PoseNet3DError: a link leads to itself.
    """
    return [link_target(path).parent for path in outputs]


def check_outputs(paths: Sequence[Path], numbered: bool = False, by_shots: bool = False) -> None:
    """Check that the outputs can be written, before the long work begins.

    Args:
        paths: as the user named them.
        numbered: as of `paths_by_people`.
        by_shots: whether each shot gets files of its own.

    Raises:
        PoseNet3DError: a folder is missing or not writable, a path is a folder or too long, or Blender is needed and
            missing.
    """
    for path in paths:
        of_shot = path_of_shot(path, MANY) if by_shots else path
        longest, _ = paths_by_people(of_shot, MANY, numbered)[-1]
        if _is_too_long(longest):
            raise PoseNet3DError(f"{path}: can't be written, its name is too long; choose a shorter one")
        folder = link_target(path).parent
        if path.is_dir():
            raise PoseNet3DError(f"{path}: is a folder; give the name of a file")
        if os.path.exists(folder) and not os.path.isdir(folder):
            raise PoseNet3DError(f"{path}: can't be written, {folder} is not a folder; choose another path")
        if not os.path.isdir(folder):
            raise PoseNet3DError(f"{path}: the folder {folder} does not exist; create it first")
        _check_writable(path, folder)
    blender_outputs = [path for path in paths if needs_blender(path)]
    if blender_outputs and importlib.util.find_spec("bpy") is None:
        path = blender_outputs[0]
        raise PoseNet3DError(f"{path}: {path.suffix} needs Blender; install the 'bpy' package or write {MOTION_ENDING}")


def motion_files(
    motions: Sequence[Motion],
    outputs: Sequence[Path],
    numbered: bool,
    body_path: Path | None,
    footage: Background | None,
    warn: Warn,
    options: BuildOptions,
    characters: Sequence[Character] = (),
) -> list[OutputFile]:
    """Motion files and all formats that Blender writes; the scene is built once, for the first of these.

    Args:
        motions: one per person, of one scene.
        outputs: as the user named them.
        numbered: see `paths_by_people`.
        body_path: the user's own SMPL model.
        footage: for the background of a .blend file.
        warn: called, while files are written, with one sentence where Blender can't show the footage, or where
            something about a character was guessed.
        options: for the scene.
        characters: that the people become, in their order; empty: the captured body.
    """
    is_shown = any(path.suffix.lower() == BLEND_ENDING for path in outputs)
    # Files of one scene are written before the next one's, which replaces it.
    show = warn if is_shown or characters else ignore_warning
    scene = _LazyScene(motions, body_path, footage, show, options, characters, warn)
    files = []
    for output in outputs:
        for path, people in paths_by_people(output, len(motions), numbered):
            if path.suffix.lower() == MOTION_ENDING:
                save = partial(motions[people][0].save, smpl_h=options.smpl_h)
                files.append(OutputFile(path, "motion", save))
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
    with _writing_uninterrupted([file.path for file in files]) as partials:
        for index, (file, partial) in enumerate(zip(files, partials, strict=True)):
            progress(file.stage, index / len(files))
            start = time.perf_counter()
            write_partial(file.path, partial, file.write)
            seconds[file.stage] = seconds.get(file.stage, 0.0) + time.perf_counter() - start
        progress("export", 1.0)
    return seconds


@contextmanager
def _writing_uninterrupted(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """`writing_all`, with signals held back while files are replaced and deleted.

    Raises:
        PoseNet3DError: also where one of the files was not made.
    """
    hold = SignalHold()
    try:
        with writing_all(paths, finishing=hold.begin) as partials:
            yield partials
            for path, partial in zip(paths, partials, strict=True):
                if not partial.is_file():
                    raise PoseNet3DError(f"{path}: was not written; run again with --debug to see why")
    finally:
        hold.end()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir()
    except FileExistsError:  # somebody else was quicker
        pass
    except OSError as error:
        raise PoseNet3DError(
            f"{folder}: the folder can't be created ({error.strerror or error}); choose another place"
        ) from error


def _is_too_long(path: Path) -> bool:
    try:
        path.lstat()
    except OSError as error:
        return error.errno == errno.ENAMETOOLONG
    return False


def _check_writable(path: Path, folder: Path) -> None:
    try:
        with tempfile.TemporaryFile(prefix=".posenet3d-", dir=folder):
            pass
    except OSError as error:
        raise PoseNet3DError(
            f"{path}: can't be written ({error.strerror or error}); choose a folder that you may write to"
        ) from error


class _LazyScene:
    """The command's Blender scene, built at the first export."""

    def __init__(
        self,
        motions: Sequence[Motion],
        body_path: Path | None,
        footage: Background | None,
        warn: Warn,
        options: BuildOptions,
        characters: Sequence[Character],
        warn_of_body: Warn,
    ) -> None:
        self._motions = motions
        self._body_path = body_path
        self._footage = footage
        self._warn, self._warn_of_body = warn, warn_of_body
        self._options = options
        self._characters = characters
        self._armatures: list[bpy.types.Object] = []

    def exporter(self, people: slice) -> WriteFile:
        return lambda path: self._export(path, people)

    def _export(self, path: Path, people: slice) -> None:
        from ..body.compatibility import warn_of_stiff_hands
        from ..body.model import load_body
        from ..scene import build_scene, export, reset_to_empty
        from ..scene.retarget.export_character import export_characters
        from ..scene.retarget.replace_body import replace_bodies

        if not self._armatures:
            body = load_body(self._body_path)
            warn_of_stiff_hands(self._motions, body, self._warn_of_body)
            reset_to_empty()
            # A character gets its own root motion, from the hips' whole path.
            options = replace(self._options, root="hips") if self._characters else self._options
            self._armatures = build_scene(self._motions, body, self._footage, self._warn, options)
            if self._characters:
                self._armatures = replace_bodies(self._armatures, self._characters, self._options.root, self._warn)
        write = export_characters if self._characters else export
        write(path, self._armatures[people])
