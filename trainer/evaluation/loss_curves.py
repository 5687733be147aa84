"""Figure of a run's loss curves."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final, TypeAlias

from google.protobuf.message import DecodeError
from matplotlib.figure import Figure
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from posenet3d_blender.errors import PoseNet3DError, one_line

from .skeleton_figure import LEFT_COLOUR, save_figure

Curves: TypeAlias = dict[str, tuple[list[int], list[float]]]
"""Steps and values by name."""

_NO_LOSSES: Final = ("learning_rate", "windows_per_second", "gpu_memory_gib")
_COLUMNS: Final = 4


def draw_loss_curves(run_folder: Path, out: Path) -> None:
    """Draw every scalar of a run's TensorBoard logs, in a block for each stage.

    Raises:
        PoseNet3DError: the folder holds no log, it is damaged, or `out` can't be written.
    """
    logs = {folder: _read_log(folder) for folder in _log_folders(run_folder)}
    stages = {folder: curves for folder, curves in logs.items() if curves}
    if not stages:
        raise PoseNet3DError(f"{run_folder}: no readable TensorBoard log in it; give the folder of a training run")
    rows = [-(-len(curves) // _COLUMNS) for curves in stages.values()]
    figure = Figure(figsize=(3.2 * _COLUMNS, sum(2.1 * count + 0.5 for count in rows)), layout="constrained")
    blocks = figure.subfigures(len(stages), 1, squeeze=False, height_ratios=rows)[:, 0]
    for block, (folder, curves), count in zip(blocks, stages.items(), rows, strict=True):
        block.suptitle(folder.parent.name, fontsize=12, fontweight="bold")
        panels = block.subplots(count, _COLUMNS, squeeze=False, sharex=True).flatten()
        for panel, (name, (steps, values)) in zip(panels, curves.items(), strict=False):
            panel.plot(steps, values, color=LEFT_COLOUR, linewidth=1.2)
            panel.set_title(name.replace("_", " "), fontsize=9)
            panel.tick_params(labelsize=7, labelbottom=True)
            panel.grid(alpha=0.3)
        for panel in panels[len(curves) :]:
            panel.set_axis_off()
        for panel in panels[-_COLUMNS:]:
            panel.set_xlabel("step", fontsize=8)
    save_figure(figure, out)


def _log_folders(run_folder: Path) -> list[Path]:
    """Folders with logs in the order in which they were begun, by their files' names."""
    files = sorted(run_folder.rglob("events.out.tfevents.*"), key=lambda path: path.name)
    return list(dict.fromkeys(path.parent for path in files))


def _read_log(folder: Path) -> Curves:
    """The total, its terms, then the other scalars."""
    # It logs every file that it opens.
    logging.getLogger("tensorboard").setLevel(logging.WARNING)
    log = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    try:
        log.Reload()
    except (OSError, ValueError, DecodeError) as error:
        raise PoseNet3DError(
            f"{folder}: the TensorBoard log can't be read ({one_line(str(error))}); move it away or restore it"
        ) from error
    names = sorted(log.Tags()["scalars"], key=lambda name: (name in _NO_LOSSES, name != "total", name))
    curves = {name: log.Scalars(name) for name in names}
    return {name: ([event.step for event in curve], [event.value for event in curve]) for name, curve in curves.items()}
