"""Accuracy, smoothness and cost of captured fingers.

    .venv/bin/python -m benchmarks.hands [rendered] [two-cameras] [four-cameras] [clips] [--out FOLDER]

rendered: the shipped body's hands in eight poses, at 30 to 300 pixels, sharp and blurred: mean angle between each
finger joint's rotation and the true one. two-cameras, four-cameras (need ../shared): fingers from one camera against
points triangulated from the calibrated others: angles at the finger joints. clips (needs ../shared): whole captures,
with the part of the processor time that hands take, how often they are seen, and angular accelerations beside the
elbows'. Detections are kept in FOLDER (default: out/hands).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.hand_renders import POSES, RenderedHand, render_hands
from benchmarks.hand_truth import (
    DESK,
    IMAGE_SIZE,
    JOINTS,
    SHARED,
    View,
    joint_angles,
    posed_points,
    read_four_cameras,
    read_two_cameras,
    triangulate,
)
from posenet3d_blender.arrays import Array
from posenet3d_blender.body.fingers import SIDES
from posenet3d_blender.body.hands import rest_hand
from posenet3d_blender.body.model import load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix, matrix_to_axis_angle
from posenet3d_blender.body.skeleton import JOINT_INDEX
from posenet3d_blender.capture.detection.blazepose.regions import Region
from posenet3d_blender.capture.hands.choice import hand_confidence
from posenet3d_blender.capture.hands.finder import HandFinder, HandLandmarks, open_hand_finder
from posenet3d_blender.capture.hands.regions import region_by_body
from posenet3d_blender.capture.hands.sampling import sample_hand
from posenet3d_blender.capture.hands.solver import SolvedHand, solve_hand
from posenet3d_blender.capture.hands.terms import HandWeights
from posenet3d_blender.capture.keypoints.hand_keypoints import HandKeypoints
from posenet3d_blender.capture.keypoints.keypoints import KEYPOINT_COUNT, Keypoints
from posenet3d_blender.capture.keypoints.sampling import SampledKeypoints
from posenet3d_blender.capture.pipeline import Capture, CaptureSettings, capture_video
from posenet3d_blender.capture.video.footage import open_footage, read_frames
from posenet3d_blender.motion import Motion

VIDEOS: Final = SHARED / "video"
SIZES: Final = (30, 45, 60, 100, 150, 300)
SEEN: Final = 0.75
"""Presence from which a rendered hand counts as seen."""
CLIPS: Final = ("intel_asl/again.mkv", "intel_asl/help.mkv", "opencap_squat.mp4", "sports2d_demo.mp4")
UNKNOWN_WRIST: Final = HandWeights(wrist=100.0, unseen_wrist=100.0, misread=np.pi)
"""Weights of hands without a body."""


def main() -> None:
    """Run the chosen parts and print their tables."""
    parser = argparse.ArgumentParser(description="Accuracy, smoothness and cost of captured fingers.")
    parts = {"rendered": rendered, "two-cameras": two_cameras, "four-cameras": four_cameras, "clips": clips}
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(parts)} (default: all)")
    parser.add_argument("--out", type=Path, default=Path("out/hands"), help="folder for detections")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.parts if name not in parts]:
        parser.error(f"no such part: {', '.join(unknown)}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in arguments.parts or parts:
        print(f"== {name}", flush=True)
        parts[name](arguments.out)


def rendered(_: Path) -> None:
    """Print the mean joint angle error of rendered hands by size."""
    finder = open_hand_finder("cpu")
    hands = list(render_hands())
    print("hand, pixels | blur | mean error, degrees | relaxed hand's error | 90% of joints below | hands seen")
    for size in SIZES:
        for is_blurred in (False, True):
            errors, of_relaxed, seen = [], [], 0
            for hand in hands:
                solved, presence = _solve_still(finder, hand, size, is_blurred)
                if presence >= SEEN:
                    seen += 1
                    errors.append(_joint_errors(solved, hand.truth))
                    of_relaxed.append(_joint_errors(hand.rest.relaxed_pose, hand.truth))
            if errors:
                values = np.array(errors)
                figures = f"{values.mean():.1f} | {np.mean(of_relaxed):.1f} | {np.percentile(values, 90):.0f}"
                print(f"{size} | {'yes' if is_blurred else 'no'} | {figures} | {seen} of {len(hands)}", flush=True)
                if size == SIZES[-1] and not is_blurred:
                    _print_by_pose(finder, hands)
            else:
                print(f"{size} | {'yes' if is_blurred else 'no'} | - | - | - | 0 of {len(hands)}", flush=True)


def _print_by_pose(finder: HandFinder, hands: Sequence[RenderedHand]) -> None:
    for pose in POSES:
        own = [hand for hand in hands if hand.pose == pose]
        solved = [_solve_still(finder, hand, SIZES[-1], False) for hand in own]
        each = [
            f"{hand.view} {_joint_errors(one, hand.truth).mean():.0f} ({presence:.2f})"
            for hand, (one, presence) in zip(own, solved, strict=True)
        ]
        print(f"    {pose}: {', '.join(each)}")


def _solve_still(finder: HandFinder, hand: RenderedHand, size: float, is_blurred: bool) -> tuple[Array, float]:
    """The solved pose (45,) of a picture, and the hand's presence."""
    image, points, focal_length = hand.at_size(size, is_blurred)
    wrist, index, pinky = points
    found = finder.find(image, finder.refine(image, region_by_body(wrist, index, pinky)))
    found = max(found, finder.find(image, found.next_region), key=lambda one: one.presence)
    count, side = 4, SIDES.index(hand.side)
    keypoints = _keypoints([found] * count, side, (image.shape[1], image.shape[0]), 30.0)
    solved = _solve_alone(keypoints, side, focal_length)
    return solved.pose[1], found.presence


def _keypoints(found: Sequence[HandLandmarks], side: int, image_size: tuple[int, int], rate: float) -> Keypoints:
    """Keypoints of nothing but a hand."""
    hands = HandKeypoints.empty(len(found))
    for row, one in enumerate(found):
        hands.points[row, side], hands.metric[row, side] = one.points, one.metric
        hands.presence[row, side], hands.handedness[row, side] = one.presence, one.handedness
    shape = (len(found), KEYPOINT_COUNT)
    return Keypoints(np.arange(len(found)) / rate, np.zeros((*shape, 2)), np.zeros(shape), image_size, hands)


def _solve_alone(keypoints: Keypoints, side: int, focal_length: float) -> SolvedHand:
    """Solve a hand without a body, on the shipped body's mean hand."""
    count = len(keypoints.time)
    sampled = SampledKeypoints(keypoints.time, np.zeros((count, KEYPOINT_COUNT, 2)), np.ones((count, KEYPOINT_COUNT)))
    rest = rest_hand(load_body(), SIDES[side], np.zeros(10))
    found = sample_hand(keypoints, side, sampled, focal_length)
    return solve_hand(rest, keypoints.time, found, np.tile(np.eye(3), (count, 1, 1)), UNKNOWN_WRIST)


def _joint_errors(pose: Array, truth: Array) -> Array:
    """(15,) degrees between the rotations of two poses (45,)."""
    first, second = (axis_angle_to_matrix(one.reshape(15, 3)) for one in (pose, truth))
    errors: Array = np.degrees(np.linalg.norm(matrix_to_axis_angle(np.swapaxes(first, 1, 2) @ second), axis=-1))
    return errors


def two_cameras(_: Path) -> None:
    """Print the errors of a right hand over a desk: each camera alone against both."""
    folder = VIDEOS / "handpose3d_2cam"
    views, finder = read_two_cameras(folder), open_hand_finder("cpu")
    side = SIDES.index("right")
    found = [_follow_alone(folder / f"cam{number}_test.mp4", finder, side) for number in range(len(views))]
    points = np.stack([one.hands.points[:, side] for one in found if one.hands])
    presence = np.stack([one.hands.presence[:, side] for one in found if one.hands])
    truth, is_known = triangulate(views, points, presence)
    for number, (view, keypoints) in enumerate(zip(views, found, strict=True)):
        solved = _solve_alone(keypoints, side, view.focal_length)
        hands = keypoints.hands
        assert hands is not None
        compared = is_known & (hands.presence[:, side] >= SEEN)
        rest = rest_hand(load_body(), "right", np.zeros(10))
        ours = joint_angles(posed_points(rest, solved.pose))
        _print_angles(f"camera {number}", ours, joint_angles(hands.metric[:, side]), joint_angles(truth), compared)


def _follow_alone(video: Path, finder: HandFinder, side: int) -> Keypoints:
    """The one hand of a clip that shows no body, in every frame."""
    footage = open_footage(video)
    width, height = footage.image_size
    found: list[HandLandmarks] = []
    for frame in read_frames(footage):
        if found and found[-1].presence >= 0.5:
            found.append(finder.find(frame.image, found[-1].next_region))
            continue
        # No body tells the hand's direction: the surest of eight.
        tries = []
        for turn in np.arange(8) * np.pi / 4:
            first = finder.find(frame.image, Region(width / 2, height / 2, max(width, height), float(turn)))
            tries.append(finder.find(frame.image, first.next_region))
        found.append(max(tries, key=lambda one: one.presence))
    keypoints = _keypoints(found, side, footage.image_size, 30.0)
    return replace(keypoints, time=footage.time[: len(found)])


def four_cameras(folder: Path) -> None:
    """Print the errors of whole captures of a man at a desk: each camera alone against the other three."""
    views = read_four_cameras()
    captures = [_capture(DESK / f"cam_{number}.mp4", folder, view) for number, view in enumerate(views)]
    for side, name in enumerate(SIDES):
        points = np.stack([_by_frame(one, side)[0] for one in captures])
        presence = np.stack([_by_frame(one, side)[1] for one in captures])
        for number, one in enumerate(captures):
            others = [other for other in range(len(views)) if other != number]
            truth, is_known = triangulate([views[other] for other in others], points[others], presence[others])
            compared = is_known & (presence[number] >= SEEN)
            if compared.sum() < 5:
                print(f"camera {number}, {name} hand: seen by too few cameras at once")
                continue
            _print_capture(f"camera {number}, {name} hand", one, side, joint_angles(truth), compared)


def _print_capture(title: str, capture: Capture, side: int, truth: Array, compared: NDArray[np.bool_]) -> None:
    motion, hands = capture.motions[0], capture.keypoints[0].hands
    pose = motion.left_hand_pose if side == 0 else motion.right_hand_pose
    assert pose is not None
    assert hands is not None
    ours = joint_angles(posed_points(rest_hand(load_body(), SIDES[side], motion.betas), pose))
    nearest = np.abs(motion.time[:, None] - capture.footage.time).argmin(axis=0)
    raw = np.zeros((len(capture.footage.time), len(JOINTS)))
    rows = np.searchsorted(capture.footage.time, capture.keypoints[0].time - 1e-6)
    raw[rows] = joint_angles(hands.metric[:, side])
    _print_angles(title, ours[nearest], raw, truth, compared)


def _by_frame(capture: Capture, side: int) -> tuple[Array, Array]:
    """A hand's points (F, 21, 2) and presence (F,) in every frame of the footage."""
    keypoints, count = capture.keypoints[0], len(capture.footage.time)
    assert keypoints.hands is not None
    rows = np.searchsorted(capture.footage.time, keypoints.time - 1e-6)
    hands = HandKeypoints.empty(count)
    hands.points[rows], hands.presence[rows] = keypoints.hands.points, keypoints.hands.presence
    return hands.points[:, side], hands.presence[:, side]


def _print_angles(title: str, ours: Array, raw: Array, truth: Array, compared: NDArray[np.bool_]) -> None:
    """A table of mean absolute errors of angles (T, 15), degrees, over some frames (T,)."""
    off, off_raw = (np.abs(one - truth)[compared].mean(axis=0) for one in (ours, raw))
    print(
        f"{title}: {compared.sum()} frames, mean {off.mean():.1f} degrees (the network's points: {off_raw.mean():.1f})"
    )
    columns = [f"{joint} {value:.0f}" for joint, value in zip(JOINTS, off, strict=True)]
    print(f"    {', '.join(columns)}", flush=True)


def _capture(video: Path, folder: Path, view: View) -> Capture:
    lens = view.field_of_view(IMAGE_SIZE)
    return capture_video(
        video, CaptureSettings(device="cpu", hands="on", field_of_view=lens, cache_folder=folder / "detections")
    )


def clips(_: Path) -> None:
    """Print cost, sight and smoothness of whole captures."""
    for name in CLIPS:
        seconds = {}
        for hands in ("off", "auto"):
            began = time.process_time()
            capture = capture_video(VIDEOS / name, CaptureSettings(device="cpu", hands=hands))
            seconds[hands] = time.process_time() - began
        motion = capture.motions[0]
        share = 1 - seconds["off"] / seconds["auto"]
        print(f"{name}: {seconds['auto']:.1f} s of processor time, hands {share:.0%}", flush=True)
        if motion.left_hand_pose is None:
            print(f"    no fingers: {[one for one in capture.warnings if 'fingers' in one]}")
            continue
        of_frames = capture.keypoints[0].hands
        assert of_frames is not None
        seen = [(hand_confidence(of_frames.presence[:, side]) > 0.5).mean() for side in range(2)]
        print(f"    seen: left {seen[0]:.0%}, right {seen[1]:.0%}; {_smoothness(motion)}")


def _smoothness(motion: Motion) -> str:
    """Angular accelerations, radians per second squared: 95% of frames lie below."""
    elbows = [JOINT_INDEX[f"{side}_elbow"] for side in SIDES]
    wrists = [JOINT_INDEX[f"{side}_wrist"] for side in SIDES]
    assert motion.left_hand_pose is not None
    assert motion.right_hand_pose is not None
    fingers = np.concatenate([motion.left_hand_pose, motion.right_hand_pose], axis=1).reshape(len(motion.time), 30, 3)

    def acceleration(axis_angle: Array) -> float:
        matrices = axis_angle_to_matrix(axis_angle)
        turns = matrix_to_axis_angle(np.swapaxes(matrices[:-1], -1, -2) @ matrices[1:]) * motion.frame_rate
        return float(np.percentile(np.linalg.norm(np.diff(turns, axis=0), axis=-1) * motion.frame_rate, 95))

    return (
        f"accelerations: elbows {acceleration(motion.poses[:, elbows]):.0f}, wrists "
        f"{acceleration(motion.poses[:, wrists]):.0f}, fingers {acceleration(fingers):.0f}"
    )


if __name__ == "__main__":
    main()
