"""User interface in Blender: sidebar tab, operators, preferences, and the command `blender -b -c posenet3d`."""

from __future__ import annotations

from . import (
    bake,
    capture,
    character_settings,
    clip_queue,
    command,
    confidence,
    export,
    file_drop,
    footage_menu,
    footage_paths,
    modal_task,
    overlay,
    panel,
    people,
    preferences,
    results,
    retarget,
    reuse,
    scene_options,
    settings,
    take_list,
    take_panel,
    takes,
)

_MODULES = (
    command,
    settings,
    character_settings,
    results,
    takes,
    modal_task,
    preferences,
    footage_menu,
    people,
    capture,
    clip_queue,
    file_drop,
    footage_paths,
    take_list,
    confidence,
    bake,
    overlay,
    export,
    panel,
    retarget,
    scene_options,
    reuse,
    take_panel,
)
"""In the order of registration: panels after the operators and properties that they show."""


def register() -> None:
    """Register all classes and properties with Blender."""
    for module in _MODULES:
        module.register()


def unregister() -> None:
    """Unregister all of them; a running task is stopped."""
    for module in reversed(_MODULES):
        module.unregister()
