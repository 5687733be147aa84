"""Pictures for people: loss curves of a run, and input, teacher, student and truth side by side."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from google.protobuf.message import DecodeError
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from posenet3d_blender.atomic_write import writing
from posenet3d_blender.body.skeleton import JOINT_COUNT, JOINT_INDEX, JOINT_NAMES, PARENTS
from posenet3d_blender.errors import PoseNet3DError, one_line

from .metrics import COMMON_JOINTS, align_to

Array = NDArray[np.float64]

_LEFT, _RIGHT, _MIDDLE = "#1769c4", "#e0531f", "#555555"
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
"""Drawn where no spine is known."""
_ABOVE, _BELOW, _BESIDE = 0.85, 1.0, 0.75
"""Metres that a 3D panel shows around the pelvis."""
_NO_LOSSES: Final = ("learning_rate", "windows_per_second", "gpu_memory_gib")
_DPI: Final = 110
_CURVE_COLUMNS: Final = 4


@dataclass(frozen=True)
class Moment:
    """One frame of one clip. Joints are (24, 3) metres in the camera frame (x right, y down, z forward)."""

    title: str
    points: Array
    """(24, 2) the input: x/z and y/z of each joint in the picture; NaN where it is not given."""
    teacher: Array | None = None
    """NaN where the teacher has no such joint."""
    student: Array | None = None
    truth: Array | None = None


def side_by_side(moments: Sequence[Moment], out: Path) -> None:
    """Draw a row for each moment: the 2D input, then teacher, student and truth.

    Each stands twice: as the camera sees it, and from the camera's right. Everything in 3D is centred on the
    pelvis and drawn at one scale. What no moment has gets no column.

    Raises:
        PoseNet3DError: `out` can't be written.
    """
    shown = [
        who for who in ("teacher", "student", "truth") if any(getattr(moment, who) is not None for moment in moments)
    ]
    columns = 1 + 2 * len(shown)
    figure = Figure(figsize=(1.75 * columns, 2.4 * len(moments) + 0.6), layout="constrained")
    panels = figure.subplots(len(moments), columns, squeeze=False)
    for row, moment in zip(panels, moments, strict=True):
        _draw_input(row[0], moment)
        for index, who in enumerate(shown):
            front, side = row[1 + 2 * index : 3 + 2 * index]
            _draw_joints(front, side, getattr(moment, who), _title(who, moment))
    figure.suptitle(
        "left side blue, right side orange; each pair: as the camera sees it, and from its right", fontsize=9
    )
    _save(figure, out)


def loss_curves(run_folder: Path, out: Path) -> None:
    """Draw every loss term that a run's TensorBoard logs hold, a block for each stage.

    Raises:
        PoseNet3DError: there is no log in the folder, it is damaged, or `out` can't be written.
    """
    logs = {folder: _read_log(folder) for folder in _log_folders(run_folder)}
    stages = {folder: curves for folder, curves in logs.items() if curves}
    if not stages:
        raise PoseNet3DError(
            f"{run_folder}: no TensorBoard log in it that can be read; give the folder of a training run"
        )
    rows = [-(-len(curves) // _CURVE_COLUMNS) for curves in stages.values()]
    figure = Figure(figsize=(3.2 * _CURVE_COLUMNS, sum(2.1 * count + 0.5 for count in rows)), layout="constrained")
    blocks = figure.subfigures(len(stages), 1, squeeze=False, height_ratios=rows)[:, 0]
    for block, (folder, curves), count in zip(blocks, stages.items(), rows, strict=True):
        block.suptitle(folder.parent.name, fontsize=12, fontweight="bold")
        panels = block.subplots(count, _CURVE_COLUMNS, squeeze=False, sharex=True).flatten()
        for panel, (name, (steps, values)) in zip(panels, curves.items(), strict=False):
            panel.plot(steps, values, color=_LEFT, linewidth=1.2)
            panel.set_title(name.replace("_", " "), fontsize=9)
            panel.tick_params(labelsize=7, labelbottom=True)
            panel.grid(alpha=0.3)
        for panel in panels[len(curves) :]:
            panel.set_axis_off()
        for panel in panels[-_CURVE_COLUMNS:]:
            panel.set_xlabel("step", fontsize=8)
    _save(figure, out)


def _log_folders(run_folder: Path) -> list[Path]:
    """In the order in which they were begun, which the files' names tell."""
    files = sorted(run_folder.rglob("events.out.tfevents.*"), key=lambda path: path.name)
    return list(dict.fromkeys(path.parent for path in files))


def _read_log(folder: Path) -> dict[str, tuple[list[int], list[float]]]:
    """Steps and values by name: the total, its terms, the rest."""
    # It tells of every file that it opens.
    logging.getLogger("tensorboard").setLevel(logging.WARNING)
    log = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    try:
        log.Reload()
    except (OSError, ValueError, DecodeError) as error:
        raise PoseNet3DError(
            f"{folder}: the TensorBoard log can't be read ({one_line(str(error))}); move it away or bring it back"
        ) from error
    names = sorted(log.Tags()["scalars"], key=lambda name: (name in _NO_LOSSES, name != "total", name))
    curves = {name: log.Scalars(name) for name in names}
    return {name: ([event.step for event in curve], [event.value for event in curve]) for name, curve in curves.items()}


def _title(who: str, moment: Moment) -> str:
    joints = getattr(moment, who)
    if who == "truth" or joints is None or moment.truth is None:
        return who
    predicted, true = joints[None, COMMON_JOINTS], moment.truth[None, COMMON_JOINTS]
    miss = 1000 * np.linalg.norm(align_to(predicted, true) - true, axis=-1).mean()
    return f"{who}, PA-MPJPE {miss:.0f} mm"


def _draw_input(axes: Axes, moment: Moment) -> None:
    points = moment.points
    known = points[np.isfinite(points).all(-1)]
    middle, half = (known.max(0) + known.min(0)) / 2, 0.55 * np.ptp(known, axis=0).max()
    _draw_skeleton(axes, points)
    beside = half * 2 * _BESIDE / (_ABOVE + _BELOW)
    _frame(axes, (middle[0] - beside, middle[0] + beside), (middle[1] - half, middle[1] + half))
    axes.set_title(f"{moment.title}\n2D input", fontsize=8)


def _draw_joints(front: Axes, side: Axes, joints: Array | None, title: str) -> None:
    for axes, horizontal in ((front, 0), (side, 2)):
        _frame(axes, (-_BESIDE, _BESIDE), (-_ABOVE, _BELOW))
        if joints is not None:
            _draw_skeleton(axes, (joints - _pelvis(joints))[:, [horizontal, 1]])
    if joints is None:
        return
    front.set_title(title, fontsize=8, loc="left")


def _pelvis(joints: Array) -> Array:
    if np.isfinite(joints[0]).all():
        return joints[0]
    return joints[[JOINT_INDEX["left_hip"], JOINT_INDEX["right_hip"]]].mean(0)


def _draw_skeleton(axes: Axes, joints: Array) -> None:
    """Lines between those of the joints (24, 2) that are finite."""
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
        return _MIDDLE
    return _LEFT if "left" in sides else _RIGHT if "right" in sides else _MIDDLE


def _frame(axes: Axes, across: tuple[float, float], down: tuple[float, float]) -> None:
    """Limits in units of the drawing; y points down, as in the camera frame."""
    axes.set_xlim(*across)
    axes.set_ylim(down[1], down[0])
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color("#cccccc")


def _save(figure: Figure, out: Path) -> None:
    with writing(out) as partial:
        figure.savefig(partial, dpi=_DPI)
