"""The student's batch in the joint stage: the teacher's skeletons in new views, seen by a detector."""

from __future__ import annotations

import torch
from torch import Tensor

from ..geometry import Lifted, View, draw_new_views, relative_rotation, rotate_to_view
from ..skeleton import bone_lengths
from ..skeleton_augmentation import augment_skeletons
from ..windows import DistillationWindows
from .lifted_contacts import contacts_of_lifted
from .observation import Observer


def show_from_new_views(
    view: View, lifted: Lifted, trust: Tensor, observer: Observer, mean_bone: float
) -> DistillationWindows:
    """The teacher's skeletons from new views, half of them augmented; differentiable with regard to the teacher.

    From the view in which a skeleton was lifted, the student would take over the teacher's errors, which depend on the
    view. All random numbers come from torch's global generator.

    Args:
        view: what the teacher lifted.
        lifted: the teacher's skeletons.
        trust: (B, T, 18) in these.
        observer: shows the skeletons to the student.
        mean_bone: of the body at rest, metres.
    """
    real_count = len(lifted.elevation) - len(lifted.elevation) // 2
    metres = mean_bone / bone_lengths(lifted.joints).detach().mean((1, 2))[:, None, None, None]
    # From the teacher's frame to its camera's: (B, T, 18, 3).
    from_camera = torch.stack([0 * view.size, 0 * view.size, 1 / view.size], -1)[:, None, None]
    contacts = _contacts(metres * (lifted.joints.detach() + from_camera), lifted.elevation)
    joints = torch.cat([lifted.joints[:real_count], augment_skeletons(lifted.joints[real_count:])])
    new_views = draw_new_views(lifted.elevation)
    generator = torch.Generator().manual_seed(int(torch.randint(2**62, ())))
    seen = observer.observe(metres * (rotate_to_view(new_views, joints) + from_camera), generator)
    return DistillationWindows(
        seen.features,
        seen.view,
        Lifted(seen.joints, new_views.elevation),
        real_count,
        contacts,
        seen.keypoints,
        seen.of_keypoints,
        torch.cat([trust[:real_count], torch.ones_like(trust[real_count:])]),
    )


def _contacts(joints: Tensor, elevation: Tensor) -> Tensor:
    """(B, T, 2) foot contacts of joints (B, T, 18, 3) in the frame of a camera with this elevation (B,), metres."""
    level = torch.zeros_like(elevation)
    upright = joints @ relative_rotation(elevation.detach(), level, level).transpose(1, 2)[:, None]
    contacts = [torch.from_numpy(contacts_of_lifted(window)) for window in upright.cpu().numpy()]
    return torch.stack(contacts).to(joints.device)
