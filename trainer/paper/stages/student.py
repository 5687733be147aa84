"""Stage of the student, and of its feedback."""

from __future__ import annotations

from torch import Tensor

from posenet3d_blender.body.model import Body
from posenet3d_blender.capture.student.network import StudentNetwork

from ...training.checkpoint import Notes
from ...training.student_parts import predict
from ..pose_prior import Priors
from ..student.losses import StudentWeights, student_terms
from ..student.smpl_skeleton import SmplSkeleton
from ..teacher.network import TeacherNetwork
from ..windows import DistillationWindows
from .held_out_stage import PaperNetwork, PaperStage


class StudentStage(PaperStage[DistillationWindows]):
    """The student learns from the frozen teacher's skeletons and from its own projections."""

    smallest_batch = 2  # of one window none would be left unaugmented, which some losses need

    def __init__(
        self,
        student: StudentNetwork,
        teacher: TeacherNetwork,
        priors: Priors,
        body: Body,
        weights: StudentWeights,
        held_out: DistillationWindows,
        notes: Notes,
    ) -> None:
        """Freeze the teacher.

        Args:
            student: the network.
            teacher: trained; it is frozen.
            priors: of real poses.
            body: the shipped body.
            weights: of the loss terms.
            held_out: see `PaperStage`.
            notes: see `PaperStage`.
        """
        super().__init__(held_out, notes)
        self.weights = weights
        self.student = student
        self.skeleton = SmplSkeleton(body)
        self.priors = priors
        self.teacher = teacher.requires_grad_(False)

    def forward(self, batch: DistillationWindows) -> dict[str, Tensor]:
        """The terms of `student_terms`."""
        output = predict(self.student, batch.features, self.mixed_precision)
        return student_terms(output, self.skeleton, self.priors, batch, self.weights)

    def networks(self) -> dict[str, PaperNetwork]:
        """Teacher and student."""
        return {"teacher": self.teacher, "student": self.student}
