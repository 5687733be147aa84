"""One hand at an even rate: directions of its bones in the frame of the solve."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...arrays import Array, blocks
from ...body.fingers import SIDES
from ...body.rotations import rotation_onto_z, unit
from ...camera import Camera, CameraPath
from ..keypoints.keypoints import Keypoints
from ..keypoints.sampling import AveragingWindow, SampledKeypoints, focal_lengths_at
from .bones import BONE_COUNT, directions_of_points
from .choice import hand_confidence

NEAREST: Final = 0.2
"""Metres from the camera; nearer hands are taken for this far."""


@dataclass(frozen=True)
class SampledHand:
    """One hand over S even samples, in the frame of the solve."""

    directions: Array
    """(S, 22, 3) unit directions of the bones; meaningless where confidence is 0."""
    view: Array
    """(S, 3) unit direction in which the camera sees the hand: along it the points are least sure."""
    confidence: Array
    """(S,) from 0 (not seen) to 1."""
    own_side: Array
    """(S,) the predicted probability that the hand is of the side that the body says. A left hand has the
    outline of a right one whose depths are mirrored: where the network is mistaken, so are its depths."""

    def select(self, samples: slice | NDArray[np.bool_]) -> SampledHand:
        """Some of the samples: a range or a mask (S,)."""
        return SampledHand(*(getattr(self, one.name)[samples] for one in fields(self)))

    def seen_from(self, rotations: Array) -> SampledHand:
        """The same hand in axes that turn with each sample: columns of (S, 3, 3) in the present ones."""
        return replace(self, directions=self.directions @ rotations, view=(self.view[:, None] @ rotations)[:, 0])

    def mirrored(self) -> SampledHand:
        """The same outline with mirrored depths."""
        along = (self.directions * self.view[:, None]).sum(axis=-1, keepdims=True)
        return replace(self, directions=self.directions - 2 * along * self.view[:, None], own_side=1 - self.own_side)


def sample_hand(
    keypoints: Keypoints, side: int, sampled: SampledKeypoints, lens: float | Camera | CameraPath
) -> SampledHand:
    """The hand at the samples of the body: the frames around each one are averaged.

    Args:
        keypoints: with hands.
        side: 0 for the left one, 1 for the right one.
        sampled: the body's.
        lens: as of `sample_keypoints`.
    """
    hands = keypoints.hands
    if hands is None:
        raise ValueError("the keypoints have no hands")
    presence = hands.presence[:, side]
    found = np.flatnonzero(presence > 0)
    if not len(found):
        return _unseen(len(sampled.time))
    time = keypoints.time[found]
    centre = np.array(keypoints.image_size) / 2
    focal_lengths, confidence = focal_lengths_at(lens, time), hand_confidence(presence[found])
    of_frames, view = np.empty((len(found), BONE_COUNT, 3)), np.empty((len(found), 3))
    for some in blocks(len(found)):
        rays = (hands.points[found[some], side] - centre) / focal_lengths[some, None, None]  # (F, 21, 2)
        points, view[some] = points_in_camera(rays, hands.metric[found[some], side])
        of_frames[some] = directions_of_points(points)
    handedness = hands.handedness[found, side]
    own_side = handedness if SIDES[side] == "right" else 1 - handedness
    window = AveragingWindow.of(keypoints.time)
    hand = _unseen(len(sampled.time))
    for samples in blocks(len(sampled.time)):
        rows, nearness = window.frames(time, sampled.time[samples])  # (S, taps)
        weight = nearness * confidence[rows]
        hand.directions[samples] = unit(np.einsum("st,stba->sba", weight, of_frames[rows]))
        hand.view[samples] = unit(np.einsum("st,sta->sa", weight, view[rows]))
        total = weight.sum(axis=1)
        hand.confidence[samples] = total / np.maximum(nearness.sum(axis=1), 1e-9)
        hand.own_side[samples] = (weight * own_side[rows]).sum(axis=1) / np.maximum(total, 1e-9)
    return replace(
        hand,
        directions=_from_camera(hand.directions, sampled),
        view=_from_camera(hand.view[:, None], sampled)[:, 0],
    )


def points_in_camera(rays: Array, metric: Array) -> tuple[Array, Array]:
    """A hand's points in the camera's axes, by its points in the picture and the network's own in metres.

    The picture gives directions across the view; the depth along it, and with it the size, are the network's.

    Args:
        rays: (F, 21, 2) x/z and y/z in the camera frame.
        metric: (F, 21, 3) as `HandKeypoints.metric`.

    Returns:
        (F, 21, 3) metres from the middle of the hand, and (F, 3) the unit direction to that.
    """
    whole = np.concatenate([rays, np.ones((*rays.shape[:-1], 1))], axis=-1)
    view = whole.mean(axis=1)
    view /= np.linalg.norm(view, axis=-1, keepdims=True)
    # Columns: the axes of a camera turned the shortest way to look at the hand.
    axes = np.swapaxes(rotation_onto_z(view), 1, 2)  # (F, 3, 3)
    turned = whole @ axes
    across = turned[..., :2] / turned[..., 2:]
    spread = across - across.mean(axis=1, keepdims=True)
    in_metres = metric[..., :2] - metric[..., :2].mean(axis=1, keepdims=True)
    distance = (spread * in_metres).sum(axis=(1, 2)) / np.maximum((spread**2).sum(axis=(1, 2)), 1e-12)
    depth = np.maximum(distance, NEAREST)[:, None] + metric[..., 2]  # (F, 21)
    points = np.concatenate([across * depth[..., None], metric[..., 2:]], axis=-1)
    return points @ np.swapaxes(axes, 1, 2), view


def _from_camera(vectors: Array, sampled: SampledKeypoints) -> Array:
    """Vectors (S, N, 3) along each sample's camera's axes, along those of the solve."""
    return vectors if sampled.views is None else vectors @ sampled.views[:, :3, :3]


def _unseen(count: int) -> SampledHand:
    forward = np.array([0.0, 0.0, 1.0])
    directions, view = np.tile(forward, (count, BONE_COUNT, 1)), np.tile(forward, (count, 1))
    return SampledHand(directions, view, np.zeros(count), np.full(count, 0.5))
