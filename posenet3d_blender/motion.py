"""The captured motion and its file: what capture gives and everything after it takes.

World frame: Blender's, Z up, metres. Time in seconds since the video's first frame.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .body.skeleton import JOINT_COUNT
from .camera import Camera
from .errors import PoseNet3DError
from .files import writing

REQUIRED_KEYS = ("poses", "trans", "betas", "mocap_framerate")


@dataclass(frozen=True)
class Motion:
    """One person's motion at a constant rate, in SMPL's parameters."""

    poses: NDArray[np.float64]
    """(T, 24, 3) axis-angle, radians; each joint's rotation relative to its parent, the pelvis's in the world."""
    trans: NDArray[np.float64]
    """(T, 3) metres, SMPL's translation: the pelvis stands at its rest position plus this."""
    betas: NDArray[np.float64]
    """(10,) shape coefficients of the body."""
    frame_rate: float
    """Frames per second, constant; 24000/1001 and the like are kept as floats."""
    time: NDArray[np.float64]
    """(T,) seconds since the video's first frame."""
    joints: NDArray[np.float64]
    """(T, 24, 3) joint positions in the world, metres."""
    contacts: NDArray[np.float64]
    """(T, 2) probability that the left and the right foot rest on the floor."""
    confidence: NDArray[np.float64]
    """(T,) from 0 (guessed) to 1 (seen well)."""
    camera: Camera | None = None
    """The solved camera, when the motion came from footage."""

    @property
    def frame_count(self) -> int:
        return len(self.poses)

    def save(self, path: Path) -> None:
        """Write the motion file (contract: AMASS's keys and ours); it appears whole or not at all."""
        arrays: dict[str, NDArray] = {
            "poses": self.poses.reshape(-1, 3 * JOINT_COUNT),
            "trans": self.trans,
            "betas": self.betas,
            "mocap_framerate": np.array(self.frame_rate),
            "gender": np.array("neutral"),
            "time": self.time,
            "joints": self.joints,
            "contacts": self.contacts,
            "confidence": self.confidence,
        }
        if self.camera is not None:
            arrays["camera_focal_length"] = np.array(self.camera.focal_length)
            arrays["camera_image_size"] = np.array(self.camera.image_size)
            arrays["camera_world_to_camera"] = self.camera.world_to_camera
        with writing(path) as partial, partial.open("wb") as stream:
            np.savez_compressed(stream, **arrays)


def load_motion(path: Path) -> Motion:
    """Read a motion file of ours.

    Raises:
        PoseNet3DError: the file is missing, is no motion file, or lacks a key.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            data = {key: archive[key] for key in archive.files}
    except FileNotFoundError:
        raise PoseNet3DError(f"{path}: no such file; give a motion .npz that capture wrote") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, AttributeError) as error:
        raise PoseNet3DError(f"{path}: not a motion file; give a motion .npz that capture wrote") from error
    return _motion_from_arrays(path, data)


def _motion_from_arrays(path: Path, data: dict[str, NDArray]) -> Motion:
    wanted = (*REQUIRED_KEYS, "time", "joints", "contacts", "confidence")
    missing = [key for key in wanted if key not in data]
    if missing:
        raise PoseNet3DError(f"{path}: key '{missing[0]}' is missing; give a motion .npz that capture wrote")
    frame_count = len(data["trans"])
    shapes = {
        "poses": (frame_count, 3 * JOINT_COUNT),
        "trans": (frame_count, 3),
        "time": (frame_count,),
        "joints": (frame_count, JOINT_COUNT, 3),
        "contacts": (frame_count, 2),
        "confidence": (frame_count,),
    }
    for key, shape in shapes.items():
        if data[key].shape != shape:
            raise PoseNet3DError(f"{path}: key '{key}' has shape {data[key].shape}, expected {shape}")
        if not np.isfinite(data[key]).all():
            raise PoseNet3DError(f"{path}: key '{key}' holds values that are not finite numbers")
    camera = None
    if "camera_focal_length" in data:
        width, height = (int(side) for side in data["camera_image_size"])
        camera = Camera(float(data["camera_focal_length"]), (width, height), data["camera_world_to_camera"])
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
    )
