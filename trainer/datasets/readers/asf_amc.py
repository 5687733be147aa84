"""CMU's own motion capture: an Acclaim skeleton (`.asf`) for each subject, an Acclaim motion (`.amc`) for each take.

Layout: http://mocap.cs.cmu.edu, http://research.cs.wisc.edu/graphics/Courses/cs-838-1999/Jeff/ASF-AMC.html
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from scipy.spatial.transform import Rotation

from posenet3d_blender.arrays import Array
from posenet3d_blender.errors import PoseNet3DError

from ..missing_joints import collar
from ..take import Take, stacked_joints
from ..text_lines import read_text

CMU_RATE: Final = 120.0
"""Frames per second of nearly all takes; not in the files."""
INCH: Final = 0.0254
ROOT_CHANNELS: Final = ("TX", "TY", "TZ", "RX", "RY", "RZ")
ROTATION_CHANNELS: Final = ("rx", "ry", "rz")

_BONE_ENDS: Final = {
    "pelvis": "root",
    "left_hip": "lhipjoint",
    "right_hip": "rhipjoint",
    "spine1": "lowerback",
    "left_knee": "lfemur",
    "right_knee": "rfemur",
    "spine2": "upperback",
    "left_ankle": "ltibia",
    "right_ankle": "rtibia",
    "spine3": "thorax",
    "left_foot": "lfoot",
    "right_foot": "rfoot",
    "neck": "lowerneck",
    "head": "upperneck",
    "left_shoulder": "lclavicle",
    "right_shoulder": "rclavicle",
    "left_elbow": "lhumerus",
    "right_elbow": "rhumerus",
    "left_wrist": "lwrist",
    "right_wrist": "rwrist",
    "left_hand": "lfingers",
    "right_hand": "rfingers",
}
"""The bone at whose end each joint lies."""


@dataclass
class _Bone:
    direction: Array = field(default_factory=lambda: np.zeros(3))
    """Unit vector in the rest pose, world axes."""
    length: float = 0.0
    axis: Array = field(default_factory=lambda: np.zeros(3))
    """Degrees about x, then y, then z: the frame of the bone's rotation."""
    channels: tuple[str, ...] = ()


@dataclass
class _Skeleton:
    bones: dict[str, _Bone] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    """Parents come before their children."""
    metres: float = INCH
    """Per unit of length in the file."""


def read_asf_amc(path: Path, frame_rate: float = CMU_RATE) -> Take:
    """Read one take, and the subject's `.asf` beside it (`02.asf` for `02_05.amc`).

    Raises:
        PoseNet3DError: a file is missing, damaged or lacks a bone.
    """
    skeleton_path = _skeleton_of(path)
    skeleton = _read_skeleton(skeleton_path)
    ends = _bone_ends(path, skeleton, _read_channels(path))
    for bone in _BONE_ENDS.values():
        if bone not in ends:
            raise PoseNet3DError(f"{skeleton_path}: bone '{bone}' is missing; give a skeleton of CMU's")
    joints = {joint: ends[bone] for joint, bone in _BONE_ENDS.items()}
    for side in ("left", "right"):  # the clavicle's bone starts on the spine
        joints[f"{side}_collar"] = collar(joints["neck"], joints[f"{side}_shoulder"])
    return Take(stacked_joints(path, joints, "root"), frame_rate, f"cmu_{path.stem}", "CMU Graphics Lab, ASF/AMC")


def _skeleton_of(path: Path) -> Path:
    own = path.with_name(path.stem.split("_")[0] + ".asf")
    others = sorted(path.parent.glob("*.asf"))
    if own in others:
        return own
    # CMU numbers its subjects: another number is another person.
    if len(others) != 1 or (own.stem.isdigit() and others[0].stem.isdigit()):
        raise PoseNet3DError(f"{path}: its skeleton {own.name} is not beside it; put it there")
    return others[0]


def _positive(text: str) -> float:
    """The number that `text` holds; a ValueError if it is not finite and above 0."""
    value = float(text)
    if not 0 < value < math.inf:
        raise ValueError(text)
    return value


def _read_skeleton(path: Path) -> _Skeleton:
    skeleton, section, bone = _Skeleton(), "", _Bone()
    for number, line in enumerate(read_text(path, "a skeleton (.asf) of CMU's").splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        try:
            if words[0].startswith(":"):
                section = words[0]
            elif section == ":units" and words[0] == "length":
                skeleton.metres = INCH / _positive(words[1])
            elif section == ":units" and words[0] == "angle" and words[1] != "deg":
                raise PoseNet3DError(f"{path}: key 'angle' is '{words[1]}'; only degrees are read")
            elif section == ":root" and words[0] == "order" and tuple(words[1:]) != ROOT_CHANNELS:
                raise PoseNet3DError(f"{path}: key 'order' of the root is not {' '.join(ROOT_CHANNELS)}")
            elif section == ":bonedata":
                bone = _Bone() if words[0] == "begin" else bone
                _read_bone_line(skeleton, bone, words)
            elif section == ":hierarchy" and words[0] not in ("begin", "end"):
                skeleton.parents |= dict.fromkeys(words[1:], words[0])
        except (ValueError, IndexError) as error:
            raise PoseNet3DError(f"{path}: line {number} can't be understood: '{line.strip()[:40]}'") from error
    if not skeleton.bones or not skeleton.parents:
        raise PoseNet3DError(f"{path}: holds no ':bonedata' or no ':hierarchy'; give a skeleton (.asf) of CMU's")
    return skeleton


def _read_bone_line(skeleton: _Skeleton, bone: _Bone, words: list[str]) -> None:
    key, values = words[0], words[1:]
    if key == "name":
        skeleton.bones[values[0]] = bone
    elif key == "direction":
        bone.direction = _three(values)
    elif key == "length":
        bone.length = float(values[0])
    elif key == "axis":
        bone.axis = _three(values)
    elif key == "dof":
        bone.channels = tuple(values)


def _three(values: list[str]) -> Array:
    return np.array([float(values[0]), float(values[1]), float(values[2])])


def _read_channels(path: Path) -> dict[str, Array]:
    """(T, channels) by bone, as in the file: degrees; units of length for the root's first three."""
    rows: dict[str, list[list[float]]] = {}
    count = 0
    for number, line in enumerate(read_text(path, "a motion (.amc) of CMU's").splitlines(), 1):
        words = line.split()
        if not words or words[0][0] in "#:":
            continue
        if len(words) == 1 and words[0].isdigit():
            count += 1
            continue
        try:
            rows.setdefault(words[0], []).append([float(word) for word in words[1:]])
        except ValueError as error:
            raise PoseNet3DError(f"{path}: line {number} can't be understood: '{line.strip()[:40]}'") from error
    if not count or "root" not in rows:
        raise PoseNet3DError(f"{path}: holds no frames with a 'root'; give a motion (.amc) of CMU's")
    for bone, values in rows.items():
        if len(values) != count or len({len(row) for row in values}) != 1:
            raise PoseNet3DError(f"{path}: '{bone}' is not complete in each of the {count} frames; get the file again")
        for frame, row in enumerate(values):
            if not all(map(math.isfinite, row)):
                raise PoseNet3DError(f"{path}: '{bone}' is not a finite number in frame {frame + 1}")
    return {bone: np.array(values) for bone, values in rows.items()}


def _bone_ends(path: Path, skeleton: _Skeleton, channels: dict[str, Array]) -> dict[str, Array]:
    """(T, 3) metres, the end of each bone. A bone's rotation is given in its own frame: C M C^-1."""
    root = channels["root"]
    if root.shape[1] != len(ROOT_CHANNELS):
        raise PoseNet3DError(
            f"{path}: 'root' has {root.shape[1]} numbers, not {len(ROOT_CHANNELS)}; get the file again"
        )
    ends = {"root": root[:, :3] * skeleton.metres}
    rotations = {"root": Rotation.from_euler("xyz", root[:, 3:], degrees=True)}
    for name, parent in skeleton.parents.items():
        if name not in skeleton.bones or parent not in rotations:
            raise PoseNet3DError(f"{path}: its skeleton lists the bone '{name}' without describing it")
        bone = skeleton.bones[name]
        rotation = rotations[parent]
        if bone.channels and name in channels:
            frame = Rotation.from_euler("xyz", bone.axis, degrees=True)
            local = Rotation.from_euler("xyz", _angles(path, name, bone, channels[name]), degrees=True)
            rotation = rotation * frame * local * frame.inv()
        rotations[name] = rotation
        ends[name] = ends[parent] + rotation.apply(bone.direction * bone.length * skeleton.metres)
    return ends


def _angles(path: Path, name: str, bone: _Bone, values: Array) -> Array:
    """(T, 3) degrees about x, y, z; 0 about axes that the bone does not have."""
    if values.shape[1] != len(bone.channels) or not set(bone.channels) <= set(ROTATION_CHANNELS):
        raise PoseNet3DError(f"{path}: '{name}' has {values.shape[1]} numbers for {' '.join(bone.channels)}")
    angles = np.zeros((len(values), 3))
    angles[:, [ROTATION_CHANNELS.index(channel) for channel in bone.channels]] = values
    return angles
