"""Small videos for the commands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from posenet3d_blender.cli.batch import capture_clip, command
from posenet3d_blender.cli.batch.job import ClipJob, ClipResult
from posenet3d_blender.cli.process import StopRequest
from posenet3d_blender.progress import silent

Image = NDArray[np.uint8]
WriteVideo = Callable[[Path, Iterable[Image]], Path]


@pytest.fixture
def batch_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Capture a batch's clips in the tests' process, one after another, where stand-ins apply."""

    def run_here(jobs: Sequence[ClipJob], _count: int, check_stop: Callable[[], None]) -> Iterator[ClipResult]:
        for job in jobs:
            check_stop()
            yield capture_clip.capture_clip(job, silent, StopRequest())

    monkeypatch.setattr(command, "run_in_processes", run_here)


@pytest.fixture(scope="session")
def demo_frames(demo_clip: Path) -> list[Image]:
    """The bundled clip's pictures."""
    with av.open(str(demo_clip)) as container:
        return [picture.to_ndarray(format="rgb24").astype(np.uint8) for picture in container.decode(video=0)]


@pytest.fixture(scope="session")
def write_video() -> WriteVideo:
    """Write pictures as an H.264 .mp4 of 30 frames per second."""

    def write(path: Path, images: Iterable[Image]) -> Path:
        with av.open(str(path), "w") as container:
            stream = None
            for image in images:
                if stream is None:
                    stream = container.add_stream("libx264", rate=30, options={"preset": "ultrafast", "crf": "20"})
                    stream.height, stream.width = image.shape[:2]
                    stream.pix_fmt = "yuv420p"
                container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
            if stream is not None:
                container.mux(stream.encode())
        return path

    return write
