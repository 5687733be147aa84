"""Videos among a batch's inputs: files, folders and patterns; what is ignored is named."""

from __future__ import annotations

import glob
import os
import stat
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ...capture.video.sources.image_sequence import footage_files, is_sequence
from ...errors import counted
from ...footage_endings import FOOTAGE_ENDINGS, PICTURE_ENDINGS

SETTINGS_ENDING: Final = ".toml"
"""Of the settings beside a clip, which are no clip and not ignored either."""
HIDDEN: Final = "hidden"
OTHER: Final = "no video by its name"
FOLDER: Final = "a folder; give it as an input of its own"
UNREADABLE: Final = "can't be read"


@dataclass(frozen=True)
class IgnoredFile:
    """A file or folder inside an input that is not captured, and why."""

    path: Path
    reason: str


@dataclass(frozen=True)
class FoundVideos:
    """The videos of all inputs, each once, and what was ignored beside them."""

    videos: tuple[Path, ...]
    ignored: tuple[IgnoredFile, ...]

    def ignored_lines(self) -> list[str]:
        """One line for each folder."""
        by_folder: dict[Path, list[IgnoredFile]] = {}
        for one in self.ignored:
            by_folder.setdefault(one.path.parent, []).append(one)
        return [f"ignored  {folder}: {_describe(parts)}" for folder, parts in by_folder.items()]


def find_videos(inputs: Sequence[str]) -> FoundVideos:
    """Expand files, folders and patterns to videos, in the given order; sorted by name within an input.

    A file that is named by itself is taken whatever its name. In a folder, and among the matches of a pattern that
    leaves the ending open, those are taken whose ending is one of a video's and that are not hidden: macOS leaves a
    `._NAME` beside each file on foreign disks. Folders are not searched for further folders. A folder with pictures in
    place of videos is an image sequence, as is a pattern of their names such as shot_%04d.png; several pictures of one
    sequence are one video too. An input without any video, or that does not exist, is returned itself, so that the
    report has a line for it.
    """
    found: dict[str, Path] = {}
    pictures: set[str] = set()
    ignored: dict[str, IgnoredFile] = {}
    for text in inputs:
        path = Path(text)
        if os.path.isdir(path):
            videos, others = _sort_out(_content(path))
            if not videos and is_sequence(path):
                others = []
        elif not os.path.lexists(path) and glob.has_magic(text):
            matches = _matches(path)
            sequences = [match for match in matches if match.is_dir() and is_sequence(match)]
            rest = [match for match in matches if match not in sequences]
            videos, others = _sort_out(rest, any_ending=not glob.has_magic(path.suffix or "*"))
            videos = sorted([*videos, *sequences])
        else:
            videos, others = [path], []
        for video in videos or [path]:
            if os.path.realpath(video) in pictures:
                continue
            found.setdefault(os.path.realpath(video), video)
            if video.suffix.lower() in PICTURE_ENDINGS:
                pictures.update(os.path.realpath(file) for file in footage_files(video, is_rate_given=True))
        ignored |= {str(one.path): one for one in others}
    return FoundVideos(tuple(found.values()), tuple(ignored.values()))


def is_hidden(path: Path) -> bool:
    """True for names that begin with a dot, and for files that Windows marks as hidden."""
    if path.name.startswith("."):
        return True
    try:
        attributes = getattr(path.stat(), "st_file_attributes", 0)
    except OSError:
        return False
    return bool(attributes & getattr(stat, "FILE_ATTRIBUTE_HIDDEN", 0))


def _content(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _matches(pattern: Path) -> list[Path]:
    """Matches of a pattern; a folder that exists is taken literally, even with brackets in its name."""
    folder = pattern.parent
    escaped = Path(glob.escape(str(folder)), pattern.name) if folder.is_dir() else pattern
    return [Path(match) for match in sorted(glob.glob(str(escaped), recursive=True))]


def _sort_out(paths: Iterable[Path], any_ending: bool = False) -> tuple[list[Path], list[IgnoredFile]]:
    videos, others = [], []
    for path in paths:
        is_video = any_ending or path.suffix.lower() in FOOTAGE_ENDINGS
        if path.is_dir():
            reason = None if is_hidden(path) else FOLDER
        elif is_hidden(path):
            reason = HIDDEN if is_video else None  # .DS_Store and its like are nobody's loss
        elif not is_video:
            reason = None if path.suffix == SETTINGS_ENDING else OTHER
        elif not path.is_file():  # a link that leads nowhere, a pipe
            reason = UNREADABLE
        else:
            videos.append(path)
            continue
        if reason:
            others.append(IgnoredFile(path, reason))
    return videos, others


def _describe(parts: Sequence[IgnoredFile]) -> str:
    counts = Counter(one.reason for one in parts)
    endings = sorted({one.path.suffix.lower() or "no ending" for one in parts if one.reason == OTHER})
    listed = ", ".join(endings[:6]) + (", …" if len(endings) > 6 else "")
    described = {
        HIDDEN: counted(counts[HIDDEN], "hidden file"),
        OTHER: f"{counted(counts[OTHER], 'file')} of other kinds ({listed})",
        FOLDER: f"{counted(counts[FOLDER], 'folder')} (give each as an input of its own)",
        UNREADABLE: f"{counted(counts[UNREADABLE], 'file')} that can't be read",
    }
    return ", ".join(text for reason, text in described.items() if counts[reason])
