"""Preview video: the footage with the solved skeleton drawn over it, for checking a capture by eye."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from ...arrays import Array
from ...atomic_write import writing
from ...body.finger_positions import finger_positions
from ...body.fingers import SIDES, WRISTS
from ...body.model import Body
from ...body.skeleton import JOINT_NAMES, PARENTS
from ...errors import PoseNet3DError, one_line
from ...motion import Motion
from ...progress import Progress, silent
from .footage import Footage, read_frames

if TYPE_CHECKING:
    import av

LONGEST_SIDE: Final = 1280
TIME_BASE: Final = Fraction(1, 90_000)
"""The clock of most video files: fine enough for any frame rate."""
COLOURS: Final = {"left": (0, 160, 255), "right": (255, 96, 0), "middle": (240, 240, 240)}
"""RGB, by the person's own side."""
LINE_WIDTH: Final = 1 / 240
"""As a part of the picture's longer side."""
FAINTEST: Final = 0.25
"""Opacity of a skeleton of confidence 0; one of confidence 1 is opaque."""
SUBPIXEL_BITS: Final = 4


@dataclass(frozen=True)
class Skeleton:
    """One person's skeleton in one picture."""

    joints: Array
    """(24, 2) pixels."""
    confidence: float
    fingers: Array | None = None
    """(2, 5, 4, 2) pixels: left and right hand, the joints of each finger and its tip; None: they are not known."""


def write_preview(
    path: Path, footage: Footage, motions: Sequence[Motion], progress: Progress = silent, body: Body | None = None
) -> None:
    """Write an H.264 video of the footage, at its own frame times, with each motion's 24 joints drawn where it lasts.

    The person's left is blue, the right orange; a low confidence makes them faint. The preview starts with the motions'
    scene, as other files do, and ends with the last motion. With the body that was captured on, fingers are drawn too.

    Raises:
        PoseNet3DError: a motion has no camera, or the file can't be written.
    """
    if not motions or any(motion.camera is None for motion in motions):
        raise PoseNet3DError(f"{path}: a preview needs motions with a solved camera; capture them from footage")
    start = max(0.0, min(_start(motion) for motion in motions))
    end = max(float(motion.time[-1]) + _hold(motion) for motion in motions)
    frames = footage.frames_between(start, end)
    size = preview_size(footage.image_size)
    tracks = [ProjectedMotion(motion, np.array(size) / footage.image_size, body) for motion in motions]
    with writing(path) as partial, _encoding(partial, path, size, footage.standard_rate) as encoder:
        for frame in read_frames(footage, frames):
            picture = _resized(frame.image, size)
            for track in tracks:
                skeleton = track.at(frame.time)
                if skeleton is not None:
                    picture = draw_skeleton(picture, skeleton)
            encoder.add(picture, frame.time - footage.time[frames.start])
            progress("preview", (frame.index - frames.start + 1) / (frames.stop - frames.start))


def preview_size(image_size: tuple[int, int]) -> tuple[int, int]:
    """Even width and height (H.264 asks for that), the longer side at most 1280 pixels."""
    scale = min(1.0, LONGEST_SIDE / max(image_size))
    width, height = (max(2, 2 * round(side * scale / 2)) for side in image_size)
    return width, height


def draw_skeleton(
    picture: NDArray[np.uint8], skeleton: Skeleton, colours: Mapping[str, tuple[int, int, int]] = COLOURS
) -> NDArray[np.uint8]:
    """A copy of a picture (H, W, 3) RGB with the bones drawn, smooth-edged and blended by confidence."""
    import cv2

    if not np.isfinite(skeleton.joints).all():
        return picture
    drawn = picture.copy()
    width = max(2, round(max(picture.shape[:2]) * LINE_WIDTH))
    # Far outside the picture the fixed-point coordinates would overflow.
    reach = 4 * max(picture.shape[:2])
    places = np.round(np.clip(skeleton.joints, -reach, reach) * 2**SUBPIXEL_BITS).astype(int).tolist()
    for joint, parent in enumerate(PARENTS):
        if parent >= 0:
            colour = colours[_side(JOINT_NAMES[joint])]
            cv2.line(drawn, places[parent], places[joint], colour, width, cv2.LINE_AA, SUBPIXEL_BITS)
    if skeleton.fingers is not None and np.isfinite(skeleton.fingers).all():
        _draw_fingers(drawn, skeleton, colours, width, reach)
    for joint, place in enumerate(places):
        colour = colours[_side(JOINT_NAMES[joint])]
        cv2.circle(drawn, place, width << SUBPIXEL_BITS, colour, -1, cv2.LINE_AA, SUBPIXEL_BITS)
    opacity = FAINTEST + (1 - FAINTEST) * float(np.clip(skeleton.confidence, 0, 1))
    return np.asarray(cv2.addWeighted(drawn, opacity, picture, 1 - opacity, 0), dtype=np.uint8)


def _draw_fingers(
    drawn: NDArray[np.uint8],
    skeleton: Skeleton,
    colours: Mapping[str, tuple[int, int, int]],
    width: int,
    reach: int,
) -> None:
    """Draw each finger from the wrist to its tip, thinner than the body's bones."""
    import cv2

    assert skeleton.fingers is not None
    for side, wrist, fingers in zip(SIDES, WRISTS, skeleton.fingers, strict=True):
        for finger in fingers:
            points = np.clip(np.concatenate([skeleton.joints[wrist][None], finger]), -reach, reach)
            places = np.round(points * 2**SUBPIXEL_BITS).astype(np.int32)
            cv2.polylines(drawn, [places], False, colours[side], max(1, width // 2), cv2.LINE_AA, SUBPIXEL_BITS)


def _hold(motion: Motion) -> float:
    """Seconds for which a motion's ends are held: up to a frame of the footage lies after its last sample.

    The next frame but one may be of another shot.
    """
    return 0.9 / motion.frame_rate


def _start(motion: Motion) -> float:
    """Time at which the motion's scene starts, seconds; one that starts with the motion itself holds its first pose."""
    return float(motion.time[0]) - _hold(motion) if motion.scene_start is None else motion.scene_start


def _side(name: str) -> str:
    side = name.partition("_")[0]
    return side if side in COLOURS else "middle"


class ProjectedMotion:
    """A motion's joints in the preview's pixels, at any time."""

    def __init__(self, motion: Motion, scale: Array, body: Body | None = None) -> None:
        """Project with the motion's camera, times (2,) the preview's size over the footage's; `body`: for fingers."""
        if motion.camera is None:
            raise ValueError("motion without a camera")
        self._motion = motion
        camera = motion.camera_path or motion.camera
        self._joints = camera.project(motion.joints) * scale
        fingers = finger_positions(motion, body) if body else None
        self._fingers = None
        if fingers is not None:
            self._fingers = (camera.project(fingers.reshape(len(fingers), -1, 3)) * scale).reshape(
                *fingers.shape[:-1], 2
            )

    def at(self, time: float) -> Skeleton | None:
        """The skeleton at a time in seconds, or None before and after the motion."""
        times, hold = self._motion.time, _hold(self._motion)
        if not times[0] - hold <= time <= times[-1] + hold:
            return None
        after = int(np.clip(np.searchsorted(times, time), 1, max(len(times) - 1, 1)))
        before, after = after - 1, min(after, len(times) - 1)
        span = times[after] - times[before]
        part = float(np.clip((time - times[before]) / span, 0, 1)) if span > 0 else 0.0
        joints = self._joints[before] * (1 - part) + self._joints[after] * part
        fingers = self._fingers
        if fingers is not None:
            fingers = fingers[before] * (1 - part) + fingers[after] * part
        confidence = self._motion.confidence[before] * (1 - part) + self._motion.confidence[after] * part
        return Skeleton(joints, float(confidence), fingers)


def _resized(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    import cv2

    if image.shape[1::-1] == size:
        return image
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


class _Encoder:
    """An H.264 file that takes one picture after the other."""

    def __init__(self, container: av.container.OutputContainer, size: tuple[int, int], rate: Fraction) -> None:
        self._container = container
        stream = container.add_stream("libx264", rate=rate, options={"preset": "veryfast", "crf": "20"})
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.thread_count = 1  # with more, libx264 gives another file in each run on some processors
        stream.time_base = TIME_BASE
        stream.codec_context.time_base = TIME_BASE
        self._stream = stream

    def add(self, picture: NDArray[np.uint8], time: float) -> None:
        """Show a picture (H, W, 3) RGB from `time` on, seconds."""
        import av

        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts = round(time / TIME_BASE)
        frame.time_base = TIME_BASE
        self._container.mux(self._stream.encode(frame))

    def finish(self) -> None:
        """Write the frames that the encoder has buffered."""
        self._container.mux(self._stream.encode(None))


@contextmanager
def _encoding(partial: Path, path: Path, size: tuple[int, int], rate: Fraction) -> Iterator[_Encoder]:
    import av

    try:
        with av.open(str(partial), "w") as container:
            encoder = _Encoder(container, size, rate)
            yield encoder
            encoder.finish()
    except (av.error.FFmpegError, ValueError) as error:
        reason = one_line(getattr(error, "strerror", None) or str(error))
        if isinstance(error, OSError):  # of the disk or the folder; FFmpeg's names the file only sometimes
            raise PoseNet3DError(f"{path}: can't be written ({reason}); check the folder and disk") from error
        advice = "install the add-on again" if path.suffix.lower() == ".mp4" else "give a name that ends in .mp4"
        raise PoseNet3DError(f"{path}: the preview can't be encoded ({reason}); {advice}") from error
