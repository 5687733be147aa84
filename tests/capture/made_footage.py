"""Footage made of the bundled clip at half its size: the dancer, cut out, in the empty room or in other shots of it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.capture.video.footage import open_footage, read_frames

Picture = NDArray[np.uint8]

DANCER = slice(116, 275)
"""Columns of all places of the dancer and their shadow."""


def dance(clip: Path) -> list[Picture]:
    """All frames, 360 x 270."""
    pictures = [frame.image for frame in read_frames(open_footage(clip))]
    return [cv2.resize(picture, (360, 270), interpolation=cv2.INTER_AREA).astype(np.uint8) for picture in pictures]


def empty_room(pictures: list[Picture]) -> Picture:
    """The room without the dancer: each row goes on evenly behind them."""
    room = pictures[0].copy()
    part = np.linspace(0, 1, DANCER.stop - DANCER.start)[:, None]
    # The floor's boards would make stripes: their mean colour around the dancer is taken.
    left, right = (
        cv2.blur(room[:, columns], (1, 5)).mean(axis=1)[:, None] for columns in (slice(113, 116), slice(275, 285))
    )
    room[:, DANCER] = left * (1 - part) + right * part
    return room


def elsewhere(picture: Picture, room: Picture, shift: int, other_clothes: bool = False) -> Picture:
    """The dancer `shift` pixels to the right, perhaps out of the picture, or somebody in other clothes."""
    brightness = picture.astype(int).mean(axis=2)
    body = np.abs(picture.astype(int) - room).max(axis=2) > 24
    # Of what is in front of the floor, dark trousers and white shoes.
    body[150:] &= (brightness[150:] < 75) | (brightness[150:] > 200)
    body[:, : DANCER.start - 10] = body[:, DANCER.stop :] = False
    source = picture[..., ::-1] if other_clothes else picture
    matrix = np.array([[1, 0, shift], [0, 1, 0]], np.float64)
    size = room.shape[1::-1]
    moved = cv2.warpAffine(source, matrix, size)
    mask = cv2.warpAffine(body.astype(np.uint8), matrix, size) > 0
    return np.where(mask[..., None], moved, room).astype(np.uint8)


def closer(picture: Picture, factor: float = 1.6) -> Picture:
    """The same in a closer shot, the dancer in its middle."""
    height, width = picture.shape[:2]
    part_height, part_width = round(height / factor), round(width / factor)
    left = min(max(0, 185 - part_width // 2), width - part_width)
    top = min(max(0, 150 - part_height // 2), height - part_height)
    part = picture[top : top + part_height, left : left + part_width]
    return cv2.resize(part, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.uint8)
