"""The devices that networks can run on here; looked up in a thread, since that loads onnxruntime."""

from __future__ import annotations

from typing import Final

from ..progress import Progress
from .worker_thread import Job

_NUMBERS: Final = {"auto": 0, "cpu": 1, "cuda": 2, "directml": 3, "coreml": 4}
"""What a .blend file keeps of the choice; never to be renumbered."""
AUTOMATIC: Final = ("auto", "Automatic", "The fastest device that works", 0)

_look_ups: list[Job[list[tuple[str, str]]]] = []


def look_up() -> None:
    """Start looking, the first time that this is called."""
    if not _look_ups:
        _look_ups.append(Job(_available))


def device_items(_owner: object = None, _context: object = None) -> list[tuple[str, str, str, int]]:
    """Blender's enum items: automatic, and what is known to be there by now."""
    if _look_ups and not _look_ups[0].is_running and len(_items) == 1:
        _items.extend((key, name, f"Run on: {name}", _NUMBERS[key]) for key, name in _found())
    return _items


def _found() -> list[tuple[str, str]]:
    try:
        return [device for device in _look_ups[0].result() if device[0] in _NUMBERS]
    except ImportError:  # the capture itself will say so
        return []


def _available(progress: Progress) -> list[tuple[str, str]]:
    from ..capture.runtime.network import available_devices

    return available_devices()


# Blender needs the strings to be kept alive
_items: list[tuple[str, str, str, int]] = [AUTOMATIC]
