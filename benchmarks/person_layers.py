"""Somebody painted alone, as seen from the camera's places, and laid over surroundings for any turn of the camera."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.kinematics import forward_kinematics, skin
from posenet3d_blender.body.model import Body, load_body
from posenet3d_blender.body.rotations import interpolate_rotations, unit
from posenet3d_blender.body.skeleton import JOINT_INDEX, JOINT_NAMES
from posenet3d_blender.camera import Camera, CameraPath
from tools.studio import look_at

from .flat_world import FlatWorld, Image
from .gait import BETAS, Gait

LAYER_SIZE: Final = 320
LAYER_HEIGHT: Final = 2.7
"""Metres around the pelvis that a layer shows."""
FINER: Final = 3
"""Times as large the layer is painted at first."""
EXPOSURES: Final = 5
"""Pictures that make up a blurred one."""
SUN: Final = (-0.45, -0.6, 0.66)
"""Direction to the sun, world frame."""
_COLOURS: Final = {"skin": (198, 145, 118), "shirt": (60, 105, 170), "trousers": (48, 48, 58), "shoes": (215, 215, 208)}
_HAIR: Final = (45, 34, 26)
_SHIRT: Final = ("spine", "collar", "shoulder")
_TROUSERS: Final = ("pelvis", "hip", "knee")
_SHOES: Final = ("ankle", "foot")


@dataclass(frozen=True)
class Layer:
    """The person alone, from one place of the camera."""

    camera: Camera
    picture: NDArray[np.uint8]
    """(h, w, 4) RGB, multiplied with the alpha, and alpha."""


class Painter:
    """Paints the shipped body, its faces from back to front."""

    def __init__(self) -> None:
        """Dress the body."""
        self._body = load_body()
        self._rest, self._rest_joints = self._body.rest_vertices(BETAS), self._body.rest_joints(BETAS)
        self._colours = _face_colours(self._body)

    def layer(self, rotations: Array, translation: Array, eye: Array) -> Layer:
        """The body in a pose, rotations (24, 3, 3) and SMPL's translation (3,), seen from `eye` (3,), world frame."""
        joints, world = forward_kinematics(rotations, self._rest_joints)
        vertices = skin(self._rest, self._rest_joints, self._body.skin_weights, joints, world) + translation
        pelvis = joints[0] + translation
        focal_length = LAYER_SIZE * float(np.linalg.norm(pelvis - eye)) / LAYER_HEIGHT
        camera = Camera(focal_length, (LAYER_SIZE, LAYER_SIZE), look_at(eye, pelvis))
        return Layer(camera, self._paint(vertices, camera))

    def _paint(self, vertices: Array, camera: Camera) -> NDArray[np.uint8]:
        faces = self._body.faces
        corners = vertices[faces]  # (F, 3, 3)
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        smooth = np.zeros_like(vertices)
        for corner in range(3):
            np.add.at(smooth, faces[:, corner], normals)
        light = 0.5 + 0.5 * np.clip(unit(smooth)[faces].mean(axis=1) @ np.array(SUN), 0, 1)  # (F,)
        eye = -camera.world_to_camera[:3, :3].T @ camera.world_to_camera[:3, 3]
        faces_eye = np.einsum("fa,fa->f", normals, eye - corners[:, 0]) > 0
        depth = np.linalg.norm(corners.mean(axis=1) - eye, axis=1)
        order = np.flatnonzero(faces_eye)
        order = order[np.argsort(-depth[order])]
        pixels = np.round(16 * FINER * camera.project(corners)).astype(np.int32)  # a sixteenth of a pixel
        colours = np.column_stack([self._colours * light[:, None], np.full(len(faces), 255.0)])
        image = np.zeros((FINER * LAYER_SIZE, FINER * LAYER_SIZE, 4), np.uint8)
        for face in order:
            cv2.fillConvexPoly(image, pixels[face], colours[face].tolist(), cv2.LINE_8, 4)
        small = cv2.resize(image, (LAYER_SIZE, LAYER_SIZE), interpolation=cv2.INTER_AREA)
        return np.asarray(small, np.uint8)


def _face_colours(body: Body) -> Array:
    """(F, 3) RGB, 0 to 255, by the joint with the largest weight."""
    owners = body.skin_weights[body.faces].sum(axis=1).argmax(axis=1)

    def owned(parts: tuple[str, ...]) -> NDArray[np.bool_]:
        return np.isin(
            owners, [number for number, name in enumerate(JOINT_NAMES) if name.split("_")[-1].startswith(parts)]
        )

    colours = np.tile(np.array(_COLOURS["skin"], dtype=np.float64), (len(owners), 1))
    for name, parts in (("shirt", _SHIRT), ("trousers", _TROUSERS), ("shoes", _SHOES)):
        colours[owned(parts)] = _COLOURS[name]
    head = body.template[body.skin_weights.argmax(axis=1) == JOINT_INDEX["head"]]
    centres = body.template[body.faces].mean(axis=1)
    top, front = head[:, 1].max(), head[:, 2].max()
    hair = owned(("head",)) & (centres[:, 1] > top - 0.16) & (centres[:, 2] < front - 0.07)
    colours[hair | (owned(("head",)) & (centres[:, 1] > top - 0.05))] = _HAIR
    return colours


def paint_layers(gait: Gait, eyes: Array) -> list[Layer]:
    """The person in every frame from `eyes` (T, 3), world frame."""
    painter = Painter()
    return [painter.layer(*pose) for pose in zip(gait.rotations, gait.translation, eyes, strict=True)]


def film(layers: list[Layer], path: CameraPath, world: FlatWorld, shutter: float, rate: int, clip: Path) -> None:
    """Write the footage of a camera in the layers' places.

    Args:
        layers: of the path's T pictures.
        path: of the camera.
        world: surroundings.
        shutter: part of a picture's time for which it is exposed; the person's own motion is not blurred.
        rate: pictures per second.
        clip: the video to write.
    """
    exposures = np.linspace(-0.5, 0.5, EXPOSURES) * shutter / rate if shutter else np.zeros(1)
    with av.open(str(clip), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(rate), options={"crf": "20", "preset": "fast"})
        stream.width, stream.height = path.image_size
        stream.pix_fmt = "yuv420p"
        for frame, layer in enumerate(layers):
            turns = interpolate_rotations(path.time, path.rotations, path.time[frame] + exposures)
            pictures = [_picture(layer, _turned(path.camera(frame), turn), world) for turn in turns]
            image = np.mean(pictures, axis=0).round().astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))


def _turned(camera: Camera, turn: Array) -> Camera:
    """The camera in its place, turned from the world's axes by `turn` (3, 3)."""
    view = np.eye(4)
    view[:3, :3] = turn
    view[:3, 3] = turn @ camera.world_to_camera[:3, :3].T @ camera.world_to_camera[:3, 3]
    return Camera(camera.focal_length, camera.image_size, view)


def _picture(layer: Layer, camera: Camera, world: FlatWorld) -> Image:
    turn = camera.world_to_camera[:3, :3] @ layer.camera.world_to_camera[:3, :3].T
    seen = _lens(camera) @ turn @ np.linalg.inv(_lens(layer.camera))
    person = cv2.warpPerspective(layer.picture, seen, camera.image_size, flags=cv2.INTER_LINEAR)
    mixed = person[..., :3] + (1 - person[..., 3:] / 255) * world.picture(camera)
    return np.clip(mixed, 0, 255).astype(np.uint8)


def _lens(camera: Camera) -> Array:
    x, y = camera.principal_point
    return np.array([[camera.focal_length, 0, x], [0, camera.focal_length, y], [0, 0, 1.0]])
