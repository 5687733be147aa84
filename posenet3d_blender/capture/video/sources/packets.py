"""A video track's packets, looked through almost without decoding: timestamps, end, changes of the picture's size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from .container import choose_track, opened, packets_of
from .cut_off import lacks_its_end, promised_seconds
from .size_watch import SizeChange, SizeWatch

LONGEST_REORDERING: Final = 100
"""Frames; a larger step of the decoding times is a clock that was set anew."""


@dataclass(frozen=True)
class PacketTime:
    """When a packet's picture is shown and decoded, ticks; None where the file doesn't say."""

    pts: int | None
    dts: int | None


@dataclass
class Packets:
    """The whole track."""

    times: list[PacketTime] = field(default_factory=list)
    """In the order in which they are stored and decoded."""
    size_changes: list[SizeChange] = field(default_factory=list)
    is_cut_off: bool = False
    """The file was cut off."""
    promised: float | None = None
    """Seconds for which the file states to last."""


def read_packets(path: Path) -> Packets:
    """Look through the track that is captured."""
    found = Packets()
    with opened(path) as container:
        stream = choose_track(container, path)
        tick = float(stream.time_base or 1)
        watch = SizeWatch(stream)
        is_last_broken, last_end = False, 0.0
        for packet in packets_of(container, stream):
            if not packet.size:
                continue
            is_last_broken = packet.is_corrupt
            stamp = packet.pts if packet.pts is not None else packet.dts
            if stamp is not None:
                last_end = max(last_end, (stamp + (packet.duration or 0)) * tick)
            if not packet.is_discard:
                found.times.append(PacketTime(packet.pts, packet.dts))
            if packet.is_keyframe:
                found.size_changes.extend(watch.changes(packet, stamp))
        found.promised = promised_seconds(container, stream)
        found.is_cut_off = is_last_broken or lacks_its_end(container, stream, last_end, path)
    if is_last_broken and found.times:
        found.times.pop()
    return found


def display_order(times: Sequence[PacketTime]) -> list[int | None]:
    """The pictures' timestamps in the order in which they are shown; empty where the packets don't tell it.

    Where the clock is set anew, what comes after that in the file is shown after it.
    """
    if any(one.pts is None for one in times):
        return []
    if all(one.dts is None or one.dts == one.pts for one in times):
        return [one.pts for one in times]
    return [stamp for part in _parts(times) for stamp in sorted(part)]


def _parts(times: Sequence[PacketTime]) -> list[list[int]]:
    """The timestamps, split where the decoding times jump by more than reordering explains, or go back."""
    known = [one.dts for one in times if one.dts is not None]
    steps = sorted(later - earlier for earlier, later in zip(known, known[1:], strict=False) if later > earlier)
    longest = LONGEST_REORDERING * steps[len(steps) // 2] if steps else 0
    parts: list[list[int]] = [[]]
    last: int | None = None
    for one in times:
        if last is not None and one.dts is not None and not 0 <= one.dts - last <= longest:
            parts.append([])
        if one.pts is not None:
            parts[-1].append(one.pts)
        last = last if one.dts is None else one.dts
    return parts
