"""Tracking: poses of several people in each frame, joined into a track for each person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

import numpy as np

from posenet3d_blender.capture.keypoints.detector_files import Pose

Track: TypeAlias = list[tuple[int, Pose]]
"""Frames of one person, ascending, with the pose in each."""

LARGEST_MOVE: Final = 0.5
"""Largest mean movement of a person's points between two poses, as a share of the person's extent."""


def join_tracks(poses: Mapping[int, list[Pose]], longest_gap: int) -> list[Track]:
    """Join poses into tracks, the nearest pairs first.

    Args:
        poses: all poses by frame number; frames may be missing.
        longest_gap: frames without a pose after which a track ends.
    """
    finished: list[Track] = []
    current: list[Track] = []
    for frame in sorted(poses):
        finished += [track for track in current if frame - track[-1][0] > longest_gap]
        current = [track for track in current if frame - track[-1][0] <= longest_gap]
        people = [pose for pose in poses[frame] if (pose[:, 2] > 0).any()]
        pairs = sorted(
            (distance, person, index)
            for person, pose in enumerate(people)
            for index, track in enumerate(current)
            if (distance := _distance(track[-1][1], pose)) < LARGEST_MOVE
        )
        taken_people: set[int] = set()
        taken_tracks: set[int] = set()
        for _, person, index in pairs:
            if person not in taken_people and index not in taken_tracks:
                current[index].append((frame, people[person]))
                taken_people.add(person)
                taken_tracks.add(index)
        current += [[(frame, pose)] for person, pose in enumerate(people) if person not in taken_people]
    return finished + current


def _distance(pose: Pose, other: Pose) -> float:
    """Mean distance of the points in both poses, as a share of the larger extent; infinity without such points."""
    both = (pose[:, 2] > 0) & (other[:, 2] > 0)
    if not both.any():
        return np.inf
    extent = max(_extent(pose), _extent(other), 1e-9)
    return float(np.linalg.norm(pose[both, :2] - other[both, :2], axis=1).mean()) / extent


def _extent(pose: Pose) -> float:
    """Longer side of the bounding box of a pose's points, pixels."""
    return float(np.ptp(pose[pose[:, 2] > 0, :2], axis=0).max())
