"""Joint stage of the student: it learns from what the improved teacher lifts, with its feedback."""

from __future__ import annotations

from torch import Tensor

from posenet3d_blender.body.model import Body
from posenet3d_blender.capture.student.network import StudentNetwork
from posenet3d_blender.capture.student.torch_body import BodyBones

from ...training.checkpoint import Notes
from ...training.student_parts import predict
from ...windows.losses import supervised_losses
from ...windows.windows import Windows
from ..student.losses import JointStudentWeights
from ..teacher.network import TeacherNetwork
from .held_out_stage import PaperNetwork, PaperStage


class JointStudentStage(PaperStage[Windows]):
    """The student against the teacher's skeletons on the SMPL body, whose rotations teach it directly."""

    def __init__(
        self,
        student: StudentNetwork,
        teacher: TeacherNetwork,
        body: Body,
        weights: JointStudentWeights,
        held_out: Windows,
        notes: Notes,
    ) -> None:
        """Freeze the teacher.

        Args:
            student: trained; its feedback, where it has one, is trained with the rest.
            teacher: trained; for the checkpoint.
            body: the shipped body.
            weights: of the loss terms.
            held_out: see `PaperStage`.
            notes: see `PaperStage`.
        """
        super().__init__(held_out, notes)
        self.student, self.teacher = student, teacher.requires_grad_(False)
        self.body_bones, self.weights = BodyBones(body), weights

    def forward(self, batch: Windows) -> dict[str, Tensor]:
        """The terms of `supervised_losses`."""
        output = predict(self.student, batch.features, self.mixed_precision)
        return supervised_losses(output, batch, self.body_bones, self.weights)

    def networks(self) -> dict[str, PaperNetwork]:
        """Teacher and student."""
        return {"teacher": self.teacher, "student": self.student}
