"""Free memory, to start no more processes than fit."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

MEMORY_OF_JOB: Final = 1_000_000_000
"""Bytes that a process needs for a clip of up to half an hour, with Blender and for 4K; measured in docs/batch.md."""


def jobs_in_memory(wanted: int, available: int | None) -> int:
    """So many processes, up to `wanted`, fit into the available bytes; at least one. None: unknown."""
    return wanted if available is None else max(1, min(wanted, available // MEMORY_OF_JOB))


def available_memory() -> int | None:
    """Bytes that new processes may take without swapping; None where the system does not say."""
    try:
        if sys.platform == "win32":
            return _available_on_windows()
        if sys.platform == "darwin":
            return _available_on_macos()
        return min(_available_on_linux(), *_left_in_container())
    except (OSError, ValueError, IndexError, subprocess.SubprocessError):
        return None


def _available_on_linux() -> int:
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))


def _left_in_container(groups: Path = Path("/sys/fs/cgroup")) -> list[int]:
    """Bytes up to the limit of a container or batch system; several limits may apply."""
    left = [sys.maxsize]
    for limit, usage in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        try:
            left.append(int((groups / limit).read_text()) - int((groups / usage).read_text()))
        except (OSError, ValueError):  # there is no such group, or "max": no limit
            continue
    return left


def _available_on_macos() -> int:
    pages = subprocess.run(["vm_stat"], capture_output=True, text=True, check=True, timeout=10).stdout
    counts = {
        name: int(count.strip(" .")) for name, _, count in (line.partition(":") for line in pages.splitlines()[1:])
    }
    free = sum(counts.get(f"Pages {kind}", 0) for kind in ("free", "inactive", "speculative", "purgeable"))
    return free * os.sysconf("SC_PAGE_SIZE")


def _available_on_windows() -> int:
    class Status(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ulong), ("load", ctypes.c_ulong)] + [
            (name, ctypes.c_ulonglong) for name in ("total", "free", "total_page", "free_page", "a", "b", "c")
        ]

    status = Status(length=ctypes.sizeof(Status))
    if not ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):  # type: ignore[attr-defined,unused-ignore]
        raise OSError("no memory status")
    return int(status.free)
