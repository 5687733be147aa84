"""Visibility of people who are not there during the whole capture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import bpy
import numpy as np

from .keys import assign_action, curves_of, write_curves
from .names import data_name

_PATHS: Final = ("hide_viewport", "hide_render")


def key_visibility(skin: bpy.types.Object, person: tuple[int, int], capture: tuple[int, int]) -> None:
    """Hide the skin from the capture's start until the person's first frame, and from their last frame on.

    Its armature stays visible: Blender does not pose what is hidden, and others may follow it. Nothing is keyed for a
    person who is there all the time.

    Args:
        skin: mesh object without animation of its own.
        person: first and last frame of the person.
        capture: first and last frame of all people.
    """
    frames, hidden = [person[0]], [0.0]
    if person[0] > capture[0]:
        frames, hidden = [capture[0], *frames], [1.0, *hidden]
    if person[1] < capture[1]:
        frames, hidden = [*frames, person[1] + 1], [*hidden, 1.0]
    if len(frames) == 1:
        return
    action = bpy.data.actions.new(data_name(skin.name, "_visibility"))
    assign_action(skin, action)
    for path in _PATHS:
        values = np.array(hidden)[:, None]
        write_curves(action, skin, path, np.array(frames), values, "visibility", interpolation="CONSTANT")


@contextmanager
def shown(skins: Sequence[bpy.types.Object]) -> Iterator[None]:
    """Show the skins at all frames: exporters leave out what is hidden when they look."""
    curves = [
        curve
        for skin in skins
        if skin.animation_data and skin.animation_data.action
        for curve in curves_of(skin)
        if curve.data_path in _PATHS and not curve.mute
    ]
    hidden = [(skin, path) for skin in skins for path in _PATHS if getattr(skin, path)]
    try:
        for curve in curves:
            curve.mute = True
        for skin, path in hidden:
            setattr(skin, path, False)
        yield
    finally:
        for curve in curves:
            curve.mute = False
        for skin, path in hidden:
            setattr(skin, path, True)
