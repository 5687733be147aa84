"""The parts of a student in training: the network before feedback, and its feedbacks."""

from __future__ import annotations

from torch import Tensor

from posenet3d_blender.capture.student.feedback import Feedback
from posenet3d_blender.capture.student.network import StudentNetwork, StudentOutput

from .loop import set_trainable
from .precision import mixed_precision


def train_first_pass(student: StudentNetwork) -> None:
    """Train the network before feedback, and freeze the feedbacks."""
    set_trainable(student.parameters(), True)
    for feedback in student.feedbacks():
        set_trainable(feedback.parameters(), False)


def train_all_but_lifter(student: StudentNetwork) -> None:
    """Train the whole student, apart from its lifter."""
    set_trainable(student.parameters(), True)
    _freeze_lifter(student)


def train_only_feedback(student: StudentNetwork, feedback: Feedback | None) -> None:
    """Train one of the student's feedbacks, apart from its lifter, and freeze the rest; all of it for None."""
    set_trainable(student.parameters(), False)
    if feedback is not None:
        set_trainable(feedback.parameters(), True)
    _freeze_lifter(student)


def _freeze_lifter(student: StudentNetwork) -> None:
    if student.lifter is not None:
        set_trainable(student.lifter.parameters(), False)


def predict(student: StudentNetwork, features: Tensor, mixed: bool) -> StudentOutput:
    """Prediction for features (B, T, 82), in float32; with feedback up to the last one that is trained.

    mixed: run the network in bfloat16; feedback, which measures residuals of millimetres, never is.
    """
    trained = [any(weight.requires_grad for weight in feedback.parameters()) for feedback in student.feedbacks()]
    count = max((place for place, is_trained in enumerate(trained, start=1) if is_trained), default=0)
    with mixed_precision(features.device, mixed and count == 0):
        output = student.with_feedback(features, count)
    return StudentOutput(*(tensor.float() for tensor in output))
