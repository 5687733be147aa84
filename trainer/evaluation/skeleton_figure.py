"""Figure of skeletons side by side: 2D input, teacher, student and ground truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from posenet3d_blender.arrays import Array
from posenet3d_blender.atomic_write import writing
from posenet3d_blender.body.skeleton import JOINT_COUNT, JOINT_INDEX, JOINT_NAMES, PARENTS

from .metrics import COMMON_JOINTS, align_to

LEFT_COLOUR: Final = "#1769c4"
_RIGHT_COLOUR: Final = "#e0531f"
_MIDDLE_COLOUR: Final = "#555555"
_BONES: Final = [(joint, PARENTS[joint]) for joint in range(1, JOINT_COUNT)]
_TORSO: Final = [
    (JOINT_INDEX[first], JOINT_INDEX[second])
    for first, second in (
        ("left_hip", "right_hip"),
        ("left_shoulder", "right_shoulder"),
        ("left_hip", "left_shoulder"),
        ("right_hip", "right_shoulder"),
    )
]
"""Drawn where the spine is unknown."""
_ABOVE, _BELOW, _BESIDE = 0.85, 1.0, 0.75
"""Extent of a 3D panel around the pelvis, metres."""
_DPI: Final = 110
_COLUMNS: Final = ("teacher", "student", "truth")


@dataclass(frozen=True)
class FigureRow:
    """One frame of one clip."""

    title: str
    points: Array
    """(24, 2) the input: x/z and y/z of each joint in the image; NaN where it is missing."""
    joints: Mapping[str, Array]
    """(24, 3) metres by "teacher", "student" and "truth", camera frame (x right, y down, z forward); NaN where a
    skeleton lacks the joint."""


def draw_side_by_side(rows: Sequence[FigureRow], out: Path) -> None:
    """Draw a row for each frame: the 2D input, then teacher, student and truth.

    Each skeleton is drawn twice: from the camera, and from the camera's right. All 3D panels are centred on the pelvis
    and have one scale. A skeleton that is in no row gets no column.

    Raises:
        PoseNet3DError: `out` can't be written.
    """
    names = [name for name in _COLUMNS if any(name in row.joints for row in rows)]
    columns = 1 + 2 * len(names)
    figure = Figure(figsize=(1.75 * columns, 2.4 * len(rows) + 0.6), layout="constrained")
    panels = figure.subplots(len(rows), columns, squeeze=False)
    for row_panels, row in zip(panels, rows, strict=True):
        _draw_input(row_panels[0], row)
        for index, name in enumerate(names):
            front, side = row_panels[1 + 2 * index : 3 + 2 * index]
            _draw_joints(front, side, row.joints.get(name), _title(name, row))
    figure.suptitle("left side blue, right side orange; each pair: from the camera, and from its right", fontsize=9)
    save_figure(figure, out)


def _title(name: str, row: FigureRow) -> str:
    joints, truth = row.joints.get(name), row.joints.get("truth")
    if name == "truth" or joints is None or truth is None:
        return name
    prediction, target = joints[None, COMMON_JOINTS], truth[None, COMMON_JOINTS]
    error = 1000 * np.linalg.norm(align_to(prediction, target) - target, axis=-1).mean()
    return f"{name}, PA-MPJPE {error:.0f} mm"


def _draw_input(axes: Axes, row: FigureRow) -> None:
    points = row.points
    known = points[np.isfinite(points).all(-1)]
    middle, half = (known.max(0) + known.min(0)) / 2, 0.55 * np.ptp(known, axis=0).max()
    _draw_skeleton(axes, points)
    beside = half * 2 * _BESIDE / (_ABOVE + _BELOW)
    _frame(axes, (middle[0] - beside, middle[0] + beside), (middle[1] - half, middle[1] + half))
    axes.set_title(f"{row.title}\n2D input", fontsize=8)


def _draw_joints(front: Axes, side: Axes, joints: Array | None, title: str) -> None:
    for axes, horizontal in ((front, 0), (side, 2)):
        _frame(axes, (-_BESIDE, _BESIDE), (-_ABOVE, _BELOW))
        if joints is not None:
            _draw_skeleton(axes, (joints - _pelvis(joints))[:, [horizontal, 1]])
    if joints is None:
        return
    front.set_title(title, fontsize=8, loc="left")


def _pelvis(joints: Array) -> Array:
    """(3,) the pelvis, or the middle of the hips where it is unknown."""
    hips = [JOINT_INDEX["left_hip"], JOINT_INDEX["right_hip"]]
    pelvis: Array = joints[0] if np.isfinite(joints[0]).all() else joints[hips].mean(0)
    return pelvis


def _draw_skeleton(axes: Axes, joints: Array) -> None:
    """Draw lines between the finite joints of (24, 2)."""
    known = np.isfinite(joints).all(-1)
    has_spine = known[[JOINT_INDEX["pelvis"], JOINT_INDEX["spine2"]]].all()
    for joint, other in _BONES if has_spine else _BONES + _TORSO:
        if known[joint] and known[other]:
            axes.plot(*joints[[joint, other]].T, color=_colour(joint, other), linewidth=2, solid_capstyle="round")
    colours = [_colour(joint, joint) for joint in np.flatnonzero(known)]
    across, down = joints[known].T
    axes.scatter(across, down, s=7, c=colours, zorder=3)


def _colour(joint: int, other: int) -> str:
    sides = {JOINT_NAMES[index].partition("_")[0] for index in (joint, other)}
    if {"left", "right"} <= sides:
        return _MIDDLE_COLOUR
    return LEFT_COLOUR if "left" in sides else _RIGHT_COLOUR if "right" in sides else _MIDDLE_COLOUR


def _frame(axes: Axes, across: tuple[float, float], down: tuple[float, float]) -> None:
    """Set the limits of the axes; y points down, as in the camera frame."""
    axes.set_xlim(*across)
    axes.set_ylim(down[1], down[0])
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color("#cccccc")


def save_figure(figure: Figure, out: Path) -> None:
    """Write a figure as PNG, atomically.

    Raises:
        PoseNet3DError: `out` can't be written.
    """
    with writing(out) as partial:
        figure.savefig(partial, dpi=_DPI)
