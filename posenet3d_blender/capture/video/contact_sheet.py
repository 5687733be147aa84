"""Contact sheet: one picture of a capture, to check many clips by eye at a glance.

Columns are moments of the motion; rows the footage, the footage with the skeleton drawn over it, and the skeleton from
the person's side. Below them is the confidence over time.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...arrays import Array
from ...atomic_write import writing
from ...errors import PoseNet3DError
from ...motion import Motion
from .footage import Footage, read_frames
from .preview import ProjectedMotion, Skeleton, draw_skeleton
from .timecode import timecode

MOMENTS: Final = 6
CELL: Final = 240
"""Longer side of a picture on the sheet, pixels."""
GAP: Final = 8
LINE: Final = 22
"""Height of a line of text, pixels."""
PLOT_HEIGHT: Final = 90
PAPER, INK, GRID = (250, 250, 250), (40, 40, 40), (205, 205, 205)
PLOT_COLOURS: Final = ((0, 110, 200), (220, 90, 0), (0, 140, 60), (160, 0, 140))
"""RGB of the confidence of one person after another."""
JPEG_QUALITY: Final = 85
SHORTEST_VIEW: Final = 2.0
"""Metres that the side view shows at least."""

Picture = NDArray[np.uint8]


def write_contact_sheet(path: Path, footage: Footage, motions: Sequence[Motion], title: str) -> None:
    """Write the sheet of some motions from one piece of footage as a JPEG.

    Raises:
        PoseNet3DError: the file can't be written.
    """
    import cv2

    sheet = draw_contact_sheet(footage, motions, title)
    done, content = cv2.imencode(".jpg", sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise PoseNet3DError(f"{path}: the contact sheet can't be encoded; leave it out")
    with writing(path) as partial:
        partial.write_bytes(content.tobytes())


def draw_contact_sheet(footage: Footage, motions: Sequence[Motion], title: str) -> Picture:
    """(H, W, 3) RGB of the sheet; where a picture of the footage can't be read, its place stays empty.

    Motions without a camera are shown from the side alone.
    """
    scale = CELL / max(footage.image_size)
    width, height = (max(1, round(side * scale)) for side in footage.image_size)
    tops = [LINE + GAP, LINE + 2 * GAP + height, LINE + 3 * GAP + 2 * height]
    plot_top = tops[2] + CELL + GAP + LINE
    column = max(width, CELL // 2)
    size = (plot_top + PLOT_HEIGHT + GAP, GAP + MOMENTS * (column + GAP), 3)
    sheet = np.full(size, PAPER, np.uint8)
    _write_text(sheet, title, (GAP, LINE - 6))
    with_camera = [motion for motion in motions if motion.camera]
    tracks = [ProjectedMotion(motion, np.array([width, height]) / footage.image_size) for motion in with_camera]
    for place, time in enumerate(moments(motions)):
        left = GAP + place * (column + GAP)
        picture = _picture_at(footage, time, (width, height))
        if picture is not None:
            skeletons = [skeleton for track in tracks if (skeleton := track.at(time)) is not None]
            overlay = picture
            for skeleton in skeletons:
                overlay = draw_skeleton(overlay, skeleton)
            sheet[tops[0] : tops[0] + height, left : left + width] = picture
            sheet[tops[1] : tops[1] + height, left : left + width] = overlay
        sheet[tops[2] : tops[2] + CELL, left : left + column] = _side_view(motions, time, (column, CELL))
        _write_text(sheet, timecode(time), (left, tops[2] + CELL + LINE - 4))
    _plot_confidence(sheet[plot_top : plot_top + PLOT_HEIGHT, GAP:-GAP], motions)
    return sheet


def moments(motions: Sequence[Motion]) -> Array:
    """(MOMENTS,) seconds, even over all motions, each in the middle of its part."""
    first = min(float(motion.time[0]) for motion in motions)
    last = max(float(motion.time[-1]) for motion in motions)
    return first + (last - first) * (np.arange(MOMENTS) + 0.5) / MOMENTS


def side_view(joints: Array) -> Array:
    """(24, 2) metres to the right and up, as seen from a person's left side, the pelvis at 0 to the right.

    Args:
        joints: (24, 3) metres in the world, Z up.
    """
    across = (joints[1] - joints[2])[:2]  # from the right hip to the left one
    length = float(np.hypot(*across))
    across = across / length if length > 1e-6 else np.array([1.0, 0.0])
    forwards = np.array([across[1], -across[0]])
    # Seen from the left, somebody who walks ahead goes to the left.
    return np.column_stack([-(joints[:, :2] - joints[0, :2]) @ forwards, joints[:, 2]])


def _picture_at(footage: Footage, time: float, size: tuple[int, int]) -> Picture | None:
    import cv2

    index = int(np.clip(np.searchsorted(footage.time, time), 0, footage.frame_count - 1))
    frame = next(read_frames(footage, slice(index, footage.frame_count)), None)
    if frame is None:
        return None
    return np.asarray(cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _side_view(motions: Sequence[Motion], time: float, size: tuple[int, int]) -> Picture:
    """Everyone who is captured at this time from their own side, on the floor, one beside the other."""
    width, height = size
    view = np.full((height, width, 3), 255, np.uint8)
    present = [motion for motion in motions if motion.time[0] <= time <= motion.time[-1]]
    if not present:
        return view
    tallest = max(float(np.ptp(motion.joints[:, :, 2], axis=1).max()) for motion in present)
    scale = 0.85 * height / max(SHORTEST_VIEW, tallest)
    floor = round(0.93 * height)
    view[floor:] = GRID
    for place, motion in enumerate(present):
        row = int(np.abs(motion.time - time).argmin())
        seen = side_view(motion.joints[row])
        x = width * (place + 0.5) / len(present) + scale * seen[:, 0]
        joints = np.column_stack([x, floor - scale * seen[:, 1]])
        view = draw_skeleton(view, Skeleton(joints, float(motion.confidence[row])), DARK)
    return view


DARK: Final = {"left": (0, 120, 210), "right": (225, 85, 0), "middle": (70, 70, 70)}
"""The skeleton's colours on paper."""


def _plot_confidence(area: Picture, motions: Sequence[Motion]) -> None:
    """Draw everyone's confidence, 0 to 1, over the time of all motions."""
    import cv2

    height, width = area.shape[:2]
    area[:] = 255
    for part in (0.0, 0.5, 1.0):
        area[round((1 - part) * (height - 1))] = GRID
    first = min(float(motion.time[0]) for motion in motions)
    span = max(max(float(motion.time[-1]) for motion in motions) - first, 1e-6)
    canvas = np.ascontiguousarray(area)
    for place, motion in enumerate(motions):
        x = (motion.time - first) / span * (width - 1)
        y = (1 - np.clip(motion.confidence, 0, 1)) * (height - 1)
        line = np.round(np.column_stack([x, y])).astype(np.int32)
        cv2.polylines(canvas, [line], False, PLOT_COLOURS[place % len(PLOT_COLOURS)], 1, cv2.LINE_AA)
    area[:] = canvas
    _write_text(area, "confidence", (4, 14))


def _write_text(picture: Picture, text: str, place: tuple[int, int]) -> None:
    import cv2

    canvas = np.ascontiguousarray(picture)
    ascii_text = text.encode("ascii", "replace").decode()
    cv2.putText(canvas, ascii_text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.45, INK, 1, cv2.LINE_AA)
    picture[:] = canvas
