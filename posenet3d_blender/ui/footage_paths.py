"""Relative paths of footage follow a file that is saved in another folder.

Blender does this for its own paths, not for those in takes, settings and queue.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import bpy

from .clip_queue import POSENET3D_PG_clip, queue_of
from .options import CaptureOptions
from .settings import settings_of
from .takes import is_take, take_of

_replaced: list[tuple[CaptureOptions | POSENET3D_PG_clip, str]] = []
"""A holder of a path of footage, and that path before the file was saved."""


def _with_footage() -> Iterator[CaptureOptions | POSENET3D_PG_clip]:
    for scene in bpy.data.scenes:
        yield settings_of(scene)
        yield from queue_of(scene).clips
    yield from (take_of(collection) for collection in bpy.data.collections if is_take(collection))


@bpy.app.handlers.persistent
def _before_saving(path: str, *_: object) -> None:
    _replaced.clear()
    former = bpy.data.filepath
    if not former or not path or Path(former).parent == Path(path).parent:
        return
    for owner in _with_footage():
        if owner.footage.startswith("//"):
            _replaced.append((owner, owner.footage))
            absolute = bpy.path.abspath(owner.footage)
            try:
                owner.footage = bpy.path.relpath(absolute, start=str(Path(path).parent))
            except ValueError:  # on another drive of Windows
                owner.footage = absolute


@bpy.app.handlers.persistent
def _after_saving(path: str, *_: object) -> None:
    if bpy.data.filepath != path:  # a copy was saved, or saving failed: the open file is still the former one
        for owner, footage in _replaced:
            owner.footage = footage
    _replaced.clear()


def register() -> None:
    """Follow the saving of files."""
    bpy.app.handlers.save_pre.append(_before_saving)
    bpy.app.handlers.save_post.append(_after_saving)
    bpy.app.handlers.save_post_fail.append(_after_saving)


def unregister() -> None:
    """Stop following it."""
    bpy.app.handlers.save_pre.remove(_before_saving)
    bpy.app.handlers.save_post.remove(_after_saving)
    bpy.app.handlers.save_post_fail.remove(_after_saving)
