"""Text of motion-capture files."""

from __future__ import annotations

from pathlib import Path

from posenet3d_blender.errors import PoseNet3DError


def read_text(path: Path, wanted: str) -> str:
    """Read a file; bytes that are not UTF-8 (in comments) are replaced.

    Args:
        path: the file.
        wanted: kind of file expected, for the message.

    Raises:
        PoseNet3DError: the file is missing or can't be read.
    """
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        raise PoseNet3DError(f"{path}: no such file; give {wanted}") from None
    except OSError as error:
        raise PoseNet3DError(f"{path}: can't be read ({error.strerror or error}); give {wanted}") from error
