"""User interface in Blender: the sidebar panel, its operators, and the command `blender -b -c posenet3d`."""

from __future__ import annotations

from . import (
    bake,
    capture,
    character_settings,
    command,
    export,
    footage_menu,
    modal_task,
    overlay,
    panel,
    people,
    results,
    retarget,
    settings,
)

_MODULES = (
    command,
    settings,
    character_settings,
    results,
    modal_task,
    footage_menu,
    people,
    capture,
    bake,
    overlay,
    export,
    panel,
    retarget,
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
