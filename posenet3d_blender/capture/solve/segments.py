"""Overlapping segments in which long clips are solved, so that memory stays bounded."""

from __future__ import annotations


def overlapping_segments(count: int, length: int, overlap: int) -> list[slice]:
    """Slices that cover `count` samples, at most `length + overlap` each; neighbours share `overlap` samples."""
    starts = range(0, max(1, count - overlap), length)
    return [slice(start, min(start + length + overlap, count)) for start in starts]
