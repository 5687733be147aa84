"""What the trainer's own files have alike: several pieces, one after another, in one `.npz`.

Keys: arrays with a row for each sample; `offsets`, the first row of each piece with the final end; `names`, one for
each piece; `fps`, samples a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.errors import PoseNet3DError
from posenet3d_blender.npz import read_npz


def read_takes(path: Path, wanted: str, row_shapes: Mapping[str, tuple[int, ...]]) -> dict[str, NDArray]:
    """The arrays of such a file, checked.

    Args:
        path: the `.npz`.
        wanted: what should have been given, for the message.
        row_shapes: the arrays with a row for each sample, and the shape of a row.

    Returns:
        The arrays of `row_shapes`, float32; `offsets` int32; `names`; `fps`, one number.

    Raises:
        PoseNet3DError: the file is missing or unreadable, or a key is missing, has a wrong shape or is not finite.
    """
    keys = (*row_shapes, "offsets", "names", "fps")
    data = read_npz(path, wanted, keys)
    for key in keys:
        if key not in data:
            raise PoseNet3DError(f"{path}: key '{key}' is missing; give {wanted}")
        if data[key].dtype.kind not in ("US" if key == "names" else "fiu"):
            raise PoseNet3DError(f"{path}: key '{key}' holds {data[key].dtype}; give {wanted}")
    count = max(len(data[key]) if data[key].ndim else 0 for key in row_shapes)
    for key, row_shape in row_shapes.items():
        if data[key].shape != (count, *row_shape):
            expected = ", ".join(map(str, ("N", *row_shape)))
            raise PoseNet3DError(
                f"{path}: key '{key}' has the shape {data[key].shape}, not ({expected}); give {wanted}"
            )
        if not np.isfinite(data[key]).all():
            raise PoseNet3DError(f"{path}: key '{key}' holds values that are not finite numbers; give {wanted}")
    _check_offsets(path, data["offsets"], count)
    if data["names"].shape != (len(data["offsets"]) - 1,):
        raise PoseNet3DError(f"{path}: key 'names' must hold a name for each of the {len(data['offsets']) - 1} pieces")
    if data["fps"].size != 1 or not np.isfinite(data["fps"]).all() or data["fps"] <= 0:
        raise PoseNet3DError(f"{path}: key 'fps' must be one positive number")
    rows = {key: data[key].astype(np.float32) for key in row_shapes}
    return rows | {"offsets": data["offsets"].astype(np.int32), "names": data["names"], "fps": data["fps"].reshape(())}


def _check_offsets(path: Path, offsets: NDArray, count: int) -> None:
    if offsets.ndim != 1 or len(offsets) < 2 or offsets.dtype.kind == "f":
        raise PoseNet3DError(f"{path}: key 'offsets' must hold the pieces' starts and the final end")
    if offsets[0] != 0 or offsets[-1] != count or (np.diff(offsets.astype(np.int64)) <= 0).any():
        raise PoseNet3DError(f"{path}: key 'offsets' must rise from 0 to the number of samples, {count}")
