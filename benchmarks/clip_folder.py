"""Make a folder of clips to try batches on: good, portrait, 4K, long and broken ones, from some real footage.

.venv/bin/python -m benchmarks.clip_folder FOLDER [--count 40] [--seconds 4] [--source CLIP …]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import cycle, islice
from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.capture.video.footage import open_footage, read_frames

SOURCES: Final = ("opencap_walk", "opencap_squat", "p2s_single_cam01", "p2s_single_cam03", "sports2d_demo")
VIDEO_FOLDER: Final = Path(__file__).parents[2] / "shared" / "video"
KINDS: Final = ("good", "portrait", "good", "text", "good", "4k", "cut_off", "good", "nobody", "long")
"""In turns; three of ten are broken."""
BROKEN: Final = {"text", "cut_off", "nobody"}
LONG: Final = 5
"""Times as long as the others."""
SIZE_4K: Final = 3840
Picture = NDArray[np.uint8]


def main() -> None:
    """Make the folder."""
    parser = argparse.ArgumentParser(description="Make a folder of clips to try batches on.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=4.0, help="of a clip that is not long")
    parser.add_argument("--longer-side", type=int, default=960, help="pixels, of clips that are not 4K")
    parser.add_argument("--source", type=Path, nargs="+", default=[VIDEO_FOLDER / f"{name}.mp4" for name in SOURCES])
    arguments = parser.parse_args()
    made = make_clips(arguments.folder, arguments.source, arguments.count, arguments.seconds, arguments.longer_side)
    print(f"{len(made)} clips in {arguments.folder}, {sum(made.values())} of them good")


def make_clips(
    folder: Path,
    sources: Sequence[Path],
    count: int,
    seconds: float,
    longer_side: int,
    kinds: Sequence[str] = KINDS,
    large_side: int = SIZE_4K,
) -> dict[str, bool]:
    """Write the clips; returns by name whether it can be captured.

    Args:
        folder: made if it is missing.
        sources: real footage of people, taken in turns.
        count: of clips.
        seconds: of a clip.
        longer_side: pixels.
        kinds: of clips, in turns.
        large_side: pixels of the longer side of the kind "4k".
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = {}
    for number, (kind, source) in enumerate(islice(zip(cycle(kinds), cycle(sources)), count), start=1):
        path = folder / f"{number:02}_{kind}.mp4"
        _make(path, kind, source, seconds, large_side if kind == "4k" else longer_side)
        made[path.name] = kind not in BROKEN
    return made


def _make(path: Path, kind: str, source: Path, seconds: float, longer_side: int) -> None:
    if kind == "text":
        path.write_text("a call sheet with the wrong ending\n", encoding="utf-8")
        return
    pictures = looped_pictures(source, LONG * seconds if kind == "long" else seconds, longer_side)
    if kind == "nobody":
        pictures = (np.full_like(picture, 90) for picture in pictures)
    if kind == "portrait":
        pictures = (_portrait(picture) for picture in pictures)
    write_video(path, pictures, open_footage(source).standard_rate)
    if kind == "cut_off":  # the index is at the end
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def looped_pictures(source: Path, seconds: float, longer_side: int) -> Iterator[Picture]:
    """The footage, to and fro if it is too short, for so many seconds."""
    footage = open_footage(source)
    scale = longer_side / max(footage.image_size)
    width, height = (2 * max(1, round(side * scale / 2)) for side in footage.image_size)
    once = [
        np.asarray(cv2.resize(frame.image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        for frame in read_frames(footage, footage.frames_between(0.0, seconds))
    ]
    count = max(2, round(seconds * float(footage.standard_rate)))
    return islice(cycle([*once, *once[-2:0:-1]]), count)


def _portrait(picture: Picture) -> Picture:
    """The middle of a picture, 9:16."""
    height, width = picture.shape[:2]
    part = min(width, 2 * round(height * 9 / 32))
    left = (width - part) // 2
    return picture[:, left : left + part]


def write_video(path: Path, pictures: Iterator[Picture], rate: Fraction) -> None:
    """Encode pictures (H, W, 3), all of one size, at so many a second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={"preset": "veryfast", "crf": "22"})
        for number, picture in enumerate(pictures):
            if number == 0:
                stream.height, stream.width = picture.shape[:2]
                stream.pix_fmt = "yuv420p"
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")))
        container.mux(stream.encode())


if __name__ == "__main__":
    main()
