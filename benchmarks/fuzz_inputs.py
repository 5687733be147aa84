"""Damaged inputs for the fuzz test: short videos, files of 2D joints, motions and bodies, each with a few mutations.

Input number i of a seed is always the same, so that a failure can be repeated alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np

from posenet3d_blender.arrays import AnyArray
from posenet3d_blender.capture.keypoints.layouts import BLAZEPOSE_33, BODY_25, COCO_17
from posenet3d_blender.capture.keypoints.own_files import own_keypoints

from .fuzz_mutations import Json, archive_bytes, mutate_archive, mutate_bytes, mutate_json

FRAME_COUNT: Final = 12
RATE: Final = 12
"""Frames per second: a second of footage."""
SIZE: Final = (144, 256)
"""Pixels, width and height."""
CODECS: Final = {
    "clip.mp4": ("libx264", "yuv420p"),
    "clip.mov": ("mjpeg", "yuvj420p"),
    "clip.mkv": ("libx264", "yuv420p"),
    "clip.webm": ("libvpx", "yuv420p"),
    "clip.ts": ("mpeg2video", "yuv420p"),
    "clip.avi": ("mpeg4", "yuv420p"),
    "clip.flv": ("flv1", "yuv420p"),
    "clip.gif": ("gif", "rgb8"),
    "clip.h264": ("libx264", "yuv420p"),
}
"""By file name: codec and pixel format."""
KINDS: Final = (*("video", "keypoints") * 4, "motion", "body")
"""Of every ten inputs."""


@dataclass(frozen=True)
class FuzzInput:
    """One damaged file."""

    index: int
    kind: str
    """One of KINDS."""
    name: str
    content: bytes
    is_full: bool
    """Run the whole command on it, not only the reader."""


def write_videos(clip: Path, folder: Path) -> dict[str, bytes]:
    """The first pictures of a clip, small, in every container of CODECS; by file name."""
    import av

    with av.open(str(clip)) as container:
        pictures = [picture.to_ndarray(format="rgb24") for picture in container.decode(video=0)]
    pictures = pictures[: 2 * FRAME_COUNT : 2]
    videos = {}
    for name, (codec, pixel_format) in CODECS.items():
        path = folder / name
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=Fraction(RATE if codec != "mpeg2video" else 25))
            assert isinstance(stream, av.VideoStream)
            stream.width, stream.height = SIZE
            stream.pix_fmt = pixel_format
            for picture in pictures:
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(*SIZE, pixel_format)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        videos[name] = path.read_bytes()
    return videos


def keypoint_files(own_file: Path) -> dict[str, Json]:
    """Content of a file of ours, and the same person as other detectors write them; by file name."""
    own = json.loads(own_file.read_text(encoding="utf-8"))
    stored = own_keypoints(own_file, own)
    assert stored is not None, "the file is one of ours"
    points = stored.keypoints
    poses = np.concatenate([points.points, points.confidence[..., None]], axis=2)
    places = {name: place for place, name in enumerate(own["names"])}

    def in_layout(layout: tuple[str | None, ...]) -> list[list[list[float]]]:
        return [[frame[places[name]].tolist() if name else [0.0, 0.0, 0.0] for name in layout] for frame in poses]

    def flat(pose: list[list[float]]) -> list[float]:
        return [value for point in pose for value in point]

    coco = [
        {"image_id": frame, "category_id": 1, "keypoints": flat(pose), "score": 0.9, "track_id": 1}
        for frame, pose in enumerate(in_layout(COCO_17))
    ]
    openpose = [
        {"version": 1.3, "people": [{"person_id": [-1], "pose_keypoints_2d": flat(pose)}]}
        for pose in in_layout(BODY_25)
    ]
    mediapipe = [
        [{"x": x / SIZE[0], "y": y / SIZE[1], "z": 0.0, "visibility": score} for x, y, score in pose]
        for pose in in_layout(BLAZEPOSE_33)
    ]
    size = {"width": SIZE[0], "height": SIZE[1]}
    whole_coco = {
        "images": [{"id": frame, "file_name": f"{frame:04d}.jpg", **size} for frame in range(len(coco))],
        "annotations": coco,
        "categories": [{"id": 1, "name": "person"}],
    }
    return {
        "own.json": own,
        "coco.json": coco,
        "whole_coco.json": whole_coco,
        "openpose.json": openpose,
        "mediapipe.json": mediapipe,
    }


@dataclass(frozen=True)
class Sources:
    """Whole files to damage, by name."""

    videos: Mapping[str, bytes]
    keypoints: Mapping[str, Json]
    motion: Mapping[str, AnyArray]
    body: Mapping[str, AnyArray]

    def damaged(self, seed: int, index: int) -> FuzzInput:
        """Input number `index` of a seed; the first of each kind is whole."""
        random = np.random.default_rng([seed, index])
        kind = KINDS[index % len(KINDS)]
        is_whole = index < len(KINDS) and kind not in KINDS[:index]
        if kind == "video":
            name = str(random.choice(list(self.videos))) if not is_whole else "clip.mp4"
            content = self.videos[name] if is_whole else mutate_bytes(random, self.videos[name])
            return FuzzInput(index, kind, name, content, is_full=is_whole or index % 30 == 0)
        if kind == "keypoints":
            name = str(random.choice(list(self.keypoints))) if not is_whole else "own.json"
            data = self.keypoints[name]
            content = json.dumps(data).encode() if is_whole else mutate_json(random, data)
            return FuzzInput(index, kind, name, content, is_full=True)
        arrays = self.motion if kind == "motion" else self.body
        content = archive_bytes(arrays) if is_whole else mutate_archive(random, arrays)
        return FuzzInput(index, kind, f"{kind}.npz", content, is_full=kind == "motion")
