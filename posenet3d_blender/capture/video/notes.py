"""Warnings about footage: what its files leave open, state wrongly, or lack."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from ...arrays import Array
from .sources.clock import Jump
from .sources.image_sequence import ImageSequence
from .sources.orientation import DOUBTFUL_ANGLE, nearest_orientation
from .sources.pictures import SizeChanges
from .sources.video_file import SurveyedVideo

GUESSED_RATE: Final = Fraction(25)
"""Frames per second of a raw stream that states no rate; FFmpeg takes the same."""
_MOST_SIZE_NOTES: Final = 5
"""More changes of the picture's size share one note."""
_ANEW: Final = "copy or export the video again"


@dataclass(frozen=True)
class Note:
    """A warning."""

    sentence: str
    frame: int | None = None
    """It concerns captures of a range that goes on over this frame; None: all."""


def video_notes(video: SurveyedVideo, time: Array, input_rate: Fraction | None) -> Iterator[Note]:
    """Notes on the guessed and the doubtful in a video.

    Args:
        video: the video.
        time: (N,) seconds of its frames.
        input_rate: frames per second that the user states.
    """
    track = video.track
    if track.track_count > 1:
        size = "x".join(str(side) for side in track.stored_size)
        yield Note(
            f"The file has {track.track_count} video tracks; number {track.number} ({size}), the default or largest "
            "one, is captured"
        )
    if track.stated_aspect != track.pixel_aspect:
        yield Note(
            f"The file states pixels {float(track.stated_aspect):g} times as wide as high; square ones are taken"
        )
    _, deviation = nearest_orientation(track.matrix)
    if deviation > DOUBTFUL_ANGLE:
        yield Note(
            f"The file asks for its pictures to be turned {deviation:.0f} degrees more than by quarters; they are not, "
            "so the motion may lean"
        )
    yield from _rate_notes(video, input_rate)
    if video.clock is not None:
        yield from jump_notes(video.clock.jumps, time)
        if video.clock.mended:
            yield Note(
                f"{_frames(video.clock.mended)} without a timestamp, or with one that repeats or runs backwards; "
                "the time between the neighbours is taken"
            )
    yield from size_notes(track.stored_size, video.size_changes, time)
    if video.packets.is_cut_off:
        whole = f" of {video.packets.promised:.2f} s" if (video.packets.promised or 0) > time[-1] else ""
        yield Note(
            f"The file is cut off: it goes as far as {time[-1]:.2f} s{whole}, which is captured; {_ANEW} for the rest",
            len(time) - 1,
        )


def sequence_notes(sequence: ImageSequence, positions: list[int], time: Array, jumps: tuple[Jump, ...]) -> list[Note]:
    """Notes on an image sequence whose pictures have these places in time (N,) and these times (N,), seconds."""
    notes = list(jump_notes(jumps, time))
    missing = positions[-1] + 1 - len(positions)
    if missing and not jumps:
        gap = int(np.argmax(np.diff(positions) > 1)) + 1
        notes.append(
            Note(f"{missing} pictures of the sequence are missing, the first before {sequence.files[gap].name}; the "
                 "motion there is interpolated")
        )  # fmt: skip
    if sequence.left_out:
        names = ", ".join(path.name for path in sequence.left_out[:3])
        notes.append(Note(f"Not part of the image sequence and left out: {names}"))
    return notes


def jump_notes(jumps: tuple[Jump, ...], time: Array) -> Iterator[Note]:
    """Notes on a clock that was set anew, for footage with frames at `time` (N,), seconds."""
    for jump in jumps:
        size = f"{'+' if jump.seconds > 0 else '-'}{duration(abs(jump.seconds))}"
        yield Note(
            f"The footage's clock jumps by {size} at {time[jump.frame]:.2f} s; what comes after is joined to what "
            "comes before, without the gap",
            jump.frame,
        )


def size_notes(first: tuple[int, int], changes: SizeChanges, time: Array) -> Iterator[Note]:
    """Notes on pictures that change from the first one's size, for footage with frames at `time` (N,), seconds."""
    is_restless = len(changes) > _MOST_SIZE_NOTES
    earlier = first
    for frame, size in changes[:1] if is_restless else changes:
        sizes = " to ".join("x".join(str(side) for side in one) for one in (earlier, size))
        earlier = size
        count = f" {len(changes)} times, at first" if is_restless else ""
        place = "" if frame is None else f" at {time[frame]:.2f} s"
        yield Note(
            f"The picture's size changes{count} from {sizes}{place}; it is taken as turned or scaled, with the same "
            "lens; if the person's distance jumps there, capture each part by itself with --start and --end",
            None if is_restless else frame,
        )


def damage_note(damaged: set[int], time: Array, frame_count: int) -> Note | None:
    """Frames that could not be decoded, or only with errors; None where there are none."""
    if not damaged:
        return None
    return Note(
        f"{len(damaged)} of {frame_count} frames are damaged, the first at {time[min(damaged)]:.2f} s; the motion "
        f"there is interpolated or doubtful; {_ANEW}"
    )


def duration(seconds: float) -> str:
    """Hours, minutes and seconds, for people."""
    minutes, rest = divmod(round(seconds, 2), 60)
    hours, minutes = divmod(int(minutes), 60)
    if hours:
        return f"{hours}:{minutes:02}:{rest:05.2f} h"
    return f"{minutes}:{rest:05.2f} min" if minutes else f"{rest:.2f} s"


def _rate_notes(video: SurveyedVideo, input_rate: Fraction | None) -> Iterator[Note]:
    stated = video.track.stated_rate
    if video.clock is not None and input_rate is not None:
        yield Note(
            f"--input-fps {float(input_rate):g} is ignored: the file's own timestamps say when each frame is shown"
        )
    elif video.clock is None and input_rate is None:
        if stated is None:
            yield Note(
                f"The file states no frame rate; {float(GUESSED_RATE):g} frames per second are taken; state the true "
                "rate with --input-fps"
            )
        elif not video.track.is_raw:
            yield Note(
                f"The file has no usable timestamps; its frames are taken to be {float(stated):g} per second, as it "
                "states; --input-fps sets another rate"
            )
    elif input_rate is not None and stated is not None and abs(float(stated / input_rate) - 1) > 1e-3:
        yield Note(
            f"The file states {float(stated):g} frames per second; {float(input_rate):g} are taken, as --input-fps says"
        )


def _frames(count: int) -> str:
    return "1 frame is" if count == 1 else f"{count} frames are"
