"""Footage as seen by a virtual camera in the place of the real one, which turns, zooms or is framed otherwise.

A camera that stays in its place sees nothing new: its pictures are the real ones, projected anew.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np

from posenet3d_blender.arrays import Array
from posenet3d_blender.capture.video.footage import Footage, read_frames

CLOCK: Final = 90_000


def film(footage: Footage, focal_length: float, turns: Array, zooms: Array, size: tuple[int, int], path: Path) -> float:
    """Write the virtual camera's footage; its field of view at a zoom of 1, degrees along the longer side.

    Args:
        footage: of the real camera.
        focal_length: pixels, of the real camera.
        turns: (F, 3, 3) from the real camera's frame to the virtual one's, for each picture.
        zooms: (F,) focal length of the virtual camera over the real one's.
        size: width and height of the virtual camera's picture, even pixels.
        path: of the video.
    """
    width, height = size
    back = np.linalg.inv(_lens(focal_length, footage.image_size))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=footage.standard_rate, options={"crf": "18", "preset": "fast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, CLOCK)
        for frame, turn, zoom in zip(read_frames(footage), turns, zooms, strict=True):
            seen = _lens(zoom * focal_length, size) @ turn @ back
            image = cv2.warpPerspective(frame.image, seen, size, flags=cv2.INTER_CUBIC)
            picture = av.VideoFrame.from_ndarray(np.asarray(image, dtype=np.uint8), format="rgb24")
            picture.pts, picture.time_base = round(frame.time * CLOCK), Fraction(1, CLOCK)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return float(np.degrees(2 * np.arctan(max(size) / 2 / focal_length)))


def _lens(focal_length: float, size: tuple[int, int]) -> Array:
    return np.array([[focal_length, 0, size[0] / 2], [0, focal_length, size[1] / 2], [0, 0, 1]])
