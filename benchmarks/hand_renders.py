"""Rendered hands with truth: the shipped body's in eight poses, from four sides, at many sizes, sharp and blurred."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.fingers import FINGERS, SIDES
from posenet3d_blender.body.hands import RestHand, rest_hand
from posenet3d_blender.body.model import Body, load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix, unit
from posenet3d_blender.body.skeleton import JOINT_COUNT, JOINT_INDEX
from posenet3d_blender.camera import Camera

POSES: Final[dict[str, dict[str, tuple[float, float, float]]]] = {
    # degrees of flexion from a straight finger, of the joints from the palm outwards; of the thumb from its rest
    "open": {},
    "relaxed": {"index": (22, 28, 12), "middle": (28, 33, 16), "ring": (31, 36, 18), "pinky": (32, 36, 18)},
    "fist": dict.fromkeys(("index", "middle", "ring", "pinky"), (80.0, 95.0, 55.0)) | {"thumb": (20.0, 35.0, 40.0)},
    "pointing": dict.fromkeys(("middle", "ring", "pinky"), (75.0, 95.0, 55.0)) | {"thumb": (15.0, 35.0, 40.0)},
    "thumb up": dict.fromkeys(("index", "middle", "ring", "pinky"), (80.0, 95.0, 50.0)),
    "victory": dict.fromkeys(("ring", "pinky"), (75.0, 95.0, 55.0)) | {"thumb": (20.0, 40.0, 40.0)},
    "pinch": {
        "index": (45, 50, 30),
        "middle": (25, 30, 15),
        "ring": (20, 25, 15),
        "pinky": (15, 20, 10),
        "thumb": (25, 20, 20),
    },
    "grip": dict.fromkeys(("index", "middle", "ring", "pinky"), (45.0, 60.0, 30.0)) | {"thumb": (15.0, 20.0, 20.0)},
}
VIEWS: Final = {"palm": (-70.0, 15.0), "back": (70.0, 15.0), "thumb": (10.0, 40.0), "oblique": (-30.0, -35.0)}
"""Degrees of the camera's height above the stretched arm, and around it from the front."""
LARGEST: Final = 300
"""Pixels of a stretched hand in a render, which is scaled down."""
DISTANCE: Final = 1.2
"""Metres from the camera to the hand."""
CANVAS: Final = 640
BLUR: Final = 0.12
"""Length of the motion blur, of the hand's."""


@dataclass(frozen=True)
class RenderedHand:
    """One picture of a hand and its truth."""

    pose: str
    view: str
    side: str
    image: NDArray[np.uint8]
    """(640, 640, 3) RGB."""
    camera: Camera
    body_points: Array
    """(3, 2) wrist and knuckles of index and little finger, pixels."""
    rest: RestHand
    truth: Array
    """(45,) axis-angle."""

    def at_size(self, length: float, is_blurred: bool) -> tuple[NDArray[np.uint8], Array, float]:
        """The picture with a hand of so many pixels, the body's points in it and its focal length."""
        scale = length / LARGEST
        size = round(CANVAS * scale)
        image = cv2.resize(self.image, (size, size), interpolation=cv2.INTER_AREA)
        if is_blurred:
            steps = max(1, round(BLUR * length))
            image = cv2.blur(image, (steps, 1))
        return np.asarray(image, np.uint8), self.body_points * scale, self.camera.focal_length * scale


def hand_pose(rest: RestHand, name: str) -> Array:
    """(45,) axis-angle of one of POSES."""
    wanted = rest.rest_flexion.copy()
    for finger in FINGERS:
        first = 3 * FINGERS.index(finger)
        if finger in POSES[name]:
            wanted[first : first + 3] = np.radians(POSES[name][finger])
        elif finger != "thumb":
            wanted[first : first + 3] = np.radians((5, 8, 5))
    return (rest.flexion_axes * (wanted - rest.rest_flexion)[:, None]).ravel()


def render_hands() -> Iterator[RenderedHand]:
    """Draw each pose from each side, left and right hands in turn."""
    body = load_body()
    for number, name in enumerate(POSES):
        for turn, view in enumerate(VIEWS):
            side = SIDES[(number + turn) % 2]
            rest = rest_hand(body, side, np.zeros(10))
            truth = hand_pose(rest, name)
            camera, points = _camera(body, rest, view)
            fingers = np.zeros((1, 2, 15, 3))
            fingers[0, SIDES.index(side)] = truth.reshape(15, 3)
            still = axis_angle_to_matrix(np.zeros((1, JOINT_COUNT, 3)))
            turned = axis_angle_to_matrix(fingers.reshape(1, -1, 3))
            skin = body.posed_vertices(still, np.zeros(10), np.zeros((1, 3)), turned)[0]
            yield RenderedHand(name, view, side, draw(skin, body.faces, camera), camera, points, rest, truth)


def draw(vertices: Array, faces: NDArray[np.int64], camera: Camera) -> NDArray[np.uint8]:
    """(H, W, 3) RGB, a smooth skin (V, 3) before a spotted wall, in soft light from above the camera.

    Far triangles are drawn first, each cut into small ones: no graphics card is needed.
    """
    place = camera.world_to_camera
    in_camera = vertices @ place[:3, :3].T + place[:3, 3]
    corners = in_camera[faces]  # (F, 3, 3)
    flat = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(in_camera)
    for corner in range(3):
        np.add.at(normals, faces[:, corner], flat)
    pixels = camera.project(vertices)
    near = ((pixels > -100) & (pixels < CANVAS + 100)).all(axis=1)[faces].all(axis=1)
    faces_towards = near & ((flat * corners.mean(axis=1)).sum(axis=1) < 0)
    kept = faces[faces_towards]
    values = np.concatenate([pixels, in_camera[:, 2:], unit(normals)], axis=1)[kept]  # (K, 3, 6)
    for _ in range(2):
        values = _cut_in_four(values)
    normal = unit(values[..., 3:].mean(axis=1))
    light = 0.35 + 0.65 * np.clip(normal @ unit(np.array([-0.4, -0.7, -0.6])), 0, 1)
    colours = 255 * np.clip(light[:, None] * [0.93, 0.70, 0.58], 0, 1)
    picture = _wall()
    outlines = (values[..., :2] * 16).round().astype(np.int32)
    for triangle in np.argsort(-values[..., 2].mean(axis=1)):
        cv2.fillConvexPoly(picture, outlines[triangle], colours[triangle].tolist(), cv2.LINE_AA, 4)
    return picture


def _cut_in_four(triangles: Array) -> Array:
    """(4 N, 3, C) triangles of (N, 3, C) by the middles of their sides."""
    a, b, c = np.moveaxis(triangles, 1, 0)
    ab, bc, ca = (a + b) / 2, (b + c) / 2, (c + a) / 2
    return np.concatenate([np.stack(one, axis=1) for one in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))])


def _wall() -> NDArray[np.uint8]:
    rng = np.random.default_rng(0)
    spots = rng.uniform(70, 170, (12, 12, 1)) + rng.uniform(-15, 15, (12, 12, 3))
    return np.asarray(
        cv2.resize(spots.astype(np.float32), (CANVAS, CANVAS), interpolation=cv2.INTER_CUBIC), dtype=np.uint8
    )


def _camera(body: Body, rest: RestHand, view: str) -> tuple[Camera, Array]:
    """A camera that looks at the hand of the body in its rest pose, and the body's points (3, 2) in its picture."""
    wrist = body.rest_joints(np.zeros(10))[JOINT_INDEX[f"{rest.side}_wrist"]]
    middle = rest.joints[3 * FINGERS.index("middle")]
    up, around = np.radians(VIEWS[view])
    outwards = 1.0 if rest.side == "left" else -1.0
    direction = np.array([outwards * np.cos(up) * np.sin(around), np.sin(up), np.cos(up) * np.cos(around)])
    eye = wrist + middle + DISTANCE * direction
    forward = -direction
    right = np.cross(forward, [0.0, 1.0, 0.0])
    right /= np.linalg.norm(right)
    world_to_camera = np.eye(4)
    world_to_camera[:3, :3] = np.stack([right, np.cross(forward, right), forward])
    world_to_camera[:3, 3] = -world_to_camera[:3, :3] @ eye
    length = 2 * float(np.linalg.norm(middle))
    camera = Camera(LARGEST * DISTANCE / length, (CANVAS, CANVAS), world_to_camera)
    knuckles = [rest.joints[3 * FINGERS.index(name)] for name in ("index", "pinky")]
    return camera, camera.project(wrist + np.array([np.zeros(3), *knuckles]))
