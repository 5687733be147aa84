"""A folder of cached people, one file for each run; it stays under a fixed size: files used longest ago go first."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np

from ....arrays import AnyArray
from ....errors import PoseNet3DError
from ....npz import read_npz, write_npz
from .cached_files import cached_files

LARGEST_SIZE: Final = 256 * 1024**2
"""Bytes of all cached files."""

Person: TypeAlias = Mapping[str, AnyArray]
"""A person's arrays by name."""


@dataclass(frozen=True)
class CachedShot:
    """A shot's limits, frames or seconds, and its people."""

    limits: tuple[float, float]
    people: Sequence[Person]


@dataclass(frozen=True)
class CachedRun:
    """One file."""

    shots: Sequence[CachedShot]
    others: Mapping[str, AnyArray] = field(default_factory=dict)
    """Arrays that belong to nobody."""


class CacheFolder:
    """Cached files of a folder by their names."""

    def __init__(self, folder: Path, largest_size: int = LARGEST_SIZE) -> None:
        """Use `folder`, which must exist, up to `largest_size` bytes."""
        self.folder = folder
        self.largest_size = largest_size

    def read(self, name: str) -> CachedRun | None:
        """A stored run; None where there is no such file, or a damaged one."""
        try:
            arrays = read_npz(self.folder / name, "a run of this cache")
            people: list[list[Person]] = [[] for _ in arrays["shots"]]
            for index, number in enumerate(arrays["shot_of_person"]):
                ending = f"_{index}"
                own = {key.removesuffix(ending): array for key, array in arrays.items() if key.endswith(ending)}
                people[number].append(own)
            limits = [(float(first), float(last)) for first, last in arrays["shots"]]
        except (PoseNet3DError, KeyError, ValueError, TypeError, IndexError):
            return None
        if not limits or not all(people):
            return None
        return CachedRun([CachedShot(*shot) for shot in zip(limits, people, strict=True)], arrays)

    def touch(self, name: str) -> None:
        """Note that a file was used now, so that it is kept longer; a cache that can't be written serves as well."""
        with suppress(OSError):
            os.utime(self.folder / name)

    def write(self, name: str, run: CachedRun) -> None:
        """Write one file; those used longest ago go where the folder grows too large.

        Raises:
            PoseNet3DError: the folder can't be written.
        """
        people = [(number, person) for number, shot in enumerate(run.shots) for person in shot.people]
        arrays: dict[str, AnyArray] = {
            **run.others,
            "shots": np.array([shot.limits for shot in run.shots]),
            "shot_of_person": np.array([number for number, _ in people]),
        }
        for index, (_, person) in enumerate(people):
            arrays |= {f"{key}_{index}": array for key, array in person.items()}
        write_npz(self.folder / name, arrays)
        with suppress(OSError):  # another Blender may trim the same folder
            self._trim()

    def _trim(self) -> None:
        files = sorted(cached_files(self.folder), key=lambda file: file[1].st_mtime)
        excess = sum(status.st_size for _, status in files) - self.largest_size
        for path, status in files[:-1]:
            if excess <= 0:
                return
            excess -= status.st_size
            path.unlink()


def open_cache(folder: Path) -> CacheFolder:
    """A cache in `folder`, which is made where it is missing.

    Raises:
        PoseNet3DError: the folder can't be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PoseNet3DError(f"{folder}: can't be made ({error.strerror}); check the folder and disk") from error
    return CacheFolder(folder)
