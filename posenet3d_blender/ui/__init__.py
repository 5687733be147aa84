"""What Blender's user meets: the panel, its operators, and the command line of `blender -b -c posenet3d`."""

from __future__ import annotations

from . import bake, capture, command, panel, people, result_operators, results, settings
from . import footage_menu as footage_choice
from . import modal_task as background

_PARTS = (command, settings, results, background, footage_choice, people, capture, bake, result_operators, panel)


def register() -> None:
    """Add everything to Blender."""
    for part in _PARTS:
        part.register()


def unregister() -> None:
    """Take everything out again; what is under way is stopped."""
    for part in reversed(_PARTS):
        part.unregister()
