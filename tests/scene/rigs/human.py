"""Joints of a made-up human from which the rigs of all families are built, metres, Z up, facing -Y."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.rotations import axis_angle_to_matrix

Joints = dict[str, Array]

FINGERS = ("thumb", "index", "middle", "ring", "pinky")


@dataclass(frozen=True)
class Human:
    """Proportions and rest pose."""

    height: float = 1.75
    leg_share: float = 0.5
    """Height of the hip joints."""
    thigh_share: float = 0.5
    """Of the leg above the ankle."""
    arm_share: float = 0.315
    """Length from shoulder to wrist."""
    arms_down: float = 0.0
    """Degrees below the horizontal: 0 is a T-pose, 45 an A-pose."""
    elbows_bent: float = 0.0
    """Degrees forward at rest."""
    legs_apart: float = 0.0
    """Degrees outward at rest."""
    spine_count: int = 3
    neck_count: int = 1

    def joints(self) -> Joints:
        """Heads of the bones: pelvis, spine0 .., neck0 .., head, head_end, and with sides l_ and r_ the limbs'."""
        height = self.height
        hip_height = self.leg_share * height
        joints = {"pelvis": np.array([0, 0.01, hip_height + 0.05 * height])}
        neck_height = 0.83 * height
        bottom = joints["pelvis"]
        for number in range(self.spine_count):
            share = (number + 1) / (self.spine_count + 1)
            curve = 0.02 * np.sin(np.pi * share)
            joints[f"spine{number}"] = bottom + share * (np.array([0, 0.01, neck_height]) - bottom) + [0, curve, 0]
        for number in range(self.neck_count):
            share = number / max(self.neck_count, 1)
            joints[f"neck{number}"] = np.array([0, 0.01 - 0.02 * share, neck_height + share * 0.05 * height])
        joints["head"] = np.array([0, -0.01, 0.88 * height])
        joints["head_end"] = np.array([0, -0.01, height])
        for side, sign in (("l_", 1.0), ("r_", -1.0)):
            joints |= {side + name: point * [sign, 1, 1] for name, point in (self._arm() | self._leg()).items()}
        return joints

    def _arm(self) -> Joints:
        height = self.height
        shoulder = np.array([0.11 * height, 0.02, 0.82 * height])
        down = axis_angle_to_matrix(np.array([0, np.radians(self.arms_down), 0]))
        bend = axis_angle_to_matrix(np.array([0, 0, -np.radians(self.elbows_bent)]))
        reach = self.arm_share * height
        elbow = shoulder + down @ np.array([0.53 * reach, 0, 0])
        wrist = elbow + down @ bend @ np.array([0.47 * reach, 0, 0])
        arm = {"clavicle": np.array([0.02 * height, 0.0, 0.8 * height]), "upperarm": shoulder, "lowerarm": elbow}
        arm["hand"] = wrist
        for number, finger in enumerate(FINGERS):
            start = np.array([0.03 if finger == "thumb" else 0.09, 0.045 - 0.022 * (4 - number), 0])
            for joint in range(3):
                arm[f"{finger}{joint}"] = wrist + down @ bend @ (start + np.array([0.03 * joint, 0, 0]))
            arm[f"{finger}_end"] = wrist + down @ bend @ (start + np.array([0.085, 0, 0]))
        return arm

    def _leg(self) -> Joints:
        height, ankle_height = self.height, 0.05 * self.height
        hip = np.array([0.055 * height, 0.01, self.leg_share * height])
        length = self.leg_share * height - ankle_height
        apart = axis_angle_to_matrix(np.array([0, -np.radians(self.legs_apart), 0]))
        length /= np.cos(np.radians(self.legs_apart))
        knee = hip + apart @ np.array([0, -0.005, -self.thigh_share * length])
        ankle = hip + apart @ np.array([0, 0.01, -length])
        ball = ankle * [1, 1, 0] + np.array([0.01, -0.075 * height, 0.012 * height])
        tip = ball + np.array([0, -0.04 * height, -0.004 * height])
        return {"thigh": hip, "calf": knee, "foot": ankle, "ball": ball, "ball_end": tip}
