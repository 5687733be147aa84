"""Configuration of the recipe `paper`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from posenet3d_blender.capture.student.network import StudentConfig

from ..config_checks import require_at_least, require_feedback, require_fitting_student
from ..training.schedule import Schedule
from .pose_prior import PriorConfig
from .student.losses import JointStudentWeights, StudentWeights
from .teacher.losses import JointTeacherWeights, TeacherWeights
from .teacher.network import TeacherConfig, require_liftable


@dataclass(frozen=True, kw_only=True)
class PaperRecipe:
    """All settings of a run; read from a TOML file as those in `trainer/recipes`."""

    RENAMED_KEYS: ClassVar[dict[str, str]] = {"joint_stage": "joint_student_stage"}

    data: list[str]
    """2D sequences, or motion capture that is projected to them; `.npz`."""
    run: str
    """Folder of the run."""
    seed: int = 0
    threads: int = 2
    start_from: str = ""
    """Folder of a checkpoint whose teacher and student are trained further; empty: from scratch."""
    cameras: int = 4
    """Fixed cameras around each clip of motion capture."""
    one_camera: list[str] = field(default_factory=list)
    """Names of files of motion capture whose clips are seen by one camera alone: what repeats itself is drawn less."""
    priors: PriorConfig = field(default_factory=PriorConfig)
    teacher: TeacherConfig = field(default_factory=TeacherConfig)
    student: StudentConfig = field(default_factory=StudentConfig)
    single_frame_student: bool = False
    """Leave the student's temporal layers untrained, for comparison."""
    teacher_weights: TeacherWeights = field(default_factory=TeacherWeights)
    """Of the stage `teacher`."""
    student_weights: StudentWeights = field(default_factory=StudentWeights)
    """Of the stages `frames`, `student` and `feedback`."""
    joint_teacher_weights: JointTeacherWeights = field(default_factory=JointTeacherWeights)
    """Of the stage `joint_teacher`."""
    joint_student_weights: JointStudentWeights = field(default_factory=JointStudentWeights)
    """Of the stages `joint_student`, `lifted_feedback` and `end_to_end`."""
    prior_stage: Schedule = field(default_factory=Schedule)
    teacher_stage: Schedule = field(default_factory=Schedule)
    frame_stage: Schedule = field(default_factory=Schedule)
    """The student from single frames: more different poses in the same time. `batch_size` counts frames."""
    student_stage: Schedule = field(default_factory=Schedule)
    feedback_stage: Schedule = field(default_factory=lambda: Schedule(steps=0))
    """Of the student's feedback on windows, with the rest of the student frozen; left out with `steps = 0`."""
    joint_teacher_stage: Schedule = field(default_factory=lambda: Schedule(steps=0))
    """Of the teacher, on its skeletons as the student's body takes them; left out with `steps = 0`."""
    joint_student_stage: Schedule = field(default_factory=lambda: Schedule(steps=0))
    """Of the student and its feedback, on what the improved teacher lifts; left out with `steps = 0`. The windows of
    both joint stages are mixed by the constants of `lifted_clips`."""
    lifted_feedback_stage: Schedule = field(default_factory=lambda: Schedule(steps=0))
    """Of the second feedback, with the teacher as its lifter and the rest frozen; left out with `steps = 0`."""
    end_to_end_stage: Schedule = field(default_factory=lambda: Schedule(steps=0))
    """Of the whole student, through both feedbacks, but for its lifter; left out with `steps = 0`."""

    def __post_init__(self) -> None:
        require_at_least(self, 1, "threads", "cameras")
        require_at_least(self, 0, "seed")
        require_fitting_student(self.student)
        require_feedback(self.student, self.feedback_stage.steps + self.end_to_end_stage.steps)
        if self.lifted_feedback_stage.steps or (self.student.lifter_width and self.end_to_end_stage.steps):
            require_liftable(self.student, self.teacher)
        require_at_least(self.prior_stage, 1, "steps", prefix="prior_stage.")
        # The teacher's loss compares the two halves of a batch; the student's needs a window that is not augmented.
        for name in ("teacher_stage", "frame_stage", "student_stage", "feedback_stage"):
            require_at_least(getattr(self, name), 2, "batch_size", prefix=f"{name}.")
