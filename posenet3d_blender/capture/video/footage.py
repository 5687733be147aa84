"""Footage: the frames of a video or an image sequence, their times and their orientation.

Time is in seconds since the first shown frame, by the file's own timestamps (variable rate, edit lists). Pictures are
upright: turned and mirrored as the file asks for, with square pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from ...arrays import Array
from ...background import Background
from ...errors import PoseNet3DError
from .frame_rates import rate_of_number, sample_times, standard_rate
from .notes import GUESSED_RATE, Note, damage_note, sequence_notes, size_notes, video_notes
from .sources.clock import Clock, clock_of
from .sources.container import check_file, single_picture_advice
from .sources.image_sequence import ImageSequence, find_sequence, footage_name
from .sources.orientation import Orientation, Pixels, nearest_orientation
from .sources.pictures import NoPictures, PictureSource, SizeChanges, StoredPicture, common_size, fit_into
from .sources.video_file import SurveyedVideo, survey_video

__all__ = ["Footage", "Frame", "open_footage", "read_frames", "sample_times", "standard_rate"]

MINIMUM_FRAME_COUNT: Final = 2


@dataclass(frozen=True)
class Footage:
    """A readable video or image sequence and the times of its frames."""

    path: Path
    """The video, or the folder or pattern of an image sequence."""
    width: int
    """Pixels of the upright picture."""
    height: int
    """Pixels of the upright picture."""
    orientation: Orientation
    """By which the first stored picture is made upright."""
    time: Array
    """(N,) seconds since the first shown frame, strictly rising."""
    standard_rate: Fraction
    """The constant frame rate at which this footage's motion is sampled."""
    source: PictureSource = field(default_factory=NoPictures)
    stored_background: Background | None = None
    """Layout in its files, for Blender; None: as it is shown."""
    equivalent_focal_length: float | None = None
    """Millimetres on 35 mm film; None: not in the file."""
    notes: tuple[Note, ...] = ()
    size_changes: SizeChanges = ()
    """Of the upright pictures, the first one's size at frame 0 among them; empty: they are all of one size."""
    diagonal: float | None = None
    """Pixels of a picture's diagonal, where pictures of several sizes share one image; None: they fill it."""
    damaged: set[int] = field(default_factory=set, compare=False)
    """Frames that could not be decoded, or only with errors, as far as they were read."""
    is_mirrored: bool = False
    """The pictures are mirror images, as of many front cameras; frames are given as the world was."""

    @property
    def image_size(self) -> tuple[int, int]:
        """Width and height of the upright picture, pixels."""
        return self.width, self.height

    @property
    def unsquared_size(self) -> tuple[int, int]:
        """Width and height of the upright picture in the file's own pixels, which may not be square."""
        aspect = self.stored_background.pixel_aspect if self.stored_background else 1.0
        if self.orientation.swaps_sides:
            return self.width, max(1, round(self.height / aspect))
        return max(1, round(self.width / aspect)), self.height

    @property
    def background(self) -> Background:
        """The footage as Blender needs to know it."""
        return self.stored_background or Background(self.path, footage_name(self.path), self.time, self.time)

    @property
    def frame_count(self) -> int:
        """N."""
        return len(self.time)

    def mirrored(self) -> Footage:
        """The same footage, known to be a mirror image: its frames are turned back."""
        a, b, c, d = self.background.orientation
        return replace(self, is_mirrored=True, stored_background=replace(self.background, orientation=(-a, b, -c, d)))

    def frames_between(self, start: float | None = None, end: float | None = None) -> slice:
        """The frames whose time lies in [start, end], seconds; None leaves that side open.

        Raises:
            PoseNet3DError: no frame lies there.
        """
        tolerance = 1e-6
        first = 0 if start is None else int(np.searchsorted(self.time, start - tolerance))
        stop = len(self.time) if end is None else int(np.searchsorted(self.time, end + tolerance))
        if stop <= first:
            raise PoseNet3DError(
                f"{self.path}: no frame lies between {start or 0:g} s and {self.time[-1] if end is None else end:g} s; "
                f"the footage lasts {self.time[-1]:.2f} s"
            )
        return slice(first, stop)

    def sized_for(self, frames: slice) -> Footage:
        """The same footage in an image that holds the pictures of these frames, where their size changes on the way."""
        if not self.size_changes:
            return self
        known = [(frame, size) for frame, size in self.size_changes if frame is not None]
        first = next(size for frame, size in reversed(known) if frame <= frames.start)
        sizes = [first, *(size for frame, size in known if frames.start < frame < frames.stop)]
        sizes += [size for frame, size in self.size_changes if frame is None and size not in sizes]
        width, height = common_size(sizes)
        diagonal = float(np.hypot(*first)) if len(sizes) > 1 else None
        return replace(self, width=width, height=height, diagonal=diagonal)

    def warnings(self, frames: slice) -> list[str]:
        """Sentences that tell the guessed, doubtful and damaged in these frames; damage as far as they were read."""
        concerned = [note for note in self.notes if note.frame is None or frames.start < note.frame < frames.stop]
        damaged = {frame for frame in self.damaged if frames.start <= frame < frames.stop}
        damage = damage_note(damaged, self.time, frames.stop - frames.start)
        return [note.sentence for note in (*concerned, *([damage] if damage else []))]


class Frame:
    """One frame; its pixels are converted when they are first asked for."""

    def __init__(self, picture: StoredPicture, footage: Footage) -> None:
        """Wrap a picture of the footage."""
        self.index = picture.index
        """Position in `Footage.time`."""
        self.time = float(footage.time[picture.index])
        """Seconds since the first shown frame."""
        self._picture = picture
        self._across = -1 if footage.is_mirrored else 1
        self._size = footage.image_size
        self._diagonal = footage.diagonal or float(np.hypot(*footage.image_size))

    @cached_property
    def image(self) -> Pixels:
        """(height, width, 3) RGB, upright; a picture of another size stands in the middle, scaled to the same lens."""
        return self._turned_back(fit_into(self._picture.upright(), self._size, self._diagonal))

    def small_copy(self, longer_side: int) -> Pixels:
        """(h, w, 3) RGB, upright: `image` scaled down to so many pixels, at little cost; not larger than it."""
        scale = min(1.0, longer_side / max(self._size))
        size = (max(1, round(self._size[0] * scale)), max(1, round(self._size[1] * scale)))
        return self._turned_back(fit_into(self._picture.small(longer_side), size, scale * self._diagonal))

    def _turned_back(self, pixels: Pixels) -> Pixels:
        return np.ascontiguousarray(pixels[:, :: self._across])


def open_footage(path: Path, input_rate: float | None = None) -> Footage:
    """Read the frame times, size and orientation of a video file or an image sequence.

    Args:
        path: a video file, a folder of pictures, or a pattern of their names such as shot_%04d.png.
        input_rate: frames per second of an image sequence, or of a video that has no timestamps.

    Raises:
        PoseNet3DError: it is missing, empty, no video, only audio, or shows fewer than two frames; or an image
            sequence's rate is missing, or the rate is out of range.
    """
    path = Path(path)
    rate = rate_of_number(input_rate) if input_rate else None
    sequence = find_sequence(path, is_rate_given=rate is not None)
    if sequence is not None:
        return _open_sequence(sequence, rate)
    check_file(path)
    return _open_video(path, rate)


def read_frames(footage: Footage, frames: slice | None = None) -> Iterator[Frame]:
    """Read frames in order, one at a time; those that can't be read are left out, and noted in `footage.damaged`.

    Args:
        footage: the video or image sequence.
        frames: from `Footage.frames_between`; None: all.

    Raises:
        PoseNet3DError: the footage is gone or has changed meanwhile.
    """
    first, stop = (frames.start, frames.stop) if frames is not None else (0, footage.frame_count)
    expected = first
    for picture in footage.source.pictures(first):
        if picture.index >= stop:
            break
        if picture.index < expected:
            continue
        footage.damaged.update(range(expected, picture.index))
        if picture.is_damaged:
            footage.damaged.add(picture.index)
        expected = picture.index + 1
        yield Frame(picture, footage)
        if expected == stop:
            return
    # Damaged, or lost with the drive: then what was read is not all of it.
    footage.source.check_present()
    footage.damaged.update(range(expected, stop))


def _open_video(path: Path, input_rate: Fraction | None) -> Footage:
    video = survey_video(path, count_frames=input_rate is not None)
    if video.frame_count < MINIMUM_FRAME_COUNT:
        raise PoseNet3DError(f"{path}: shows a single frame; {single_picture_advice(path)}")
    counted_rate = input_rate or video.track.stated_rate or GUESSED_RATE
    time = video.clock.time if video.clock else np.arange(video.frame_count) / float(counted_rate)
    orientation, _ = nearest_orientation(video.track.matrix)
    width, height = _upright_size(video, video.track.stored_size, orientation)
    changes = [(frame, _upright_size(video, size, orientation)) for frame, size in video.size_changes]
    footage = Footage(
        path,
        width,
        height,
        orientation,
        time,
        standard_rate(time),
        video.file,
        _video_background(video, time, orientation),
        video.track.equivalent_focal_length,
        tuple(video_notes(video, time, input_rate)),
        ((0, (width, height)), *changes) if changes else (),
    )
    return footage.sized_for(slice(0, len(time)))


def _upright_size(video: SurveyedVideo, stored: tuple[int, int], orientation: Orientation) -> tuple[int, int]:
    width, height = max(1, round(stored[0] * video.track.pixel_aspect)), stored[1]
    return (height, width) if orientation.swaps_sides else (width, height)


def _video_background(video: SurveyedVideo, time: Array, orientation: Orientation) -> Background:
    path, track, stamps = video.file.path, video.track, video.file.stamps
    obstacle = ""
    if video.size_changes:
        obstacle = "the picture's size changes in it"
    elif track.number > 1:
        obstacle = "Blender shows a file's first video track only"
    file_time = time if stamps is None else (np.array(stamps, dtype=np.float64) - track.start) * track.tick
    return Background(
        path,
        footage_name(path),
        time,
        np.where(np.isfinite(file_time), file_time, time),
        numbers=np.arange(len(time)) if stamps is None else None,
        display_matrix=track.matrix,
        orientation=orientation.matrix,
        pixel_aspect=float(track.pixel_aspect),
        obstacle=obstacle,
    )


def _open_sequence(sequence: ImageSequence, rate: Fraction | None) -> Footage:
    path = sequence.path
    if len(sequence.files) < MINIMUM_FRAME_COUNT:
        raise PoseNet3DError(f"{path}: holds a single picture; {single_picture_advice(sequence.files[0])}")
    if rate is None:
        raise PoseNet3DError(
            f"{path}: an image sequence states no frame rate; give it with --input-fps (in Blender: Input Frame Rate)"
        )
    first = next(sequence.pictures(0), None)
    if first is None:
        raise PoseNet3DError(f"{path}: none of its pictures can be read; export them again")
    positions = sequence.positions()
    clock = clock_of(positions, 1 / float(rate)) or Clock(np.arange(len(positions)) / float(rate))
    height, width = first.upright().shape[:2]
    changes = sequence.size_changes(first.index, (width, height))
    obstacle = "" if sequence.numbers else "Blender shows image sequences by the numbers in their names only"
    background = Background(
        sequence.files[0],
        footage_name(path),
        clock.time,
        clock.time,
        numbers=np.array(sequence.numbers or range(len(positions))),
        is_sequence=True,
        orientation=sequence.orientation.matrix,
        obstacle="the picture's size changes in it" if changes else obstacle,
    )
    notes = sequence_notes(sequence, positions, clock.time, clock.jumps)
    footage = Footage(
        path,
        width,
        height,
        sequence.orientation,
        clock.time,
        rate,
        sequence,
        background,
        notes=(*notes, *size_notes((width, height), changes, clock.time)),
        size_changes=((0, (width, height)), *changes) if changes else (),
    )
    return footage.sized_for(slice(0, footage.frame_count))
