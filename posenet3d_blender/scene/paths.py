"""Paths as Blender stores them: relative to the open file where the user's preferences say so."""

from __future__ import annotations

from pathlib import Path

import bpy


def path_to_store(path: Path | str) -> str:
    """The path, relative to the open file if that is saved, on the same drive, and the preferences prefer it."""
    text = str(path)
    if text.startswith("//") or not bpy.data.filepath or not bpy.context.preferences.filepaths.use_relative_paths:
        return text
    try:
        return str(bpy.path.relpath(text))
    except ValueError:  # on another drive of Windows
        return text
