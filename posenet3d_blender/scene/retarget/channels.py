"""Channels of the keyed bones, found by evaluating the rig: constraints, drivers and follow settings are all obeyed.

The transform of a bone is that of all above it times its own channels. The former is read from the evaluated rig, the
channels that are missing follow, and the rig is evaluated again, until every keyed bone is where it should be. Each
frame starts from the rig evaluated at the frame before: plain rigs need one pass, rigs with controls a few.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import bpy
import numpy as np
from mathutils import Matrix

from ...arrays import Array
from ...retargeting.controls import WantedTransform
from ..incremental import Steps
from ..keys import bone_path, played_curves
from .same_bones import without_scale

_MOST_PASSES: Final = 10
_DEGREES: Final = 0.02
_LENGTHS: Final = 1e-5
"""Of the whole armature's size."""
_SMALLEST_SCALE: Final = 1e-6
"""A bone of scale 0, which hides what hangs on it, has no axes to be turned."""
_STEP_SECONDS: Final = 0.2
"""Of work between two yields."""


@dataclass(frozen=True)
class Channels:
    """Channels of one keyed bone at T frames."""

    bone: str
    rotations: Array | None
    """(T, 3, 3); None: not keyed."""
    locations: Array | None
    """(T, 3); None: not keyed."""


class _Evaluator:
    """Poses an armature and reads back its bones; the pose is restored by `restore`."""

    def __init__(self, target: bpy.types.Object, keyed: Sequence[str], neutral: Sequence[str], scales: Array) -> None:
        self._target = target
        self._bones = target.pose.bones
        self._original = self._basis()
        self._flat = np.empty(16 * len(self._bones), dtype=np.float32)
        self._indices = [self._bones.find(name) for name in keyed]
        self._base = self._original.copy()
        at_rest = [*self._indices, *(self._bones.find(name) for name in neutral)]
        self._base[at_rest] = np.eye(4)
        self._base[np.ix_(self._indices, range(3), range(3))] *= scales[:, None]

    def evaluate(self, basis: Array) -> Array:
        """(B, 4, 4) transforms of all bones in the armature's space, the keyed ones having (K, 4, 4) as channels."""
        pose = self._base.copy()
        pose[self._indices] = np.swapaxes(basis, -1, -2)
        self._apply(pose)
        depsgraph = bpy.context.evaluated_depsgraph_get()
        self._target.evaluated_get(depsgraph).pose.bones.foreach_get("matrix", self._flat)
        return np.swapaxes(self._flat.reshape(-1, 4, 4), -1, -2).astype(np.float64)

    def restore(self, keyed_at_rest: bool) -> None:
        """Put the pose back; `keyed_at_rest`: with the keyed and neutral bones at rest, but for the posed scales."""
        self._apply(self._base if keyed_at_rest else self._original)

    def _basis(self) -> Array:
        flat = np.empty(16 * len(self._bones), dtype=np.float32)
        self._bones.foreach_get("matrix_basis", flat)
        return flat.reshape(-1, 4, 4).astype(np.float64)

    def _apply(self, pose: Array) -> None:
        if self._target.override_library:  # Blender ignores foreach_set of matrices on overrides, without a word
            for bone, matrix in zip(self._bones, np.swapaxes(pose, -1, -2), strict=True):
                bone.matrix_basis = Matrix(matrix)
        else:
            self._bones.foreach_set("matrix_basis", pose.astype(np.float32).ravel())
        self._target.update_tag()
        bpy.context.view_layer.update()


def posed_scales(target: bpy.types.Object, names: Sequence[str]) -> Array:
    """(B, 3) scales that the user has posed these bones with, such as a big head's; 1 where an action animates them."""
    animation = target.animation_data
    strips = [strip for track in animation.nla_tracks for strip in track.strips] if animation else []
    players = [*([animation] if animation else []), *strips]
    animated = {curve.data_path for player in players for curve in played_curves(player)}
    scales = np.ones((len(names), 3))
    for row, name in enumerate(names):
        scale = np.array(target.pose.bones[name].scale)
        if bone_path(name, "scale") not in animated and np.abs(scale).min() > _SMALLEST_SCALE:
            scales[row] = scale
    return scales


def solve_channels_in_steps(
    target: bpy.types.Object, wanted: Sequence[WantedTransform], neutral: Sequence[str], scales: Array
) -> Steps[list[Channels]]:
    """Find the channels of the keyed bones, which end at rest; the context's view layer must hold the target.

    The target must have no action and no NLA in effect. Yields the part of the frames that is done.

    Args:
        target: the character's armature.
        wanted: transforms of the keyed bones.
        neutral: further bones that are at rest meanwhile.
        scales: (K, 3) of the keyed bones, which they keep; see `posed_scales`.
    """
    names = [each.bone for each in wanted]
    evaluator = _Evaluator(target, names, neutral, scales)
    order = sorted(range(len(names)), key=lambda key: len(target.data.bones[names[key]].parent_recursive))
    step = _Step(target, wanted, order, scales)
    frame_count = next(len(each.rotations if each.rotations is not None else each.positions) for each in wanted)  # type: ignore[arg-type]
    basis = np.tile(np.eye(4), (frame_count, len(names), 1, 1))
    basis[:, :, :3, :3] *= scales[:, None]
    is_done = False
    try:
        posed, pose = evaluator.evaluate(basis[0]), basis[0]
        began = time.perf_counter()
        for frame in range(frame_count):
            for _ in range(_MOST_PASSES):
                pose = step.improve(posed, pose, frame)
                posed = evaluator.evaluate(pose)
                if step.is_reached(posed, frame):
                    break
            basis[frame] = pose
            if time.perf_counter() - began > _STEP_SECONDS:
                yield (frame + 1) / frame_count
                began = time.perf_counter()
        is_done = True
    finally:
        evaluator.restore(keyed_at_rest=is_done)
    return [
        Channels(
            each.bone,
            basis[:, key, :3, :3] / scales[key] if each.rotations is not None else None,
            basis[:, key, :3, 3] if each.positions is not None else None,
        )
        for key, each in enumerate(wanted)
    ]


class _Step:
    """One improvement of the channels of a frame."""

    def __init__(
        self, target: bpy.types.Object, wanted: Sequence[WantedTransform], order: Sequence[int], scales: Array
    ) -> None:
        bones = target.data.bones
        self._scales = scales
        self._wanted = wanted
        self._order = order
        self._pose_indices = [target.pose.bones.find(each.bone) for each in wanted]
        key_of = {each.bone: key for key, each in enumerate(wanted)}
        self._above = [
            next((key_of[parent.name] for parent in bones[each.bone].parent_recursive if parent.name in key_of), None)
            for each in wanted
        ]
        self._free = {
            key: bones[each.bone]
            for key, each in enumerate(wanted)
            if each.positions is not None and not bones[each.bone].use_local_location
        }
        self._parent_indices = {
            key: target.pose.bones.find(bone.parent.name) for key, bone in self._free.items() if bone.parent
        }
        extent = np.ptp([bone.head_local for bone in bones], axis=0)
        self._limit = _LENGTHS * float(np.linalg.norm(extent))

    def is_reached(self, posed: Array, frame: int) -> bool:
        """True if all keyed bones are where they should be."""
        for key, each in enumerate(self._wanted):
            matrix = posed[self._pose_indices[key]]
            if each.positions is not None and np.linalg.norm(matrix[:3, 3] - each.positions[frame]) > self._limit:
                return False
            if each.rotations is not None:
                axes = matrix[:3, :3] / np.maximum(np.linalg.norm(matrix[:3, :3], axis=0), 1e-12)
                # for small angles the Frobenius distance of two rotations is the angle times the root of 2
                if np.linalg.norm(axes - each.rotations[frame]) > np.radians(_DEGREES) * np.sqrt(2):
                    return False
        return True

    def improve(self, posed: Array, basis: Array, frame: int) -> Array:
        """(K, 4, 4) better channels, from the evaluated bones and the channels that they were evaluated with."""
        better = basis.copy()
        expected: dict[int, Array] = {}
        for key in self._order:
            each, above = self._wanted[key], self._above[key]
            present = posed[self._pose_indices[key]]
            carrier = present @ np.linalg.inv(basis[key])
            if above is not None:
                moved = expected[above] @ np.linalg.inv(posed[self._pose_indices[above]])
                carrier = moved @ carrier
            own = np.eye(4)
            if each.rotations is not None:
                own[:3, :3] = without_scale(carrier[:3, :3]).T @ each.rotations[frame]
            own[:3, :3] *= self._scales[key]
            if each.positions is not None:
                own[:3, 3] = self._location(key, carrier, own, posed, frame)
            better[key] = own
            expected[key] = carrier @ own
        return better

    def _location(self, key: int, carrier: Array, own: Array, posed: Array, frame: int) -> Array:
        positions = self._wanted[key].positions
        assert positions is not None
        if key not in self._free:
            location: Array = (np.linalg.inv(carrier) @ np.append(positions[frame], 1.0))[:3]
            return location
        bone = self._free[key]
        matrix = carrier @ own
        matrix[:3, 3] = positions[frame]
        parent = {}
        if key in self._parent_indices:
            parent = {
                "parent_matrix": Matrix(posed[self._parent_indices[key]]),
                "parent_matrix_local": bone.parent.matrix_local,
            }
        local = bone.convert_local_to_pose(Matrix(matrix), bone.matrix_local, invert=True, **parent)
        return np.array(local.translation)
