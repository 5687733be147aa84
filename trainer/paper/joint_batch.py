"""Windows that nobody filmed, for the student: the teacher's skeletons remixed, and seen from anywhere."""

from __future__ import annotations

import torch
from torch import Tensor

from posenet3d_blender.capture.student.features import LARGEST_POINT

from .distillation_sampler import LIFTED_OF_POINT
from .geometry import View, project
from .sequence_sampler import PaperWindows
from .skeleton_augmentation import augment_skeletons
from .teacher.losses import Lifted, draw_new_views, rotate_to_view


def synthesise_half(windows: PaperWindows, prediction: Lifted) -> tuple[PaperWindows, Lifted, int]:
    """Put made-up windows and their truth in the place of a batch's second half; returns how many are filmed ones."""
    real_count = len(prediction.elevation) - len(prediction.elevation) // 2
    there = draw_new_views(prediction.elevation[real_count:])
    turned = rotate_to_view(there, augment_skeletons(prediction.joints[real_count:]))
    size = windows.view.size[real_count:]
    seen = project(turned, size)
    joints = turned * (size / seen.size)[:, None, None, None]

    def joined(first: Tensor, second: Tensor) -> Tensor:
        return torch.cat([first[:real_count], second])

    view = View(joined(windows.view.points, seen.points), joined(windows.view.size, seen.size))
    features = joined(windows.features, student_features(seen).detach())
    made_up = Lifted(joined(prediction.joints, joints), joined(prediction.elevation, there.elevation))
    return PaperWindows(view, features, windows.contacts), made_up, real_count


def student_features(view: View) -> Tensor:
    """(B, T, 82) what `student_input.normalise_windows` makes of the same windows, exactly seen."""
    given = torch.tensor([lifted >= 0 for lifted in LIFTED_OF_POINT], device=view.points.device).to(view.points)
    points = view.points[:, :, list(LIFTED_OF_POINT)].clamp(-LARGEST_POINT, LARGEST_POINT) * given[:, None]
    count, window = points.shape[:2]
    size = view.size.log()[:, None, None].expand(count, window, 1)
    return torch.cat([points.flatten(2), given.expand(count, window, -1), size], -1)
