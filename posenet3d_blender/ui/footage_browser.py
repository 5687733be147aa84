"""File browsers that show footage: what Blender knows as movies and pictures, and what only the reader does."""

from __future__ import annotations

from collections.abc import Sequence

import bpy

from ..footage_endings import FOOTAGE_ENDINGS, PICTURE_ENDINGS


def _others(endings: Sequence[str], known: frozenset[str]) -> str:
    """A filter of the endings that Blender does not know; it has no room for all of them."""
    return ";".join(f"*{ending}" for ending in endings if ending not in known)


_OTHER_VIDEOS = _others(FOOTAGE_ENDINGS, bpy.path.extensions_movie)
_OTHER_PICTURES = _others(PICTURE_ENDINGS, bpy.path.extensions_image)


class VideoBrowser:
    """Properties by which Blender's file browser shows folders and videos; a mixin of operators."""

    # Blender reads properties from annotations, where a type checker expects types
    filter_movie: bpy.props.BoolProperty(default=True, options={"HIDDEN"})  # type: ignore[valid-type]
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN"})  # type: ignore[valid-type]
    filter_glob: bpy.props.StringProperty(default=_OTHER_VIDEOS, options={"HIDDEN"})  # type: ignore[valid-type]


class FootageBrowser(VideoBrowser):
    """Properties by which the file browser shows folders, videos and pictures, of which one stands for its sequence."""

    filter_image: bpy.props.BoolProperty(default=True, options={"HIDDEN"})  # type: ignore[valid-type]
    filter_glob: bpy.props.StringProperty(  # type: ignore[valid-type]
        default=f"{_OTHER_VIDEOS};{_OTHER_PICTURES}", options={"HIDDEN"}
    )
