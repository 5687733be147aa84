"""Biovision motion capture (`.bvh`): the published conversions of CMU's data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from scipy.spatial.transform import Rotation

from posenet3d_blender.arrays import Array
from posenet3d_blender.errors import PoseNet3DError

from ..take import Take, on_floor, stacked_joints
from ..text_lines import read_text
from .bvh_editions import edition_of

WANTED = "a motion as .bvh"
CHANNELS: Final = frozenset(f"{axis}{kind}" for axis in "XYZ" for kind in ("position", "rotation"))


@dataclass
class BvhNode:
    """A joint of the file's hierarchy, or the end of a chain, named after its joint with `_end`."""

    name: str
    parent: int
    """Index among the nodes; -1: none."""
    offset: Array
    """(3,) from the parent at rest, in the file's unit."""
    channels: tuple[str, ...] = ()


def read_bvh(path: Path) -> Take:
    """Read one take; the edition is recognised by the joints' names.

    Raises:
        PoseNet3DError: the file is missing, damaged or of an unknown edition.
    """
    text = read_text(path, WANTED)
    header, found, motion = text.partition("MOTION")
    if not found or not header.split() or header.split()[0] != "HIERARCHY":
        raise PoseNet3DError(f"{path}: no HIERARCHY followed by MOTION; give {WANTED}")
    nodes = _read_hierarchy(path, header.split()[1:])
    values, frame_time = _read_motion(path, motion, sum(len(node.channels) for node in nodes))
    names = [node.name for node in nodes]
    edition = edition_of(path, names)
    offsets = np.array([node.offset for node in nodes])
    positions = _pose(nodes, edition.with_lost_bones(names, offsets), values) * edition.metres
    joints = edition.smpl_joints({name: positions[:, index] for index, name in enumerate(names)})
    stacked = stacked_joints(path, joints, "MOTION")
    stacked = stacked[1:]  # the first frame is a T-pose that the conversions added
    if not len(stacked):
        raise PoseNet3DError(f"{path}: holds no frame but the rest pose; give a longer take")
    return Take(
        on_floor(stacked), _frame_rate(frame_time), f"bvh_{path.stem}", f"CMU Graphics Lab, BVH ({edition.name})"
    )


def _read_hierarchy(path: Path, words: list[str]) -> list[BvhNode]:
    nodes: list[BvhNode] = []
    open_nodes: list[int] = []
    cursor = 0
    try:
        while cursor < len(words):
            word = words[cursor]
            if word in ("ROOT", "JOINT", "End"):
                parent = open_nodes[-1] if open_nodes else -1
                name = words[cursor + 1] if word != "End" else f"{nodes[parent].name}_end"
                nodes.append(BvhNode(name, parent, np.full(3, np.nan)))
                cursor += 2
            elif word == "{":
                open_nodes.append(len(nodes) - 1)
                cursor += 1
            elif word == "}":
                open_nodes.pop()
                cursor += 1
            elif word == "OFFSET":
                nodes[-1].offset = np.array([float(number) for number in words[cursor + 1 : cursor + 4]])
                cursor += 4
            elif word == "CHANNELS":
                count = int(words[cursor + 1])
                nodes[-1].channels = tuple(words[cursor + 2 : cursor + 2 + count])
                cursor += 2 + count
            else:
                raise ValueError(word)
    except (ValueError, IndexError) as error:
        raise PoseNet3DError(
            f"{path}: its HIERARCHY is damaged near '{' '.join(words[cursor : cursor + 3])}'"
        ) from error
    for node in nodes:
        if node.offset.shape != (3,) or not np.isfinite(node.offset).all():
            raise PoseNet3DError(f"{path}: joint '{node.name}' has no OFFSET of three numbers; get the file again")
        if len(set(node.channels)) < len(node.channels) or not set(node.channels) <= CHANNELS:
            raise PoseNet3DError(
                f"{path}: joint '{node.name}' has the CHANNELS {' '.join(node.channels)}; each must be one of "
                f"{', '.join(sorted(CHANNELS))}, once"
            )
    return nodes


def _read_motion(path: Path, text: str, channel_count: int) -> tuple[Array, float]:
    """(T, channels) as in the file, and seconds per frame."""
    lines = text.strip().splitlines()
    try:
        count = int(lines[0].strip().removeprefix("Frames:"))
        frame_time = float(lines[1].strip().removeprefix("Frame Time:"))
        values = np.array(" ".join(lines[2:]).split(), dtype=np.float64)
    except (ValueError, IndexError) as error:
        raise PoseNet3DError(f"{path}: its MOTION is damaged ({error}); get the file again") from error
    if not 0 < frame_time < math.inf:
        raise PoseNet3DError(f"{path}: 'Frame Time' is {frame_time:g}; it must be seconds above 0")
    if count < 1 or channel_count < 1 or values.size != count * channel_count:
        raise PoseNet3DError(
            f"{path}: 'Frames' says {count} of {channel_count} numbers, but {values.size} follow; get the file again"
        )
    if not np.isfinite(values).all():
        frame = int(np.flatnonzero(~np.isfinite(values))[0]) // channel_count
        raise PoseNet3DError(f"{path}: 'MOTION' holds a number that is not finite in frame {frame}; get the file again")
    return values.reshape(count, channel_count), frame_time


def _frame_rate(frame_time: float) -> float:
    """Frames per second; rounded to a whole number where the time's few digits (.0083333) allow it."""
    rate = 1 / frame_time
    return float(round(rate)) if abs(rate - round(rate)) < 2e-4 * rate else rate


def _pose(nodes: list[BvhNode], offsets: Array, values: Array) -> Array:
    """(T, nodes, 3) positions in the file's unit. Rotations apply in the order of their channels, about local axes."""
    positions = np.zeros((len(values), len(nodes), 3))
    rotations: list[Rotation] = []
    column = 0
    for index, node in enumerate(nodes):
        channels = values[:, column : column + len(node.channels)]
        column += len(node.channels)
        offset = np.repeat(offsets[index][None], len(values), axis=0)
        axes, angles = "", []
        for channel, track in zip(node.channels, channels.T, strict=True):
            if channel.endswith("position"):
                offset[:, "XYZ".index(channel[0])] = track
            else:
                axes += channel[0]
                angles.append(track)
        local = Rotation.from_euler(axes, np.stack(angles, axis=-1), degrees=True) if axes else Rotation.identity()
        if node.parent < 0:
            positions[:, index] = offset
            rotations.append(local)
        else:
            positions[:, index] = positions[:, node.parent] + rotations[node.parent].apply(offset)
            rotations.append(rotations[node.parent] * local)
    return positions
