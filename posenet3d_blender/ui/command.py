"""`blender -b -c posenet3d COMMAND …`."""

from __future__ import annotations

import bpy

_registered: list[object] = []


def register() -> None:
    """Add the command to Blender's command line."""
    _registered.append(bpy.utils.register_cli_command("posenet3d", _run))


def unregister() -> None:
    """Take it out again."""
    bpy.utils.unregister_cli_command(_registered.pop())


def _run(argv: list[str]) -> int:
    from ..cli.main import main

    return main(argv)
