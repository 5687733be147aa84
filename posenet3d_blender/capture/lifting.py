"""Lift one person's 2D joints to their body in the camera frame: sampling, student, solver."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..arrays import Array
from ..body.model import Body, load_body
from ..body.shape import bone_lengths, match_shape, scale_shape, shape_of_height
from ..camera import Camera, CameraPath
from ..progress import Progress
from .hands.solve_hands import SolvedHands, solve_hands
from .keypoints.hand_keypoints import HandKeypoints
from .keypoints.keypoints import Keypoints
from .keypoints.presence import body_confidence, certainty, limb_confidence
from .keypoints.sampling import SampledKeypoints, sample_keypoints
from .moving_camera import level_with_pan
from .solve.floor import Floor
from .solve.posed_body import PosedBody
from .solve.solver import solve
from .solve.terms import SolveWeights
from .student.agreement import point_agreement
from .student.features import STUDENT_RATE
from .student.predict import Student, StudentPrediction


@dataclass(frozen=True)
class LiftedPerson:
    """One person over S even samples, camera frame."""

    keypoints: Keypoints
    """The 2D joints from which the body was solved."""
    sampled: SampledKeypoints
    certainty: Array
    """(S,) mean confidence of the points that the detector gives, 0 to 1: whether the person is there at all."""
    confidence: Array
    """(S,) from 0 (interpolated) to 1: how much of the whole body is visible, and how sure the student is of it."""
    prediction: StudentPrediction
    """The student's, in the shape of the solved body's kind."""
    body: PosedBody
    floor: Floor
    contacts: Array
    """(S, 2) probability that the left and the right foot rest; 0 where that can't be seen."""
    hands: SolvedHands | None = None
    """None: without fingers."""

    @property
    def limb_confidence(self) -> Array:
        """(S, 6) `confidence` of each limb, in the order of `body.limbs.LIMB_NAMES`."""
        return limb_confidence(self.sampled.confidence * point_agreement(self.prediction.spread))

    @property
    def agreement(self) -> Array:
        """(S,) from 0 to 1: how far the student's overlapping windows agree on where the visible points are."""
        seen = self.sampled.confidence  # (S, 25)
        agreed = (seen * point_agreement(self.prediction.spread)).sum(axis=1)
        return np.where(seen.any(axis=1), agreed / np.maximum(seen.sum(axis=1), 1e-9), 1.0)

    def on_floor(self, floor: Floor, scale: float, weights: SolveWeights) -> LiftedPerson:
        """The person solved again on a known floor, `scale` times as large and as far from the camera."""
        body = self.body.body
        prediction = replace(self.prediction, betas=scale_shape(self.body.betas, scale, body))
        solved = solve(body, self.sampled, prediction, weights, floor=floor)
        return replace(self, prediction=prediction, body=solved.body, floor=solved.floor, contacts=solved.contacts)

    def with_hands(self, hands: HandKeypoints, camera: Camera | CameraPath, smoothing: float) -> LiftedPerson:
        """The person with fingers, and with wrists and forearms turned to the hands; `camera` as of `lift`."""
        keypoints = replace(self.keypoints, hands=hands)
        body, solved = solve_hands(self.body, self.sampled, keypoints, camera, smoothing)
        return replace(self, body=body, hands=solved)


def lift(
    keypoints: Keypoints,
    student: Student,
    own_body: Body | None,
    camera: Camera | CameraPath,
    weights: SolveWeights,
    progress: Progress,
    prediction: StudentPrediction | None = None,
    up: Array | None = None,
) -> LiftedPerson:
    """Lift one person.

    The student predicts the shipped body's shape; a user's own body gets the shape with the nearest bone lengths.

    Args:
        keypoints: repaired, from the first to the last frame in which the person is visible.
        student: the network.
        own_body: the user's; None: the shipped one.
        camera: the lens of a camera that stands still, whose frame the result is in; or a moving one's path, in whose
            world the result is.
        weights: of the solver's terms.
        progress: told of the stages "student" and "solve".
        prediction: the student's, if it is known already.
        up: (3,) against gravity in a moving camera's world, if the background tells it.
    """
    sampled = sample_keypoints(keypoints, STUDENT_RATE, camera)
    if prediction is None:
        prediction = student.predict(sampled, progress)
    if sampled.views is not None:
        prediction = replace(prediction, up=level_with_pan(prediction.up, sampled.views) if up is None else up)
    body = load_body()
    if own_body is not None:
        lengths = bone_lengths(body.rest_joints(prediction.betas))
        prediction = replace(prediction, betas=match_shape(lengths, own_body))
        body = own_body
    if weights.height is not None:
        prediction = replace(prediction, betas=shape_of_height(prediction.betas, weights.height, body))
    solved = solve(body, sampled, prediction, weights, progress)
    return LiftedPerson(
        keypoints,
        sampled,
        certainty(sampled.confidence),
        body_confidence(sampled.confidence * point_agreement(prediction.spread)),
        prediction,
        solved.body,
        solved.floor,
        solved.contacts,
    )
