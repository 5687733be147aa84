"""Lift one person's 2D joints to their body in the camera frame: sampling, student, solver."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..arrays import Array
from ..body.model import Body, load_body
from ..body.shape import bone_lengths, match_shape
from ..progress import Progress
from .keypoints.keypoints import Keypoints
from .keypoints.presence import VISIBLE_CERTAINTY, body_confidence, certainty
from .keypoints.sampling import SampledKeypoints, sample_keypoints
from .solve.posed_body import PosedBody
from .solve.solver import solve
from .solve.terms import SolveWeights
from .student.features import STUDENT_RATE
from .student.predict import Student


@dataclass(frozen=True)
class LiftedPerson:
    """One person over S even samples, camera frame."""

    keypoints: Keypoints
    """The 2D joints from which the body was solved."""
    sampled: SampledKeypoints
    certainty: Array
    """(S,) mean confidence of the points that the detector gives, 0 to 1: whether the person is there at all."""
    confidence: Array
    """(S,) from 0 (interpolated) to 1: how much of the whole body is visible."""
    contacts: Array
    """(S, 2) probability that the left and the right foot rest."""
    up: Array
    """(3,) unit vector against gravity."""
    body: PosedBody

    def certain_contacts(self) -> Array:
        """(S, 2) contacts of the samples in which the person is visible, 0 in others."""
        return self.contacts * (self.certainty >= VISIBLE_CERTAINTY)[:, None]


def lift(
    keypoints: Keypoints,
    student: Student,
    own_body: Body | None,
    focal_length: float,
    weights: SolveWeights,
    progress: Progress,
) -> LiftedPerson:
    """Lift one person.

    The student predicts the shipped body's shape; a user's own body gets the shape with the nearest bone lengths.

    Args:
        keypoints: repaired, from the first to the last frame in which the person is visible.
        student: the network.
        own_body: the user's; None: the shipped one.
        focal_length: pixels.
        weights: of the solver's terms.
        progress: told of the stages "student" and "solve".
    """
    sampled = sample_keypoints(keypoints, STUDENT_RATE, focal_length)
    prediction = student.predict(sampled, progress)
    body = load_body()
    if own_body is not None:
        lengths = bone_lengths(body.rest_joints(prediction.betas))
        prediction = replace(prediction, betas=match_shape(lengths, own_body))
        body = own_body
    solved = solve(body, sampled, prediction, weights, progress)
    return LiftedPerson(
        keypoints,
        sampled,
        certainty(sampled.confidence),
        body_confidence(sampled.confidence),
        prediction.contacts,
        prediction.up,
        solved,
    )
