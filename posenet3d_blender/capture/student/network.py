"""The student network: a window of 2D points to SMPL rotations and shape. Trainer and add-on share this definition.

An MLP-Mixer (Tolstikhin et al. 2021): it mixes in turn along time and along features. On a CPU that is many times
cheaper than attention, and a window of one second is short enough for every layer to cover it whole. For a window of
one sample the mixing along time is skipped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ...body.skeleton import JOINT_COUNT
from .features import STUDENT_FEATURE_COUNT, STUDENT_WINDOW
from .feedback import Feedback, Posed
from .lifter.network import LIFTER_DILATIONS, LIFTER_KERNEL, Lifter
from .mixer import Mixer


@dataclass(frozen=True)
class StudentConfig:
    """Sizes of the network; stored with its weights."""

    width: int = 384
    blocks: int = 5
    expansion: int = 2
    features: int = STUDENT_FEATURE_COUNT
    window: int = STUDENT_WINDOW
    shape_count: int = 10
    feedback_width: int = 0
    """Of `Feedback`; 0: none."""
    feedback_blocks: int = 3
    lifter_width: int = 0
    """Of the `Lifter` of a second feedback; 0: neither."""
    lifter_dilations: tuple[int, ...] = LIFTER_DILATIONS


class StudentOutput(NamedTuple):
    """Prediction for a batch of windows, in the frame of each virtual camera (x right, y down, z forward)."""

    rotations: Tensor
    """(B, T, 24, 6) rotations relative to the parent as six numbers, the pelvis's in the virtual camera."""
    betas: Tensor
    """(B, 10) shape coefficients of the shipped body."""
    up: Tensor
    """(B, T, 3) against gravity, of any length."""
    contacts: Tensor
    """(B, T, 2) logits that the left and the right foot rest."""
    bone_offsets: Tensor
    """(B, 24, 3) metres to add to the rest bones of the shipped body in this shape: the person's own skeleton."""


class StudentNetwork(nn.Module):
    """MLP-Mixer (Tolstikhin et al. 2021): features (B, T, 82) of `normalise_windows` to a `StudentOutput`."""

    def __init__(self, config: StudentConfig) -> None:
        """Build the layers; the untrained network predicts the rest pose, upright before the camera."""
        super().__init__()
        self.config = config
        self.embed = nn.Linear(config.features, config.width)
        sizes = config.expansion, config.window
        self.blocks = nn.Sequential(*[Mixer(config.width, *sizes) for _ in range(config.blocks)])
        self.norm = nn.LayerNorm(config.width)
        self.pose = nn.Linear(config.width, 6 * JOINT_COUNT)
        self.shape = nn.Linear(config.width, config.shape_count)
        self.up = nn.Linear(config.width, 3)
        self.contact = nn.Linear(config.width, 2)
        self.bones = nn.Linear(config.width, 3 * JOINT_COUNT)
        # So that the first steps of training are not spent on finding this pose.
        with torch.no_grad():
            for head in (self.pose, self.shape, self.up, self.contact):
                head.weight.mul_(0.1)
                head.bias.zero_()
            self.pose.bias.copy_(torch.tensor([1.0, 0, 0, 0, 1, 0]).repeat(JOINT_COUNT))
            self.pose.bias[:6] = torch.tensor([-1.0, 0, 0, 0, -1, 0])
            self.up.bias.copy_(torch.tensor([0.0, -1, 0]))
            # The untrained skeleton is the body's own.
            self.bones.weight.zero_()
            self.bones.bias.zero_()
        feedback_sizes = config.width, config.feedback_width, config.feedback_blocks, *sizes
        self.feedback = Feedback(*feedback_sizes) if config.feedback_width else None
        self.lifted_feedback: Feedback | None = None
        if config.lifter_width:
            lifter = Lifter(config.lifter_width, LIFTER_KERNEL, config.lifter_dilations)
            self.lifted_feedback = Feedback(*feedback_sizes, lifter)

    def forward(self, features: Tensor) -> StudentOutput:
        """Features (B, T, 82) to a prediction, corrected by feedback where the network has it."""
        return self.with_feedback(features, len(self.feedbacks()))

    def with_feedback(self, features: Tensor, count: int) -> StudentOutput:
        """Features (B, T, 82) to the prediction after the first `count` of its feedbacks."""
        return self.passes(features, count)[-1]

    def passes(self, features: Tensor, count: int) -> list[StudentOutput]:
        """Features (B, T, 82) to the predictions before feedback and after each of the first `count` feedbacks."""
        hidden, output = self._first_pass(features)
        outputs = [output]
        for feedback in self.feedbacks()[:count]:
            before = Posed(output.rotations, output.betas, output.bone_offsets)
            corrected: Posed = feedback(hidden, features, before)
            output = output._replace(**corrected._asdict())
            outputs.append(output)
        return outputs

    def feedbacks(self) -> list[Feedback]:
        """Those that the network has, in the order in which they correct its prediction."""
        return [feedback for feedback in (self.feedback, self.lifted_feedback) if feedback is not None]

    def _first_pass(self, features: Tensor) -> tuple[Tensor, StudentOutput]:
        """Hidden features (B, T, width) and the prediction; shape and bones come from the mean over the window."""
        x = self.norm(self.blocks(self.embed(features)))  # (B, T, width)
        pooled = x.mean(1)  # (B, width)
        return x, StudentOutput(
            rotations=self.pose(x).unflatten(-1, (JOINT_COUNT, 6)),
            betas=self.shape(pooled),
            up=self.up(x),
            contacts=self.contact(x),
            bone_offsets=self.bones(pooled).unflatten(-1, (JOINT_COUNT, 3)),
        )

    def time_parameters(self) -> list[nn.Parameter]:
        """Parameters of the mixing along time, which windows of one sample neither use nor train."""
        return [
            parameter
            for block in self.blocks
            if isinstance(block, Mixer)
            for part in (block.time_norm, block.time)
            for parameter in part.parameters()
        ]

    @property
    def lifter(self) -> Lifter | None:
        """That of the second feedback."""
        lifted = None if self.lifted_feedback is None else self.lifted_feedback.lifted
        return None if lifted is None else lifted.lifter
