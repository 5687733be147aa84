"""Plan of a batch: which clips are to be captured with which settings, which are done, and which can't be taken."""

from __future__ import annotations

import argparse
import os
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from ...capture.video.sources.image_sequence import footage_files, footage_name, is_sequence
from ...errors import PoseNet3DError
from ...numbered_names import is_numbered_stem, path_of_shot
from ..outputs import SINGLE_PERSON_ENDINGS, paths_by_people
from ..parser import parse_command
from .clip_settings import SettingsTable, settings_of
from .job import ClipJob, ClipResult, describe_footage
from .journal import LOGS, Journal

CONTACT_SHEETS: Final = "contact_sheets"
WITHOUT_EFFECT: Final = "--device="
"""Start of the option that changes the speed alone: clips captured with another one are done."""


def plan(
    videos: Sequence[Path], arguments: argparse.Namespace, table: SettingsTable | None, journal: Journal
) -> Iterator[ClipJob | ClipResult]:
    """Yield a job for each clip that is to be captured, or the result of one that is not."""
    first_by_name: dict[str, Path] = {}
    for video in videos:
        first_by_name.setdefault(_name_on_any_disk(footage_name(video)), video)
    for video in videos:
        try:
            yield _plan_one(video, first_by_name, arguments, table, journal)
        except PoseNet3DError as error:
            yield ClipResult(video, "failed", str(error).removeprefix(f"{video}: "))


def examine(job: ClipJob) -> ClipResult:
    """The clip's length and size, for a dry run; failed where it can't be opened."""
    from ...capture.video.footage import open_footage

    try:
        footage = open_footage(job.video, parse_command(job.command).input_fps)
    except PoseNet3DError as error:
        return ClipResult(job.video, "failed", str(error).removeprefix(f"{job.video}: "))
    described = describe_footage(footage.frame_count, float(footage.time[-1]), *footage.image_size)
    settings = " ".join(_settings(job.command))
    return ClipResult(job.video, "planned", f"{described}{', ' if settings else ''}{settings}")


def _plan_one(
    video: Path,
    first_by_name: Mapping[str, Path],
    arguments: argparse.Namespace,
    table: SettingsTable | None,
    journal: Journal,
) -> ClipJob | ClipResult:
    name, out_dir = footage_name(video), arguments.out_dir.absolute()
    if os.path.isdir(video) and not is_sequence(video):
        is_readable = os.access(video, os.R_OK | os.X_OK)
        reason = "no videos in this folder" if is_readable else "can't be read; check the folder's permissions"
        raise PoseNet3DError(f"{video}: {reason}")
    first = first_by_name[_name_on_any_disk(name)]
    if first != video:
        raise PoseNet3DError(f"{video}: its outputs would replace those of {first}; rename it or use another --out-dir")
    settings = settings_of(video, arguments, table)
    outputs = [out_dir / f"{name}{ending}" for ending in arguments.endings]
    sheet = out_dir / CONTACT_SHEETS / f"{name}.jpg"
    to_files = [f"--output={path}" for path in outputs]
    command = ("capture", str(video.absolute()), *to_files, f"--contact-sheet={sheet}", *settings)
    other = _numbered_like(name, parse_command(command), first_by_name)
    if other is not None:
        raise PoseNet3DError(
            f"{video}: one of its people or shots could replace the outputs of {other}; rename that one or use another "
            "--out-dir"
        )
    if _is_done(video, outputs, command):
        before = journal.captured(video, outputs)
        written = [] if before is None else before.get("outputs", [])  # of every person and shot
        if (before is None or before.get("settings") == _settings(command)) and all(map(os.path.isfile, written)):
            return ClipResult(video, "skipped", "done already", summary=before or {})
    return ClipJob(video, command, out_dir / LOGS / f"{name}.log")


def with_settings(result: ClipResult, job: ClipJob) -> ClipResult:
    """The result with the settings that the clip was captured with, by which a later run knows whether it is done."""
    return replace(result, summary=result.summary | {"settings": _settings(job.command)})


def _settings(command: Sequence[str]) -> list[str]:
    """The options of a command that change its outputs' content."""
    without = ("--output=", "--contact-sheet=", WITHOUT_EFFECT)
    return [option for option in command[2:] if not option.startswith(without)]


def _numbered_like(name: str, capture: argparse.Namespace, first_by_name: Mapping[str, Path]) -> Path | None:
    """Other footage that is called as outputs of one of this one's people or shots are; None: there is none."""
    single = any(output.suffix.lower() in SINGLE_PERSON_ENDINGS for output in capture.outputs)
    by_shots, by_people = capture.shots == "all", capture.person == "all" and single
    own = _name_on_any_disk(name)
    numbered = (
        video
        for other, video in first_by_name.items()
        if other != own and is_numbered_stem(other, own, by_shots, by_people)
    )
    return next(numbered, None)


def _is_done(video: Path, outputs: Sequence[Path], command: Sequence[str]) -> bool:
    """True if all files that a capture of one person in one shot writes exist and are newer than all that it reads."""
    arguments = parse_command(command)
    numbered = arguments.person == "all"
    if arguments.shots == "all":
        outputs = [path_of_shot(output, 1) for output in outputs]
    files = [path for output in outputs for path, _ in paths_by_people(output, 1, numbered)]
    sources = [*footage_files(video), *_other_sources(arguments)]
    if not all(os.path.isfile(path) for path in (*sources, *files)):
        return False
    return min(path.stat().st_mtime for path in files) >= max(path.stat().st_mtime for path in sources)


def _other_sources(arguments: argparse.Namespace) -> Iterator[Path]:
    """Files beside the footage that a capture reads, by its settings."""
    yield from filter(None, (arguments.keypoints, arguments.body, arguments.bone_map))
    yield from (target.file for target in arguments.targets)
    if arguments.student is not None:
        yield from (arguments.student / name for name in ("student.onnx", "student.json"))


def _name_on_any_disk(stem: str) -> str:
    """Equal for names that some disks take for one: of other case, or with accents stored in another way."""
    return unicodedata.normalize("NFC", stem.casefold())
