"""Configuration of the recipe `supervised`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from posenet3d_blender.capture.student.network import StudentConfig

from ..synthesis.augmentation import NoiseRanges
from ..synthesis.cameras import ViewRanges
from ..synthesis.partial_views import PartialViews
from ..training.loop import Schedule
from .losses import SupervisedWeights
from .sampler import Mixture
from .tumbling import Tumbles

_SCHEDULE_KEYS = ("steps", "learning_rate", "weight_decay", "save_every", "mixed_precision")


@dataclass(frozen=True, kw_only=True)
class SupervisedRecipe:
    """All settings of a run; read from a TOML file in `trainer/recipes`."""

    RENAMED_KEYS: ClassVar[dict[str, str]] = {key: f"windows.{key}" for key in _SCHEDULE_KEYS} | {
        old: f"windows.{new}" for old, new in Schedule.RENAMED_KEYS.items()
    }

    data: list[str]
    """Motion capture, `.npz`."""
    run: str
    data_weights: list[float] = field(default_factory=list)
    """How often a frame of each file is drawn; none: all alike."""
    held_out: list[str] = field(default_factory=list)
    """Subjects that are left out, to choose by; as `fit_rotations.subject_of` names them."""
    start_from: str = ""
    """A checkpoint's folder whose student is trained on; empty: from scratch."""
    frames: Schedule = field(default_factory=lambda: Schedule(steps=0))
    """Of single frames, before the windows; `batch_size` counts frames."""
    windows: Schedule = field(default_factory=Schedule)
    """Of windows of a second."""
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
        if self.data_weights and len(self.data_weights) != len(self.data):
            raise ValueError(f"data_weights has {len(self.data_weights)} numbers for {len(self.data)} files of data")
