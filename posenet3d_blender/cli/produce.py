"""From motions to the files that were asked for: all of them, or none."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..motion import Motion
from ..progress import Progress
from .outputs import MOTION_ENDING, SINGLE_PERSON_ENDINGS, needs_blender, path_of_person, writing_all

if TYPE_CHECKING:
    import bpy

Write = Callable[[Path], object]


@dataclass(frozen=True)
class Piece:
    """One file to be written."""

    path: Path
    stage: str
    """The stage whose seconds it counts to."""
    write: Write
    """Writes to the path that it is given."""


def files_of(path: Path, person_count: int, numbered: bool) -> list[tuple[Path, slice]]:
    """The files that one asked-for output becomes, each with the people in it.

    Args:
        path: the output as the user named it.
        person_count: how many people were captured.
        numbered: everybody was asked for: formats that hold one person become NAME_person1 and so on, however many
            people were found, so that a script knows the names before.
    """
    if numbered and path.suffix.lower() in SINGLE_PERSON_ENDINGS:
        return [(path_of_person(path, index + 1), slice(index, index + 1)) for index in range(person_count)]
    return [(path, slice(None))]


def motion_pieces(
    motions: Sequence[Motion],
    outputs: Sequence[Path],
    numbered: bool,
    body_path: Path | None,
    footage_path: Path | None,
) -> list[Piece]:
    """Motion files and everything that Blender writes; the scene is built once, when the first needs it."""
    scene = _Scene(motions, body_path, footage_path)
    pieces = []
    for output in outputs:
        for path, people in files_of(output, len(motions), numbered):
            if path.suffix.lower() == MOTION_ENDING:
                pieces.append(Piece(path, "motion", motions[people][0].save))
            elif needs_blender(path):
                pieces.append(Piece(path, "export", scene.exporter(people)))
    return pieces


def write_pieces(pieces: Sequence[Piece], progress: Progress) -> dict[str, float]:
    """Write all files, or none of them.

    Returns:
        Seconds by stage.

    Raises:
        PoseNet3DError: one of them can't be written.
    """
    seconds: dict[str, float] = {}
    with writing_all([piece.path for piece in pieces]) as partials:
        for index, (piece, partial) in enumerate(zip(pieces, partials, strict=True)):
            progress(piece.stage, index / len(pieces))
            began = time.perf_counter()
            piece.write(partial)
            seconds[piece.stage] = seconds.get(piece.stage, 0.0) + time.perf_counter() - began
        progress("export", 1.0)
    return seconds


class _Scene:
    """The Blender scene of one command, built when it is first needed."""

    def __init__(self, motions: Sequence[Motion], body_path: Path | None, footage_path: Path | None) -> None:
        self._motions = motions
        self._body_path = body_path
        self._footage_path = footage_path
        self._armatures: list[bpy.types.Object] = []

    def exporter(self, people: slice) -> Write:
        return lambda path: self._export(path, people)

    def _export(self, path: Path, people: slice) -> None:
        from ..body.model import load_body
        from ..scene import build_scene, export, reset_to_empty

        if not self._armatures:
            body = load_body(self._body_path)
            reset_to_empty()
            self._armatures = build_scene(self._motions, body, self._footage_path)
        export(path, self._armatures[people])
