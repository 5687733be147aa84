"""Ending the process with the right exit code."""

from __future__ import annotations

import os
import shutil
import sys
from typing import NoReturn

FIRST_WITH_SAFE_TEARDOWN = (4, 3, 0)
"""The bpy 4.2 wheel crashes while the process ends, after all work, once its glTF exporter was loaded."""


def end_process(code: int) -> NoReturn:
    """Leave with this exit code, past Blender's own teardown where that would replace the code by a crash."""
    bpy = sys.modules.get("bpy")
    if bpy is not None and bpy.app.version < FIRST_WITH_SAFE_TEARDOWN:
        sys.stdout.flush()
        sys.stderr.flush()
        shutil.rmtree(bpy.app.tempdir, ignore_errors=True)
        os._exit(code)
    sys.exit(code)
