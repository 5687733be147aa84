"""Configuration of the recipe `supervised`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Final

from posenet3d_blender.capture.student.network import StudentConfig

from ..config_checks import OutOfRangeError, require_at_least, require_feedback, require_fitting_student
from ..synthesis.augmentation import NoiseRanges
from ..synthesis.cameras import ViewRanges
from ..synthesis.partial_views import PartialViews
from ..training.schedule import Schedule
from ..windows.losses import SupervisedWeights
from ..windows.sampler import Mixture
from ..windows.tumbling import Tumbles

_MOVED_KEYS: Final = ("steps", "learning_rate", "weight_decay", "save_every", "mixed_precision")
"""Former keys of the recipe itself that are now in the table `windows`."""


@dataclass(frozen=True, kw_only=True)
class SupervisedRecipe:
    """All settings of a run; read from a TOML file as those in `trainer/recipes`."""

    RENAMED_KEYS: ClassVar[dict[str, str]] = {key: f"windows.{key}" for key in _MOVED_KEYS} | {
        old: f"windows.{new}" for old, new in Schedule.RENAMED_KEYS.items()
    }

    data: list[str]
    """Motion capture, `.npz`."""
    run: str
    """Folder of the run."""
    data_weights: list[float] = field(default_factory=list)
    """Frequency of a frame of each file; none: all alike."""
    held_out: list[str] = field(default_factory=list)
    """Subjects that are left out, to compare runs on; named as by `data.subjects.subject_of`."""
    start_from: str = ""
    """Folder of a checkpoint whose student is trained further; empty: from scratch."""
    frames: Schedule = field(default_factory=lambda: Schedule(steps=0))
    """Of single frames, before the windows; `batch_size` counts frames."""
    windows: Schedule = field(default_factory=Schedule)
    """Of windows of a second."""
    feedback: Schedule = field(default_factory=lambda: Schedule(steps=0))
    """Of the student's feedback on windows, at last, with the rest of the student frozen."""
    feedback_point_offset: float = 0.02
    """`mixture.point_offset` while the feedback learns: on people, misses are often the keypoints' fault."""
    seed: int = 0
    threads: int = 2
    student: StudentConfig = field(default_factory=StudentConfig)
    weights: SupervisedWeights = field(default_factory=SupervisedWeights)
    mixture: Mixture = field(default_factory=Mixture)
    views: ViewRanges = field(default_factory=ViewRanges)
    noise: NoiseRanges = field(default_factory=NoiseRanges)
    partial: PartialViews = field(default_factory=PartialViews)
    tumbles: Tumbles = field(default_factory=Tumbles)

    def __post_init__(self) -> None:
        require_at_least(self, 1, "threads")
        require_at_least(self, 0, "seed", "feedback_point_offset")
        require_fitting_student(self.student)
        require_at_least(self, 0, "data_weights")
        require_feedback(self.student, self.feedback.steps)
        if self.data_weights and len(self.data_weights) != len(self.data):
            raise OutOfRangeError("data_weights", f"a list of {len(self.data)} numbers, one a file", self.data_weights)
