"""Synthetic half of a batch in the joint stage: augmented teacher skeletons in new views, seen by a detector."""

from __future__ import annotations

import torch
from torch import Tensor

from ..geometry import Lifted, View, draw_new_views, rotate_to_view
from ..skeleton import bone_lengths
from ..skeleton_augmentation import augment_skeletons
from ..windows import DistillationWindows, PaperWindows
from .observation import Observation, Observer


def synthesise_half(
    windows: PaperWindows, prediction: Lifted, trust: Tensor, observer: Observer, mean_bone: float
) -> DistillationWindows:
    """Replace the second half of a batch by synthetic windows; their skeletons take the teacher's prediction's place.

    All random numbers come from torch's global generator.

    Args:
        windows: real ones.
        prediction: the teacher's for `windows`.
        trust: (B, T, 18) in the teacher's prediction.
        observer: shows the skeletons to the student.
        mean_bone: of the body at rest, metres.
    """
    real_count = len(prediction.elevation) - len(prediction.elevation) // 2
    new_views = draw_new_views(prediction.elevation[real_count:])
    rotated = rotate_to_view(new_views, augment_skeletons(prediction.joints[real_count:]))
    seen = _observed(rotated, windows.view.size[real_count:], observer, mean_bone)

    def joined(real: Tensor, replacement: Tensor) -> Tensor:
        return torch.cat([real[:real_count], replacement])

    view = View(joined(windows.view.points, seen.view.points), joined(windows.view.size, seen.view.size))
    features = joined(windows.features, seen.features)
    lifted = Lifted(joined(prediction.joints, seen.joints), joined(prediction.elevation, new_views.elevation))
    # The keypoints of real windows are not known.
    unknown = seen.keypoints.new_zeros(real_count, *seen.keypoints.shape[1:])
    return DistillationWindows(
        PaperWindows(view, features, windows.contacts),
        lifted,
        real_count,
        torch.cat([unknown, seen.keypoints]),
        torch.cat([seen.of_keypoints.new_zeros(real_count), seen.of_keypoints]),
        joined(trust, torch.ones_like(trust[real_count:])),
    )


def _observed(rotated: Tensor, size: Tensor, observer: Observer, mean_bone: float) -> Observation:
    """Observe skeletons (B, T, 18, 3) from as far as people of angular size (B,) are."""
    metres = mean_bone / bone_lengths(rotated).detach().mean((1, 2))  # (B,)
    camera = torch.stack([0 * size, 0 * size, 1 / size], -1)[:, None, None]
    generator = torch.Generator().manual_seed(int(torch.randint(2**62, ())))
    return observer.observe(metres[:, None, None, None] * (rotated + camera), generator)
