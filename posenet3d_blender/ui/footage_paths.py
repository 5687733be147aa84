"""Relative paths of footage and other files follow a file that is saved in another folder.

Blender does this for its own paths, not for those in takes, settings and queue.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import bpy

from .clip_queue import POSENET3D_PG_clip, queue_of
from .options import PATH_NAMES, CaptureOptions
from .settings import settings_of
from .takes import is_take, take_of

_replaced: list[tuple[CaptureOptions | POSENET3D_PG_clip, str, str]] = []
"""A holder of a path, the path's name in it, and that path before the file was saved."""


def _paths() -> Iterator[tuple[CaptureOptions | POSENET3D_PG_clip, str]]:
    """Each holder of a path, with the path's name in it."""
    holders: list[CaptureOptions] = [settings_of(scene) for scene in bpy.data.scenes]
    takes = [take_of(collection) for collection in bpy.data.collections if is_take(collection)]
    holders += [*takes, *(take.captured for take in takes)]
    yield from ((holder, name) for holder in holders for name in PATH_NAMES)
    yield from ((clip, "footage") for scene in bpy.data.scenes for clip in queue_of(scene).clips)


@bpy.app.handlers.persistent
def _before_saving(path: str, *_: object) -> None:
    _replaced.clear()
    former = bpy.data.filepath
    if not former or not path or Path(former).parent == Path(path).parent:
        return
    for owner, name in _paths():
        present = getattr(owner, name)
        if present.startswith("//"):
            _replaced.append((owner, name, present))
            absolute = bpy.path.abspath(present)
            try:
                setattr(owner, name, bpy.path.relpath(absolute, start=str(Path(path).parent)))
            except ValueError:  # on another drive of Windows
                setattr(owner, name, absolute)


@bpy.app.handlers.persistent
def _after_saving(path: str, *_: object) -> None:
    if bpy.data.filepath != path:  # a copy was saved, or saving failed: the open file is still the former one
        for owner, name, before in _replaced:
            setattr(owner, name, before)
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
