"""The two parts of a student in training: the network before feedback, and the feedback."""

from __future__ import annotations

from torch import Tensor

from posenet3d_blender.capture.student.network import StudentNetwork, StudentOutput

from .loop import set_trainable
from .precision import mixed_precision


def train_only_feedback(student: StudentNetwork, only: bool) -> None:
    """Train the feedback and freeze the rest, or the other way round."""
    set_trainable(student.parameters(), not only)
    set_trainable(student.feedback_parameters(), only)


def predict(student: StudentNetwork, features: Tensor, mixed: bool) -> StudentOutput:
    """Prediction for features (B, T, 82), in float32; with feedback where that is trained.

    mixed: run the network in bfloat16; feedback, which measures residuals of millimetres, never is.
    """
    with_feedback = any(parameter.requires_grad for parameter in student.feedback_parameters())
    with mixed_precision(features.device, mixed and not with_feedback):
        output = student(features) if with_feedback else student.without_feedback(features)
    return StudentOutput(*(tensor.float() for tensor in output))
