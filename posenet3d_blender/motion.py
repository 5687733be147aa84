"""The captured motion and its file: the output of capture, the input of everything after it.

World frame: Blender's, Z up, metres. Time in seconds since the video's first frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from .arrays import AnyArray, Array
from .body.gender import NEUTRAL, known_gender
from .body.limbs import LIMB_COUNT, LIMB_NAMES
from .body.skeleton import JOINT_COUNT
from .camera import Camera, CameraPath
from .errors import PoseNet3DError
from .motion_hands import HAND_SHAPES, from_smpl_h, hand_arrays, to_smpl_h
from .npz import read_npz, write_npz

WANTED: Final = "a motion .npz that capture wrote"
LARGEST_VALUE: Final = 1e7
"""Of metres, seconds, radians and pixels in a motion: more is damage, and overflows in other programs."""

_SHAPES: Final[dict[str, tuple[int | None, ...]]] = {
    # None: one for each frame
    "poses": (None, 3 * JOINT_COUNT),
    "trans": (None, 3),
    "betas": (10,),
    "mocap_framerate": (),
    "time": (None,),
    "joints": (None, JOINT_COUNT, 3),
    "contacts": (None, 2),
    "confidence": (None,),
}
_UNEVEN: Final = 0.05
"""Share of a frame by which the times of two frames may be off the rate."""
_LONGEST_LEAD_IN: Final = 1_000_000
"""Frames from the scene's start to the first sample; no capture has more."""
_CAMERA_SHAPES: Final[dict[str, tuple[int | None, ...]]] = {
    "camera_focal_length": (),
    "camera_image_size": (2,),
    "camera_world_to_camera": (4, 4),
}
_LIMB_SHAPES: Final[dict[str, tuple[int | None, ...]]] = {"limb_confidence": (None, LIMB_COUNT)}
_MOVING_CAMERA_SHAPES: Final[dict[str, tuple[int | None, ...]]] = {
    "camera_focal_length": (None,),
    "camera_image_size": (2,),
    "camera_world_to_camera": (None, 4, 4),
}


@dataclass(frozen=True)
class Motion:
    """One person's motion at a constant rate, in SMPL's parameters."""

    poses: Array
    """(T, 24, 3) axis-angle, radians; each joint's rotation relative to its parent, the pelvis's in the world."""
    trans: Array
    """(T, 3) metres, SMPL's translation: the pelvis stands at its rest position plus this."""
    betas: Array
    """(10,) shape coefficients of the body."""
    frame_rate: float
    """Frames per second, constant; 24000/1001 and the like are kept as floats."""
    time: Array
    """(T,) seconds since the video's first frame."""
    joints: Array
    """(T, 24, 3) joint positions in the world, metres."""
    contacts: Array
    """(T, 2) probability that the left and the right foot rest on the floor."""
    confidence: Array
    """(T,) from 0 (interpolated) to 1 (clearly visible)."""
    camera: Camera | None = None
    """The solved camera, when the motion came from footage; of a moving one its first place."""
    camera_path: CameraPath | None = None
    """The camera at each of the T frames, if it moved."""
    gender: str = NEUTRAL
    """Of the body that was captured on: neutral, female or male."""
    scene_start: float | None = None
    """Seconds since the video's first frame at which scenes and animation files of this motion start, so that all of
    one capture are in step; None: at its first sample."""
    limb_confidence: Array | None = None
    """(T, 6) confidence of each limb, in the order of `body.limbs.LIMB_NAMES`; None: not known."""
    left_hand_pose: Array | None = None
    """(T, 45) axis-angle of the 15 finger joints in the order of `body.fingers.FINGER_JOINTS`, radians, each relative
    to its parent, a finger's first to the wrist; zero is the body's rest hand. None: no fingers were captured."""
    right_hand_pose: Array | None = None
    """(T, 45) likewise."""
    left_hand_confidence: Array | None = None
    """(T,) from 0 (at rest, not seen) to 1 (clearly visible)."""
    right_hand_confidence: Array | None = None
    """(T,) likewise."""

    @property
    def frame_count(self) -> int:
        """T."""
        return len(self.poses)

    @property
    def finger_poses(self) -> Array | None:
        """(T, 30, 3) axis-angle in the order of `body.fingers.HAND_JOINT_NAMES`; None: a motion without fingers."""
        poses = (self.left_hand_pose, self.right_hand_pose)
        if all(pose is None for pose in poses):
            return None
        sides = [np.zeros((self.frame_count, 45)) if pose is None else pose for pose in poses]
        return np.concatenate(sides, axis=1).reshape(self.frame_count, -1, 3)

    def save(self, path: Path, smpl_h: bool = False) -> None:
        """Write the motion file atomically: AMASS's keys, then times, joints, contacts, confidences, hands and camera.

        `smpl_h`: with `poses` (T, 156), in which the fingers take the place of SMPL's hand joints.
        """
        arrays: dict[str, AnyArray] = {
            "poses": self.poses.reshape(-1, 3 * JOINT_COUNT),
            "trans": self.trans,
            "betas": self.betas,
            "mocap_framerate": np.array(self.frame_rate),
            "gender": np.array(self.gender),
            "time": self.time,
            "joints": self.joints,
            "contacts": self.contacts,
            "confidence": self.confidence,
        }
        hands = {key: getattr(self, key) for key in HAND_SHAPES}
        arrays |= {key: values for key, values in hands.items() if values is not None}
        if self.scene_start is not None:
            arrays["scene_start"] = np.array(self.scene_start)
        if self.limb_confidence is not None:
            arrays |= {"limb_confidence": self.limb_confidence, "limb_names": np.array(LIMB_NAMES)}
        if self.camera is not None:
            moving = self.camera_path
            arrays["camera_image_size"] = np.array(self.camera.image_size)
            arrays["camera_focal_length"] = moving.focal_lengths if moving else np.array(self.camera.focal_length)
            arrays["camera_world_to_camera"] = moving.world_to_camera if moving else self.camera.world_to_camera
        write_npz(path, to_smpl_h(arrays) if smpl_h else arrays)


def load_motion(path: Path) -> Motion:
    """Read a motion file.

    Raises:
        PoseNet3DError: the file is missing, is no motion file, or a key is missing or invalid.
    """
    keys = {*_SHAPES, *_CAMERA_SHAPES, *_LIMB_SHAPES, *HAND_SHAPES, "gender", "scene_start"}
    data = from_smpl_h(read_npz(path, WANTED, keys))
    has_camera = any(key in data for key in _CAMERA_SHAPES)
    moves = has_camera and data.get("camera_world_to_camera", np.zeros(())).ndim == 3
    camera_shapes = _MOVING_CAMERA_SHAPES if moves else _CAMERA_SHAPES
    optional = {key: shape for key, shape in (_LIMB_SHAPES | HAND_SHAPES).items() if key in data}
    _check_arrays(path, data, _SHAPES | optional | (camera_shapes if has_camera else {}))
    if data["mocap_framerate"] <= 0:
        raise PoseNet3DError(f"{path}: key 'mocap_framerate' is {data['mocap_framerate']:g}; give {WANTED}")
    if (np.diff(data["time"]) <= 0).any():
        raise PoseNet3DError(f"{path}: key 'time' does not rise from frame to frame; give {WANTED}")
    _check_rate(path, data["time"].astype(np.float64), float(data["mocap_framerate"]))
    camera_path = _camera_path(path, data) if moves else None
    camera = None
    if has_camera:
        camera = camera_path.camera(0) if camera_path else _camera(path, data)
    return Motion(
        poses=data["poses"].reshape(-1, JOINT_COUNT, 3).astype(np.float64),
        trans=data["trans"].astype(np.float64),
        betas=data["betas"].astype(np.float64),
        frame_rate=float(data["mocap_framerate"]),
        time=data["time"].astype(np.float64),
        joints=data["joints"].astype(np.float64),
        contacts=data["contacts"].astype(np.float64),
        confidence=data["confidence"].astype(np.float64),
        camera=camera,
        camera_path=camera_path,
        gender=known_gender(str(data.get("gender"))) or NEUTRAL,
        scene_start=_scene_start(path, data) if "scene_start" in data else None,
        limb_confidence=data["limb_confidence"].astype(np.float64) if "limb_confidence" in data else None,
        **hand_arrays(data),
    )


def _check_arrays(path: Path, data: dict[str, AnyArray], shapes: dict[str, tuple[int | None, ...]]) -> None:
    """Raise PoseNet3DError unless every key exists, has its shape and holds finite numbers."""
    missing = [key for key in shapes if key not in data]
    if missing:
        raise PoseNet3DError(f"{path}: key '{missing[0]}' is missing; give {WANTED}")
    frame_count = len(data["trans"]) if data["trans"].ndim else 0
    if frame_count == 0:
        raise PoseNet3DError(f"{path}: the motion has no frames; give {WANTED}")
    for key, sides in shapes.items():
        shape = tuple(frame_count if side is None else side for side in sides)
        if data[key].shape != shape:
            raise PoseNet3DError(f"{path}: key '{key}' has shape {data[key].shape}, expected {shape}; give {WANTED}")
        if data[key].dtype.kind not in "fiu" or not np.isfinite(data[key]).all():
            raise PoseNet3DError(f"{path}: key '{key}' holds values that are not finite numbers; give {WANTED}")
        if data[key].size and np.abs(data[key].astype(np.float64)).max() > LARGEST_VALUE:
            raise PoseNet3DError(f"{path}: key '{key}' holds values over {LARGEST_VALUE:g}; give {WANTED}")


def _check_rate(path: Path, time: Array, rate: float) -> None:
    """Raise PoseNet3DError unless the frames' times (T,) keep the rate: formats that know no times play by the rate."""
    off = np.abs(np.diff(time) * rate - 1)
    if (off > _UNEVEN).any():
        frame = int(off.argmax())
        raise PoseNet3DError(
            f"{path}: key 'time' steps by {time[frame + 1] - time[frame]:.3g} s after frame {frame}, but key "
            f"'mocap_framerate' is {rate:g}; make the two agree"
        )


def _scene_start(path: Path, data: dict[str, AnyArray]) -> float:
    _check_arrays(path, data, {"trans": (None, 3), "scene_start": ()})
    start, rate = float(data["scene_start"]), float(data["mocap_framerate"])
    if not 0 <= (data["time"][0] - start) * rate + 0.5 <= _LONGEST_LEAD_IN:
        raise PoseNet3DError(
            f"{path}: key 'scene_start' is {start:g} s, for a motion from {data['time'][0]:g} s on; give {WANTED}"
        )
    return start


def _camera(path: Path, data: dict[str, AnyArray]) -> Camera:
    world_to_camera = data["camera_world_to_camera"].astype(np.float64)
    _check_camera(path, data, world_to_camera[None])
    return Camera(float(data["camera_focal_length"]), _image_size(data), world_to_camera)


def _camera_path(path: Path, data: dict[str, AnyArray]) -> CameraPath:
    world_to_camera = data["camera_world_to_camera"].astype(np.float64)
    _check_camera(path, data, world_to_camera)
    focal_lengths = data["camera_focal_length"].astype(np.float64)
    return CameraPath(data["time"].astype(np.float64), focal_lengths, _image_size(data), world_to_camera)


def _image_size(data: dict[str, AnyArray]) -> tuple[int, int]:
    width, height = (int(side) for side in data["camera_image_size"])
    return width, height


def _check_camera(path: Path, data: dict[str, AnyArray], world_to_camera: Array) -> None:
    """Raise PoseNet3DError unless the transforms (F, 4, 4) are rigid and the lens is one."""
    rotation = world_to_camera[:, :3, :3]
    is_rigid = (
        np.allclose(rotation @ np.swapaxes(rotation, 1, 2), np.eye(3), atol=1e-3)
        and (np.linalg.det(rotation) > 0).all()
        and np.allclose(world_to_camera[:, 3], [0, 0, 0, 1])
    )
    if not is_rigid or (data["camera_focal_length"] <= 0).any() or (data["camera_image_size"] < 1).any():
        raise PoseNet3DError(f"{path}: the camera's keys describe no camera; give {WANTED}")
