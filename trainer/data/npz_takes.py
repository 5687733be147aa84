"""Common format of the trainer's own files: several takes, one after another, in one `.npz`.

Keys: arrays with a row per sample; `offsets`, the first row of each take, then the total; `names`, one per take;
`fps`, samples per second.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.errors import PoseNet3DError
from posenet3d_blender.npz import read_npz

Self = TypeVar("Self", bound="NpzTakes")


class NpzTakes:
    """Base of dataclasses that hold several takes, one after another."""

    ROWS: ClassVar[tuple[str, ...]]
    """Fields with a row per sample."""

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]
    offsets: NDArray[np.int32]
    """(S + 1,) first row of each take, then the total."""
    names: tuple[str, ...]

    def ranges(self) -> list[tuple[int, int]]:
        """First and past-the-end row of each take."""
        return [(int(start), int(end)) for start, end in zip(self.offsets[:-1], self.offsets[1:], strict=True)]

    def rows_of(self, chosen: Sequence[int]) -> NDArray[np.int64]:
        """(M,) rows of some takes (at least one, by index), one take after another."""
        ranges = self.ranges()
        return np.concatenate([np.arange(*ranges[index]) for index in chosen])

    def select(self: Self, chosen: Sequence[int]) -> Self:
        """Some of the takes (at least one), by index."""
        rows = self.rows_of(chosen)
        return dataclasses.replace(
            self,
            offsets=np.cumsum([0, *np.diff(self.offsets)[list(chosen)]]).astype(np.int32),
            names=tuple(self.names[index] for index in chosen),
            **{name: getattr(self, name)[rows] for name in self.ROWS},
        )


def refuse_short(path: Path, takes: NpzTakes, window: int) -> None:
    """Check that at least one take is as long as a window.

    Raises:
        PoseNet3DError: all are shorter.
    """
    longest = max(end - start for start, end in takes.ranges())
    if longest < window:
        raise PoseNet3DError(
            f"{path}: key 'offsets': the longest clip has {longest} samples, fewer than the window of {window}; "
            "give longer clips"
        )


def read_takes(path: Path, wanted: str, row_shapes: Mapping[str, tuple[int, ...]]) -> dict[str, NDArray[Any]]:
    """Read and check the arrays of a file.

    Args:
        path: the `.npz`.
        wanted: kind of file expected, for the message.
        row_shapes: keys of the arrays with a row per sample, and the shape of a row.

    Returns:
        the arrays of `row_shapes`, float32; `offsets`, int32; `names`; `fps`, one number.

    Raises:
        PoseNet3DError: the file is missing or unreadable, or a key is missing, of a wrong shape or not finite.
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
        raise PoseNet3DError(f"{path}: key 'names' must hold a name for each of the {len(data['offsets']) - 1} takes")
    if data["fps"].size != 1 or not np.isfinite(data["fps"]).all() or data["fps"] <= 0:
        raise PoseNet3DError(f"{path}: key 'fps' must be one positive number")
    rows = {key: data[key].astype(np.float32) for key in row_shapes}
    return rows | {"offsets": data["offsets"].astype(np.int32), "names": data["names"], "fps": data["fps"].reshape(())}


def _check_offsets(path: Path, offsets: NDArray[Any], count: int) -> None:
    if offsets.ndim != 1 or len(offsets) < 2 or offsets.dtype.kind == "f":
        raise PoseNet3DError(f"{path}: key 'offsets' must hold the first row of each take, then the total")
    if offsets[0] != 0 or offsets[-1] != count or (np.diff(offsets.astype(np.int64)) <= 0).any():
        raise PoseNet3DError(f"{path}: key 'offsets' must rise from 0 to the number of samples, {count}")
