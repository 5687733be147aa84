"""The command line `blender -b -c posenet3d COMMAND …`."""

from __future__ import annotations

import bpy

_handles: list[object] = []
"""Blender's handle of the registered command: none or one."""


def register() -> None:
    """Add the command to Blender's command line."""
    _handles.append(bpy.utils.register_cli_command("posenet3d", _run))


def unregister() -> None:
    """Remove it from Blender's command line."""
    bpy.utils.unregister_cli_command(_handles.pop())


def _run(argv: list[str]) -> int:
    from ..cli.main import main

    return main(argv)
