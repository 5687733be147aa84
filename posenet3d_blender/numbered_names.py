"""Names of the files and objects of one of several people or shots: NAME_person1, NAME_shot1_person1 and so on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

_SHOT: Final = r"(_shot\d+)?"
_PERSON: Final = r"(_person\d+)?"


def person_suffix(number: int, count: int) -> str:
    """End of the name of one of several people, counted from 1; of a single one nothing."""
    return "" if count == 1 else f"_person{number}"


def path_of_person(path: Path, number: int) -> Path:
    """`clip.npz` as `clip_person2.npz`; people count from 1."""
    return path.with_stem(f"{path.stem}_person{number}")


def path_of_shot(path: Path, number: int) -> Path:
    """`clip.fbx` as `clip_shot2.fbx`; shots count from 1."""
    return path.with_stem(f"{path.stem}_shot{number}")


def paths_of_people(path: Path, count: int) -> list[Path]:
    """The path, or one for each of several people: NAME_person1 and so on."""
    return [path] if count == 1 else [path_of_person(path, number) for number in range(1, count + 1)]


def is_numbered_stem(stem: str, name: str, by_shots: bool = True, by_people: bool = True) -> bool:
    """True if a file's stem is `name`, with or without the number of a shot, of a person, or of both."""
    numbers = by_shots * _SHOT + by_people * _PERSON
    return re.fullmatch(re.escape(name) + numbers, stem) is not None
