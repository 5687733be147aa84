"""What Blender's user meets: the panel, its operators, and the command line of `blender -b -c posenet3d`."""

from __future__ import annotations

from . import command, operators, panel

_PARTS = (command, operators, panel)


def register() -> None:
    """Add everything to Blender."""
    for part in _PARTS:
        part.register()


def unregister() -> None:
    """Take everything out again; a running capture is stopped."""
    for part in reversed(_PARTS):
        part.unregister()
