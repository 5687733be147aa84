"""Frames of the footage that another detector's entries belong to, by the file's own numbers and names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from ....errors import PoseNet3DError
from ....progress import Warn
from ..detector_files import Entry, Json, numbers_in
from ..own_files import LEAST_END

FRAMES_TO_SPARE: Final = 2
"""Programs count the last frames of a video differently: so many too many or too few are no other video."""
LARGEST_PART_TO_SPARE: Final = 0.02
"""Frames too many or too few that are no other video, as a part of the footage."""
LEAST_SPAN: Final = 0.9
"""Numbers that count from something unknown must cover this part of the footage, or they may be of another video."""

LONGEST_SIDE: Final = 100_000
"""Pixels; no picture is wider or higher."""


@dataclass(frozen=True)
class Picture:
    """A picture that a COCO file lists."""

    name: str
    """Its file's name, or its number where it has none: what puts the pictures in order."""
    size: tuple[int, int] | None
    """Width and height, pixels; None: the file doesn't say."""


def listed_pictures(path: Path, data: Json) -> dict[str, Picture]:
    """The pictures of a full COCO file, by their id as text; empty for files without a list of images.

    Raises:
        PoseNet3DError: the list is damaged.
    """
    images = data.get("images") if isinstance(data, dict) else None
    if not images:
        return {}
    pictures = {}
    for image in images if isinstance(images, list) else [images]:
        if not isinstance(image, dict) or not isinstance(image.get("id"), int | float | str):
            raise PoseNet3DError(f"{path}: key 'images' must be a list of pictures with an 'id' each; write it anew")
        name = next((image[key] for key in ("file_name", "frame_id", "id") if image.get(key) is not None), "")
        pictures[_text(image["id"])] = Picture(_text(name), _size(path, image))
    return pictures


def frames_of_entries(
    path: Path, entries: Sequence[Entry], pictures: dict[str, Picture], frame_count: int, warn: Warn
) -> list[int | None]:
    """Each entry's frame of the footage; None for one that belongs to none of them.

    By the listed pictures where there are some, else by the entries' own image_ids, else by their order.

    Args:
        path: the file, for messages.
        entries: from `entries_of`.
        pictures: from `listed_pictures`.
        frame_count: of the footage.
        warn: told of what is left out or guessed.

    Raises:
        PoseNet3DError: they don't fit the footage.
    """
    if not pictures and all(entry.image_key is None for entry in entries):
        return _frames_in_order(path, len(entries), frame_count, warn)
    names = [_name_of(entry, pictures) for entry in entries]
    if missing := names.count(None):
        of = "of the list 'images'" if pictures else "by its image_id"
        warn(f"{path}: {missing} of {len(entries)} annotations name no picture {of} and were left out")
    everybody = [one.name for one in pictures.values()] or [name for name in names if name is not None]
    frames = frames_of_names(path, everybody, frame_count, warn)
    return [None if name is None else frames.get(name) for name in names]


def frames_without_footage(
    path: Path, entries: Sequence[Entry], pictures: dict[str, Picture], largest_step: float
) -> list[int]:
    """Each entry's frame, counted from the file's first, where nobody knows how many frames the footage has.

    Args:
        path: the file, for messages.
        entries: from `entries_of`.
        pictures: from `listed_pictures`.
        largest_step: frames from one picture to the next, the most that all may have between them.

    Raises:
        PoseNet3DError: nothing tells which frames they are.
    """
    if not pictures and all(entry.image_key is None for entry in entries):
        return list(range(len(entries)))
    names = [_name_of(entry, pictures) for entry in entries]
    if missing := names.count(None):
        raise PoseNet3DError(f"{path}: {missing} of {len(entries)} annotations name no picture; correct the file")
    distinct = sorted({one.name for one in pictures.values()} or {name for name in names if name is not None})
    numbers = _counting_numbers(distinct)
    if numbers is None:
        raise PoseNet3DError(
            f"{path}: the names of its {len(distinct)} pictures don't count frames; give one video a file, with its "
            "pictures numbered"
        )
    if len(numbers) > 1 and (step := int(np.gcd.reduce(np.diff(sorted(numbers))))) > largest_step:
        raise PoseNet3DError(
            f"{path}: its pictures are numbered in steps of {step}; number them one by one, and give their rate"
        )
    frame_of = {name: number - min(numbers) for name, number in zip(distinct, numbers, strict=True)}
    return [frame_of[name] for name in names if name is not None]


def frames_of_names(path: Path, names: Iterable[str], frame_count: int, warn: Warn) -> dict[str, int]:
    """The footage's frame for each name of a picture or a file; without those that lie beyond its end.

    As many names as frames are the frames in the names' order; otherwise the numbers in them must count frames.

    Raises:
        PoseNet3DError: they don't.
    """
    distinct = sorted(set(names), key=_natural_order)
    if len(distinct) == frame_count:
        return {name: frame for frame, name in enumerate(distinct)}
    numbers = _counting_numbers(distinct)
    if numbers is None:
        raise PoseNet3DError(
            f"{path}: it names {len(distinct)} pictures, but the footage has {frame_count} frames, and their names "
            "don't count them; give one for each frame, numbered from 0"
        )
    first = _first_number(path, sorted(numbers), frame_count, warn)
    frames = {name: number - first for name, number in zip(distinct, numbers, strict=True)}
    inside = {name: frame for name, frame in frames.items() if frame < frame_count}
    if beyond := len(frames) - len(inside):
        warn(f"{path}: its last {beyond} frames lie beyond the footage's {frame_count} and were left out")
    _warn_of_gaps(path, sorted(inside.values()), frame_count, warn)
    return inside


def _first_number(path: Path, numbers: list[int], frame_count: int, warn: Warn) -> int:
    """The number of the footage's first frame, by all numbers of the file, rising and distinct.

    They count frames from 0 or 1, perhaps after leading digits that all have, such as the number of a video. Of others
    that cover nearly the whole footage the first one is taken as the first frame, with a warning.
    """
    first, last = numbers[0], numbers[-1]
    spare = min(FRAMES_TO_SPARE, int(LARGEST_PART_TO_SPARE * frame_count))
    if last - first + 1 == frame_count:
        return first
    leading = _leading_part(first, last, frame_count + spare)
    lowest = _lowest_number(first - leading, last - leading, frame_count, spare)
    if lowest is None and LEAST_SPAN * frame_count <= last - first + 1 <= frame_count + spare:
        warn(
            f"{path}: its frames are numbered from {first} to {last}; {first} is taken as the first of the footage's "
            f"{frame_count}; number them from 0 if it is another one"
        )
        return first
    if lowest is None:
        raise PoseNet3DError(
            f"{path}: its image_ids run from {first} to {last}, but the footage has {frame_count} frames; "
            "number them from 0, or list all of them under 'images'"
        )
    if first - leading == 1 and lowest == 0:
        warn(f"{path}: its frames run from {first} to {last} of {frame_count} and are taken as counted from {leading}")
    elif leading and first - leading > 1:
        warn(f"{path}: its frames run from {first} to {last} and are taken as counted from {leading + lowest}")
    return leading + lowest


def _leading_part(first: int, last: int, count: int) -> int:
    """The value of the leading digits that all numbers from `first` to `last` share and `count` frames don't need."""
    scale = 10 ** len(str(count))
    return first - first % scale if first // scale == last // scale else 0


def _lowest_number(first: int, last: int, frame_count: int, spare: int) -> int | None:
    """0 or 1, from which numbers from `first` to `last` count the frames; None: they count other ones."""
    if last < frame_count:
        return 0
    if first >= 1 and last <= frame_count + spare:
        return 1
    return 0 if last < frame_count + spare else None


def _warn_of_gaps(path: Path, frames: list[int], frame_count: int, warn: Warn) -> None:
    """Tell of keypoints that are made for every second frame, say, or that end early."""
    step = int(np.gcd.reduce(np.diff(frames))) if len(frames) > 2 else 1
    if step > 1:
        warn(f"{path}: it holds only one in {step} frames; the motion between is interpolated")
    if frames and frames[-1] + step < LEAST_END * frame_count:
        warn(f"{path}: its frames end at {frames[-1] + 1} of the footage's {frame_count}; the motion ends there")


def _frames_in_order(path: Path, count: int, frame_count: int, warn: Warn) -> list[int | None]:
    """Frames of entries that have no numbers."""
    difference = abs(count - frame_count)
    if difference > min(FRAMES_TO_SPARE, LARGEST_PART_TO_SPARE * frame_count):
        raise PoseNet3DError(
            f"{path}: holds {count} frames, but the footage has {frame_count}; give one for each, or number them"
        )
    if difference:
        warn(f"{path}: holds {count} frames, but the footage has {frame_count}; the first ones are taken as the same")
    return [frame if frame < frame_count else None for frame in range(count)]


def _name_of(entry: Entry, pictures: dict[str, Picture]) -> str | None:
    if not pictures or entry.image_key is None:
        return entry.image_key
    picture = pictures.get(entry.image_key)
    return picture.name if picture else None


def _counting_numbers(names: Sequence[str]) -> list[int] | None:
    """The number in each of some distinct names that counts frames; None where one has none, or two have the same."""
    numbers = _frame_numbers(names)
    return None if len(set(numbers)) < len(names) or min(numbers) < 0 else numbers


def _frame_numbers(names: Sequence[str]) -> list[int]:
    """The number in each name that counts frames: the last one that is not the same in all; -1 where there is none."""
    rows = [numbers_in(name) for name in names]
    if len({len(row) for row in rows}) == 1 and rows[0]:
        columns = list(zip(*rows, strict=True))
        varying = [column for column in columns if len(set(column)) > 1]
        return list((varying or columns)[-1])
    return [row[-1] if row else -1 for row in rows]


def _natural_order(name: str) -> list[tuple[bool, int, str]]:
    """A sorting key by which picture 10 comes after picture 9."""
    parts = re.findall(r"[0-9]{1,15}|[^0-9]+", name)
    return [(part[0] in "0123456789", int(part) if part[0] in "0123456789" else 0, part) for part in parts]


def _text(value: Json) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _size(path: Path, image: dict[str, Json]) -> tuple[int, int] | None:
    sides: tuple[Json, Json] = (image.get("width"), image.get("height"))
    if sides == (None, None):
        return None
    if not all(isinstance(side, int | float) and 1 <= side <= LONGEST_SIDE for side in sides):
        raise PoseNet3DError(
            f"{path}: key 'images' holds a picture without width and height; mend it or leave both out"
        )
    return int(image["width"]), int(image["height"])
