"""Build and validation of the extension with Blender's own tool, reproducible repacking, and the manifest."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from .blender_releases import BlenderReleases
from .wheels import PackagingError

EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest date that a zip can store."""


def builder_command() -> tuple[list[str], list[str]]:
    """Command line to put before `build` or `validate`, and the options that both take after it.

    The bpy package of this Python has the builder as a script; otherwise `blender` on the search path runs it.

    Raises:
        PackagingError: there is neither.
    """
    bpy = importlib.util.find_spec("bpy")
    if bpy is not None and bpy.origin is not None:
        for scripts in Path(bpy.origin).parent.glob("*/scripts"):
            tags = scripts / "modules" / "_bpy_internal" / "extensions" / "tags.py"
            builder = scripts / "addons_core" / "bl_pkg" / "cli" / "blender_ext.py"
            return [sys.executable, str(builder)], [f"--valid-tags={tags}"]
    blender = shutil.which("blender")
    if blender is None:
        raise PackagingError("no Blender to build with; install bpy into this Python or put blender on the search path")
    return [blender, "--factory-startup", "--command", "extension"], []


def build(source: Path, package: Path) -> None:
    """Pack the folder `source`, which has a blender_manifest.toml, as the zip `package`.

    Raises:
        PackagingError: Blender rejects the folder.
    """
    command, options = builder_command()
    _run([*command, "build", f"--source-dir={source}", f"--output-filepath={package}", *options])


def validate(package: Path) -> None:
    """Validate a zip.

    Raises:
        PackagingError: Blender rejects it.
    """
    command, options = builder_command()
    _run([*command, "validate", *options, str(package)])


def repack(package: Path, target: Path) -> None:
    """Repack a zip without times, permissions and order of the original: the same content gives the same bytes."""
    with zipfile.ZipFile(package) as old, zipfile.ZipFile(target, "w") as new:
        for name in sorted(old.namelist()):
            entry = zipfile.ZipInfo(name, EARLIEST)
            entry.create_system = 3  # Unix, whose permissions follow
            entry.external_attr = 0o644 << 16
            entry.compress_type = old.getinfo(name).compress_type
            entry.file_size = old.getinfo(name).file_size
            with old.open(name) as content, new.open(entry, "w") as copy:
                shutil.copyfileobj(content, copy, 1 << 20)


def manifest_text(metadata: Mapping[str, object], platform: str, releases: BlenderReleases, wheels: list[str]) -> str:
    """Text of blender_manifest.toml: the project's, for one platform and Python, with the wheels in `./wheels`."""
    entries = {key: value for key, value in metadata.items() if not isinstance(value, dict)}
    tables = {key: value for key, value in metadata.items() if isinstance(value, dict)}
    entries |= releases.manifest_entries()
    entries["platforms"] = [platform]
    if wheels:
        entries["wheels"] = [f"./wheels/{file}" for file in sorted(wheels)]
    lines = _assignments(entries)
    for name, table in tables.items():
        lines += ["", f"[{name}]", *_assignments(table)]
    return "\n".join(lines) + "\n"


def _assignments(entries: Mapping[str, object]) -> list[str]:
    # Plain strings and lists of them are written alike in TOML and JSON.
    return [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in entries.items()]


def _run(command: list[str]) -> None:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        message = " ".join((result.stderr + result.stdout).split())
        raise PackagingError(f"Blender's extension builder failed: {message}")
