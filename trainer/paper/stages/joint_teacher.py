"""Joint stage of the teacher: it learns from its own skeletons on the student's body."""

from __future__ import annotations

from torch import Tensor

from posenet3d_blender.body.model import Body
from posenet3d_blender.capture.student.features import STUDENT_POINT_COUNT
from posenet3d_blender.capture.student.lifter.skeleton import LIFTED_JOINTS, POINT_OF_LIFTED, bone_lengths, mean_bone
from posenet3d_blender.capture.student.network import StudentNetwork
from posenet3d_blender.capture.student.torch_body import forward_kinematics

from ...geometry.distances import smooth_distances
from ...training.checkpoint import Notes
from ...training.loop import set_trainable
from ...windows.windows import Windows
from ..geometry import View, elevation_of, root_centred
from ..teacher.losses import JointTeacherWeights, run_network
from ..teacher.network import TeacherNetwork
from ..windows import TeacherWindows
from .held_out_stage import PaperNetwork, PaperStage


class JointTeacherStage(PaperStage[TeacherWindows]):
    """The teacher lifts its own skeletons again, on a body with constant bones, from new views and with noise.

    Self-consistency, as the cycle of its first stage, but for poses that the data lacks, and with the skeleton as the
    student's body can take it. An error of one view meets the errors of others, as each skeleton is seen from all
    sides.
    """

    def __init__(
        self,
        teacher: TeacherNetwork,
        student: StudentNetwork,
        body: Body,
        weights: JointTeacherWeights,
        held_out: TeacherWindows,
        notes: Notes,
    ) -> None:
        """Unfreeze the teacher, freeze the student.

        Args:
            teacher: trained.
            student: trained; for the checkpoint.
            body: the shipped body.
            weights: of the loss terms.
            held_out: see `PaperStage`.
            notes: see `PaperStage`.
        """
        super().__init__(held_out, notes)
        self.teacher, self.student = teacher, student.requires_grad_(False)
        self._mean_bone, self._weights = mean_bone(body), weights
        set_trainable(teacher.parameters(), True)

    def forward(self, batch: TeacherWindows) -> dict[str, Tensor]:
        """Weighted distances of joints and of their changes from sample to sample, and errors of the elevation."""
        return self._terms(batch.exact, "exact") | self._terms(batch.detected, "detected")

    def _terms(self, windows: Windows, kind: str) -> dict[str, Tensor]:
        # The points of exact windows are not corrected.
        lifted = run_network(self.teacher, _view(windows), self.mixed_precision, is_exact=kind == "exact")
        true_joints, _ = forward_kinematics(windows.rotations, windows.bones[:, None])  # (B, T, 24, 3)
        joints, target = self._at_size(lifted.joints), self._at_size(true_joints[:, :, list(LIFTED_JOINTS)])
        elevation_error = lifted.elevation - elevation_of(windows.up)  # (B,)
        return {
            kind: self._weights.joints * smooth_distances(joints, target).mean(),
            f"{kind}_velocity": self._weights.velocity
            * smooth_distances(joints.diff(dim=1), target.diff(dim=1)).mean(),
            f"{kind}_elevation": self._weights.elevation * elevation_error.square().mean(),
        }

    def _at_size(self, joints: Tensor) -> Tensor:
        """Joints (B, T, 18, 3) from the middle of the hips, metres at the size of the body at rest."""
        return root_centred(joints) * (self._mean_bone / bone_lengths(joints).mean((1, 2)))[:, None, None, None]

    def networks(self) -> dict[str, PaperNetwork]:
        """Teacher and student."""
        return {"teacher": self.teacher, "student": self.student}


def _view(windows: Windows) -> View:
    """The lifted joints' points in the windows' virtual cameras."""
    points = windows.features[..., : 2 * STUDENT_POINT_COUNT].unflatten(-1, (STUDENT_POINT_COUNT, 2))
    return View(points[:, :, list(POINT_OF_LIFTED)], windows.features[:, 0, -1].exp())
