"""Items of the Device menu; devices are queried in a thread, because that loads onnxruntime."""

from __future__ import annotations

from typing import Final

from ..progress import Progress
from .worker_thread import WorkerThread

_ENUM_NUMBERS: Final = {"auto": 0, "cpu": 1, "cuda": 2, "directml": 3, "coreml": 4}
"""Stored in .blend files; never renumber them."""
AUTOMATIC: Final = ("auto", "Automatic", "A GPU that works, or else the CPU", 0)

_queries: list[WorkerThread[list[tuple[str, str]]]] = []
"""None or one."""


def query_devices() -> None:
    """Start the query, on the first call."""
    if not _queries:
        _queries.append(WorkerThread(_query))


def device_items(_owner: object = None, _context: object = None) -> list[tuple[str, str, str, int]]:
    """Blender's enum items: automatic, and the devices that the query has found, once it is finished."""
    if _queries and not _queries[0].is_running and len(_items) == 1:
        _items.extend((key, name, f"Run on: {name}", _ENUM_NUMBERS[key]) for key, name in _available_devices())
    return _items


def _available_devices() -> list[tuple[str, str]]:
    try:
        return [device for device in _queries[0].result() if device[0] in _ENUM_NUMBERS]
    except ImportError:  # reported by the capture itself
        return []


def _query(progress: Progress) -> list[tuple[str, str]]:
    from ..capture.runtime.network import available_devices

    return available_devices()


# Blender keeps no reference to the strings, so this list must.
_items: list[tuple[str, str, str, int]] = [AUTOMATIC]
