"""Wheels that the add-on includes: packages that a capture needs and Blender's Python lacks, pinned file by file."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LOCK: Final = Path(__file__).with_name("wheels.toml")
"""Written by `python -m tools.addon.lock_wheels`."""


class PackagingError(Exception):
    """The add-on can't be built; the message says in one line what is wrong and what to do."""


@dataclass(frozen=True)
class Wheel:
    """One unmodified file from the package index."""

    file: str
    requirement: str
    """Requirement for pip, such as "scipy==1.15.3"."""
    platform: str
    """Blender's name of the platform, such as "linux-x64"."""
    pythons: tuple[str, ...]
    """Versions of Blender's Python that it works with."""
    sha256: str

    @property
    def platform_tags(self) -> list[str]:
        """Platform tags of the file name, such as "manylinux_2_28_x86_64"."""
        return self.file.removesuffix(".whl").split("-")[-1].split(".")


def read_lock(path: Path = LOCK) -> list[Wheel]:
    """Read all pinned wheels, of all platforms."""
    entries = tomllib.loads(path.read_text(encoding="utf-8"))["wheel"]
    return [Wheel(**{**entry, "pythons": tuple(entry["pythons"])}) for entry in entries]


def fetch(wheel: Wheel, cache: Path) -> Path | None:
    """Path of the file in `cache`, downloaded if it is not there yet; None if the download fails.

    Raises:
        PackagingError: the file has another hash than the pinned one.
    """
    path = cache / wheel.file
    if not path.is_file():
        download(wheel.requirement, wheel.pythons[0], wheel.platform_tags, cache)
    if not path.is_file():
        return None
    if sha256_of(path) != wheel.sha256:
        raise PackagingError(f"{path}: not the file that {LOCK.name} pins; delete it and build again")
    return path


def download(requirement: str, python: str, platform_tags: list[str], folder: Path) -> str:
    """Download the wheel to `folder` with pip; returns pip's error message, empty on success."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "--python-version", python, "--dest", str(folder)]
    command += [f"--platform={tag}" for tag in platform_tags]
    return subprocess.run([*command, requirement], capture_output=True, text=True, check=False).stderr.strip()


def sha256_of(path: Path) -> str:
    """SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
