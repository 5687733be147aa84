"""Measure memory and time of a capture against the length of its footage.

    .venv/bin/python -m benchmarks.long_clip [--minutes 1 5 15] [--longer-side 480] [--every 1] [--detector full]

Some real footage, small and to and fro, is repeated without encoding it again. Each length is a process of its own,
captured to a motion file: its peak memory, and its processor time for each frame and second. A line through the peaks
tells an hour's. Linux and macOS only.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Final

import av
import numpy as np

from posenet3d_blender.capture.video.footage import open_footage

from .clip_folder import VIDEO_FOLDER, looped_pictures, write_video

CHECKOUT: Final = Path(__file__).parents[1]
RSS_UNIT: Final = 1 if sys.platform == "darwin" else 1024
"""Bytes of a unit of the largest resident set size, as the system reports it."""
HOUR: Final = 60
"""Minutes."""


@dataclass(frozen=True)
class Measurement:
    """One capture."""

    minutes: float
    frames: int
    peak: float
    """Megabytes that the process held at most."""
    processor_seconds: float
    stages: dict[str, float]
    """Seconds by stage, wall time."""

    def as_line(self) -> str:
        """One line of text."""
        of_frame = 1000 * self.processor_seconds / self.frames
        of_second = self.processor_seconds / (60 * self.minutes)
        return (
            f"{self.minutes:6.1f} min  {self.frames:7} frames  {self.peak:6.0f} MB  "
            f"{of_frame:6.1f} ms a frame, {of_second:.2f} s a second of footage (processor time)"
        )


def main() -> None:
    """Measure all lengths and print them, and the line through the peaks."""
    parser = argparse.ArgumentParser(description="Measure memory and time against the length of footage.")
    parser.add_argument("--minutes", type=float, nargs="+", default=[1.0, 5.0, 15.0])
    parser.add_argument("--source", type=Path, default=VIDEO_FOLDER / "opencap_squat.mp4")
    parser.add_argument("--longer-side", type=int, default=480, help="pixels")
    parser.add_argument("--every", type=int, default=1, help="keep every so many frames only")
    parser.add_argument("--detector", choices=("heavy", "full"), default="full")
    parser.add_argument("--out", type=Path, help="also write the figures as JSON")
    arguments = parser.parse_args()
    measurements = []
    with tempfile.TemporaryDirectory(prefix="long-clip-") as name:
        once = Path(name) / "once.mp4"
        seconds = make_loop(arguments.source, once, arguments.longer_side, arguments.every)
        for minutes in arguments.minutes:
            clip = Path(name) / "clip.mp4"
            repeat(once, clip, max(1, round(60 * minutes / seconds)))
            measurements.append(measure(clip, arguments.detector))
            print(measurements[-1].as_line(), flush=True)
    report: dict[str, object] = {"captures": [asdict(one) for one in measurements]}
    if len(measurements) > 1:
        lengths, peaks = [one.minutes for one in measurements], [one.peak for one in measurements]
        slope, start = np.polyfit(lengths, peaks, 1)
        print(f"{slope:.1f} MB a minute, {start + HOUR * slope:.0f} MB for an hour")
        report |= {"mb_a_minute": round(float(slope), 2), "mb_for_an_hour": round(float(start + HOUR * slope))}
    if arguments.out:
        arguments.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def make_loop(source: Path, path: Path, longer_side: int, every: int) -> float:
    """Write the footage to and fro, so that its end goes over into its beginning; returns its seconds.

    Args:
        source: real footage.
        path: of the video to write.
        longer_side: pixels.
        every: of so many frames one is kept.
    """
    footage = open_footage(source)
    rate = footage.standard_rate
    count = 2 * footage.frame_count - 2
    pictures = looped_pictures(source, count / float(rate), longer_side)
    write_video(path, islice(pictures, 0, count, every), rate / every)
    return len(range(0, count, every)) * every / float(rate)


def repeat(once: Path, path: Path, times: int) -> None:
    """Write a video so many times over, without decoding it."""
    with av.open(str(path), "w") as container:
        with av.open(str(once)) as source:
            stream = container.add_stream_from_template(source.streams.video[0])
        offset = 0
        for _ in range(times):
            with av.open(str(once)) as source:
                video = source.streams.video[0]
                step = round(
                    Fraction(video.frames) / Fraction(video.average_rate or 1) / Fraction(video.time_base or 1)
                )
                for packet in source.demux(video):
                    if packet.dts is None or packet.pts is None:
                        continue
                    packet.pts, packet.dts = packet.pts + offset, packet.dts + offset
                    packet.stream = stream
                    container.mux(packet)
            offset += step


def measure(clip: Path, detector: str) -> Measurement:
    """Capture a clip to a motion file in a process of its own."""
    command = [sys.executable, "-m", "posenet3d_blender", "capture", str(clip), "-o", str(clip.with_suffix(".npz"))]
    with tempfile.TemporaryFile("w+") as printed:
        process = subprocess.Popen(
            [*command, "--detector", detector, "--device", "cpu", "--json"],
            stdout=printed,
            env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"the capture ends with {process.returncode}")
        printed.seek(0)
        summary = json.loads(printed.read())
    seconds = float(open_footage(clip).time[-1])
    peak = usage.ru_maxrss * RSS_UNIT / 1e6
    return Measurement(seconds / 60, summary["frames"], peak, usage.ru_utime + usage.ru_stime, summary["seconds"])


if __name__ == "__main__":
    main()
