"""Command line and environment of a batch's further processes: the Blender or the Python that runs this one."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from ...cores import THREADS_VARIABLE
from .options import WORKER_COMMAND

PACKAGE: Final = Path(__file__).parents[2]
"""Folder of the package; Blender names it after the extension."""


def worker_command() -> list[str]:
    """Command line of a process that runs WORKER_COMMAND.

    In Blender, `sys.executable` is a Python without Blender's modules, so that Blender itself is started, in which the
    add-on is enabled. In a Python, with or without the bpy package, the package runs under the name of its folder.
    """
    blender = _blender()
    if blender:
        return [blender, "--background", "--command", "posenet3d", WORKER_COMMAND]
    return [sys.executable, "-m", PACKAGE.name, WORKER_COMMAND]


def worker_environment(threads: int | None) -> dict[str, str]:
    """Environment of such a process: this one's, with the places of all packages.

    Args:
        threads: largest number for networks, decoders and image operations; None: no limit.
    """
    environment = dict(os.environ)
    if not _blender():
        environment["PYTHONPATH"] = os.pathsep.join([str(PACKAGE.parent), *search_path()])
    if threads is not None:
        environment |= dict.fromkeys(
            (THREADS_VARIABLE, "OMP_NUM_THREADS", "OPENCV_FOR_THREADS_NUM", "OPENBLAS_NUM_THREADS"), str(threads)
        )
    return environment


def search_path() -> list[str]:
    """The places of packages, but for those that the bpy package added: from there its own half can't be imported."""
    bpy = sys.modules.get("bpy")
    added = Path(bpy.utils.resource_path("LOCAL")) if bpy else None
    return [place for place in sys.path if place and not (added and Path(place).is_relative_to(added))]


def _blender() -> str:
    """Path of the Blender that runs this process; empty in a Python, where scripts may have set the path of another."""
    bpy = sys.modules.get("bpy")
    # Blender 4.5 and newer say whether they are a module; in older ones only a module has no path.
    if bpy is None or getattr(bpy.app, "module", False):
        return ""
    return str(bpy.app.binary_path)
