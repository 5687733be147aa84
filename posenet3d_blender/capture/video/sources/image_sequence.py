"""Image sequences: a folder of pictures, or a pattern such as shot_%04d.png, as footage."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import ClassVar, Final

import numpy as np

from ....errors import PoseNet3DError
from ....footage_endings import PICTURE_ENDINGS
from .container import check_present, decoded, opened
from .orientation import Orientation, Pixels, exif_orientation, without_orientation
from .picture_size import upright_size
from .pictures import SizeChanges, StoredPicture, real_changes, scale_down

_NUMBER: Final = re.compile(r"%(?:0?\d+)?d|#+")
"""The number's place in a pattern, as FFmpeg or as Blender writes it."""
_UNKNOWN_TO_OPENCV: Final = (".tga", ".dpx")
_LAST_NUMBER: Final = re.compile(r"^(.*?)(\d+)(\D*)$", re.DOTALL)


@dataclass(frozen=True)
class ImageSequence:
    """Pictures in the order in which they are shown."""

    path: Path
    """The folder or pattern by which it was asked for."""
    files: tuple[Path, ...]
    numbers: tuple[int, ...] | None
    """In the files' names, rising; None: the names have none, and their order counts."""
    left_out: tuple[Path, ...] = ()
    """Pictures of the folder that are not of the sequence, and those whose number another one has already."""
    can_seek: ClassVar[bool] = True

    def pictures(self, first: int) -> Iterator[StoredPicture]:
        """Every picture that can be read, in order, from index `first` on."""
        for index, path in enumerate(self.files[first:], start=first):
            pixels = _read(path)
            if pixels is not None:
                yield StoredPicture(index, partial(_return, pixels), partial(scale_down, pixels))

    def check_present(self) -> None:
        """Check that the last picture is there; as `PictureSource` has it."""
        check_present(self.files[-1])

    @cached_property
    def orientation(self) -> Orientation:
        """The first picture's."""
        return exif_orientation(_content(self.files[0]))

    def size_changes(self, index: int, size: tuple[int, int]) -> SizeChanges:
        """Places at which the upright pictures' size changes, by the first bytes of their files.

        Args:
            index: of the first picture that can be read.
            size: width and height of that picture; where its file seems to state another, no file is believed.
        """
        if upright_size(self.files[index]) != size:
            return ()
        return real_changes(size, ((place, upright_size(path)) for place, path in enumerate(self.files)))

    def positions(self) -> list[int]:
        """(N,) each picture's place in time, counted in pictures; missing ones leave gaps where the names show that.

        Names that count in other steps, by tens or by every second frame, have no gaps.
        """
        steps = np.diff(self.numbers or ())
        if not len(steps):
            return list(range(len(self.files)))
        (step, count), *_ = Counter(steps.tolist()).most_common(1)
        places = np.array(self.numbers) - (self.numbers or (0,))[0]
        if 2 * count < len(steps) or (places % step).any():
            return list(range(len(self.files)))
        return [int(place) for place in places // step]


def find_sequence(path: Path, is_rate_given: bool) -> ImageSequence | None:
    """The image sequence that a path names: a folder, a pattern, or, where its rate is given, one of its pictures.

    Returns:
        None where the path names anything else.

    Raises:
        PoseNet3DError: the folder or pattern names no pictures, or those of several sequences.
    """
    if os.path.isdir(path):
        return _of_folder(path)
    if _NUMBER.search(path.name) and not os.path.exists(path):
        return _of_pattern(path)
    match = _LAST_NUMBER.match(path.stem)
    if is_rate_given and match and path.suffix.lower() in PICTURE_ENDINGS and os.path.isfile(path):
        before, _, after = (re.escape(part) for part in match.groups())
        sequence = _of_names(path, re.compile(rf"{before}(\d+){after}{re.escape(path.suffix)}"))
        return sequence if len(sequence.files) > 1 else None
    return None


def is_sequence(path: Path) -> bool:
    """Tell whether a path names an image sequence: a folder with pictures of one, or a pattern that finds some."""
    return footage_files(path) != [path]


def footage_files(path: Path, is_rate_given: bool = False) -> list[Path]:
    """The files that footage consists of: the video, or all of an image sequence's pictures."""
    try:
        sequence = find_sequence(path, is_rate_given)
    except PoseNet3DError:
        return [path]
    return list(sequence.files) if sequence is not None else [path]


def footage_name(path: Path) -> str:
    """A name for what is made of footage: the file's without its ending, a pattern's without its number, a folder's."""
    if os.path.isdir(path):
        return path.resolve().name
    if _NUMBER.search(path.name) and not os.path.exists(path):
        return _NUMBER.sub("", path.stem).strip(" ._-") or path.resolve().parent.name
    return path.stem


def _of_folder(folder: Path) -> ImageSequence:
    groups: dict[tuple[str, str], dict[int, Path]] = {}
    unnumbered: list[Path] = []
    repeated: list[Path] = []
    for path in _pictures_in(folder):
        match = _LAST_NUMBER.match(path.stem)
        if match is None:
            unnumbered.append(path)
        else:
            before, number, after = match.groups()
            group = groups.setdefault((before, after + path.suffix.lower()), {})
            if group.setdefault(int(number), path) is not path:
                repeated.append(path)
    sequences = {names: files for names, files in groups.items() if len(files) > 1}
    others = [path for names, files in groups.items() if names not in sequences for path in files.values()]
    others += unnumbered + repeated
    if len(sequences) > 1:
        examples = " and ".join(f"{before}*{after}" for before, after in sorted(sequences)[:2])
        raise PoseNet3DError(
            f"{folder}: holds several image sequences ({examples}); name one by a pattern such as shot_%04d.png"
        )
    if sequences:
        ((_, files),) = sequences.items()
        numbers = sorted(files)
        return ImageSequence(folder, tuple(files[one] for one in numbers), tuple(numbers), tuple(others))
    if len(others) > 1:
        return ImageSequence(folder, tuple(sorted(others, key=lambda one: one.name.casefold())), None)
    raise PoseNet3DError(
        f"{folder}: is a folder without an image sequence; give a video file, or a folder of numbered pictures"
    )


def _of_pattern(pattern: Path) -> ImageSequence:
    match = _NUMBER.search(pattern.name)
    assert match is not None, "asked before"
    before, after = re.escape(pattern.name[: match.start()]), re.escape(pattern.name[match.end() :])
    sequence = _of_names(pattern, re.compile(rf"{before}(\d+){after}"))
    if not sequence.files:
        raise PoseNet3DError(f"{pattern}: no picture has such a name; check the folder and the pattern")
    return sequence


def _of_names(path: Path, names: re.Pattern[str]) -> ImageSequence:
    """The pictures beside `path` whose names match, by the number that is the match's group."""
    files: dict[int, Path] = {}
    repeated: list[Path] = []
    for one in _pictures_in(path.parent):
        match = names.fullmatch(one.name)
        if match is not None and files.setdefault(int(match[1]), one) is not one:
            repeated.append(one)
    numbers = sorted(files)
    return ImageSequence(path, tuple(files[one] for one in numbers), tuple(numbers), tuple(repeated))


def _pictures_in(folder: Path) -> Sequence[Path]:
    """Picture files, without hidden ones."""
    try:
        files = sorted(folder.iterdir())
    except OSError as error:
        raise PoseNet3DError(f"{folder}: can't be read ({error.strerror or error}); check the folder") from error
    return [
        path
        for path in files
        if path.suffix.lower() in PICTURE_ENDINGS and not path.name.startswith(".") and os.path.isfile(path)
    ]


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _read(path: Path) -> Pixels | None:
    """(H, W, 3) RGB, upright; None where the file can't be read."""
    import cv2

    content = _content(path)
    if not content:
        return None
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    pixels = None
    if path.suffix.lower() not in _UNKNOWN_TO_OPENCV:
        try:
            pixels = cv2.imdecode(np.frombuffer(without_orientation(content), dtype=np.uint8), flags)
        except cv2.error:
            return None
    stored = _decode_by_ffmpeg(path) if pixels is None else np.asarray(pixels[..., ::-1], dtype=np.uint8)
    return exif_orientation(content).apply(stored) if stored is not None else None


def _decode_by_ffmpeg(path: Path) -> Pixels | None:
    try:
        with opened(path) as container:
            picture = next(decoded(container, container.streams.video[0]), None)
            return np.asarray(picture.to_ndarray(format="rgb24"), dtype=np.uint8) if picture is not None else None
    except (PoseNet3DError, IndexError):
        return None


def _return(pixels: Pixels) -> Pixels:
    return pixels
