"""Synthetic half of a batch in the joint stage: augmented teacher skeletons in new views."""

from __future__ import annotations

import torch
from torch import Tensor

from posenet3d_blender.capture.student.features import LARGEST_POINT

from ..geometry import Lifted, View, draw_new_views, project, rotate_to_view
from ..skeleton import LIFTED_OF_POINT
from ..skeleton_augmentation import augment_skeletons
from ..windows import DistillationWindows, PaperWindows


def synthesise_half(windows: PaperWindows, prediction: Lifted) -> DistillationWindows:
    """Replace the second half of a batch by synthetic windows; their skeletons take the teacher's prediction's place.

    prediction: the teacher's for `windows`.
    """
    real_count = len(prediction.elevation) - len(prediction.elevation) // 2
    new_views = draw_new_views(prediction.elevation[real_count:])
    rotated = rotate_to_view(new_views, augment_skeletons(prediction.joints[real_count:]))
    size = windows.view.size[real_count:]
    synthetic = project(rotated, size)
    joints = rotated * (size / synthetic.size)[:, None, None, None]

    def joined(real: Tensor, replacement: Tensor) -> Tensor:
        return torch.cat([real[:real_count], replacement])

    view = View(joined(windows.view.points, synthetic.points), joined(windows.view.size, synthetic.size))
    features = joined(windows.features, student_features(synthetic).detach())
    lifted = Lifted(joined(prediction.joints, joints), joined(prediction.elevation, new_views.elevation))
    return DistillationWindows(PaperWindows(view, features, windows.contacts), lifted, real_count)


def student_features(view: View) -> Tensor:
    """(B, T, 82) features as `normalise_windows` makes them, of exact points with confidence 1."""
    known = torch.tensor([lifted >= 0 for lifted in LIFTED_OF_POINT], device=view.points.device)
    confidence = known.to(view.points)  # (27,)
    points = view.points[:, :, list(LIFTED_OF_POINT)].clamp(-LARGEST_POINT, LARGEST_POINT) * confidence[:, None]
    count, window = points.shape[:2]
    size = view.size.log()[:, None, None].expand(count, window, 1)
    return torch.cat([points.flatten(2), confidence.expand(count, window, -1), size], -1)
