"""File name endings of what can be footage: videos, and pictures that form a sequence."""

from __future__ import annotations

from typing import Final

FOOTAGE_ENDINGS: Final = (
    *(".mp4", ".m4v", ".mov", ".qt", ".3gp", ".3g2", ".f4v"),
    *(".mkv", ".webm", ".ivf", ".ogv", ".ogm", ".nut"),
    *(".avi", ".divx", ".wmv", ".asf", ".flv", ".rm", ".rmvb"),
    *(".mpg", ".mpeg", ".mpe", ".m1v", ".m2v", ".vob", ".mod", ".tod"),
    *(".ts", ".mts", ".m2ts", ".m2t", ".mxf", ".gxf", ".dv", ".wtv"),
    *(".h264", ".264", ".avc", ".h265", ".265", ".hevc", ".obu", ".mjpg", ".mjpeg", ".y4m"),
    *(".gif", ".apng"),
)
"""Lower case. Any other file is tried too where it is named by itself; inside a folder these count as videos."""

PICTURE_ENDINGS: Final = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".jp2", ".tif", ".tiff", ".bmp", ".webp", ".tga", ".dpx"),
    *(".ppm", ".pgm", ".pnm"),
)
"""Lower case: pictures of which an image sequence can consist."""
