"""CPU cores that this process may use."""

from __future__ import annotations

import os
from typing import Final

THREADS_VARIABLE: Final = "POSENET3D_THREADS"
"""Environment variable with the largest number of threads, so that several processes share the cores."""


def usable_cores() -> int:
    """Count of cores that this process may use; containers and batch systems often allow fewer than there are."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    wanted = os.environ.get(THREADS_VARIABLE, "")
    return min(allowed, int(wanted)) if wanted.isdecimal() and int(wanted) > 0 else allowed
