"""Stage of teacher and student together."""

from __future__ import annotations

from torch import Tensor

from ...training.checkpoint import Notes
from ..student.joint_batch import show_from_new_views
from ..student.observation import Observer
from ..windows import SequenceWindows
from .held_out_stage import PaperNetwork, PaperStage
from .student import StudentStage
from .teacher import TeacherStage


class JointStage(PaperStage[SequenceWindows]):
    """Teacher and student learn from each other, end to end, with the losses of both."""

    def __init__(
        self,
        teacher_stage: TeacherStage,
        student_stage: StudentStage,
        observer: Observer,
        held_out: SequenceWindows,
        notes: Notes,
    ) -> None:
        """Unfreeze the teacher.

        Args:
            teacher_stage: trained; its teacher is trained on.
            student_stage: trained.
            observer: shows the teacher's skeletons to the student.
            held_out: see `PaperStage`.
            notes: see `PaperStage`.
        """
        super().__init__(held_out, notes)
        self.teacher_stage, self.student_stage, self._observer = teacher_stage, student_stage, observer
        teacher_stage.train_teacher()

    def forward(self, batch: SequenceWindows) -> dict[str, Tensor]:
        """The teacher's terms and the student's, whose gradient reaches the teacher too."""
        terms, lifted = self.teacher_stage.terms_and_prediction(batch)
        trust = self.teacher_stage.trust(batch.view, lifted)
        mean_bone = self.student_stage.skeleton.mean_bone
        student_terms = self.student_stage(show_from_new_views(batch.view, lifted, trust, self._observer, mean_bone))
        return terms | {f"student_{name}": term for name, term in student_terms.items()}

    def networks(self) -> dict[str, PaperNetwork]:
        """Teacher and student."""
        return self.student_stage.networks()
