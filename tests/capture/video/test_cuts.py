"""Cuts are found, in small copies of the pictures; fast motion, flashes and changes of light are none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from posenet3d_blender.capture.video.cuts import COPY_SIZE, Cut, CutDetector
from posenet3d_blender.capture.video.footage import open_footage, read_frames

from ..made_footage import Picture, closer, dance, elsewhere, empty_room

AROUND_THE_DANCER = (0.5, 0.37, 0.6)
"""x, y and side as parts of the picture's longer side."""
CUT = 20


@pytest.fixture(scope="module")
def pictures(demo_clip: Path) -> list[Picture]:
    return dance(demo_clip)


def small(picture: Picture) -> Picture:
    scale = COPY_SIZE / max(picture.shape[:2])
    size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8)


def cuts_in(
    pictures: Sequence[Picture], rate: float = 30, squares: Sequence[tuple[float, float, float]] = (AROUND_THE_DANCER,)
) -> list[Cut]:
    detector = CutDetector()
    cuts = [detector.update(index, index / rate, small(picture), squares) for index, picture in enumerate(pictures)]
    return [cut for cut in (*cuts, detector.finish()) if cut is not None]


def places(cuts: Sequence[Cut]) -> list[int]:
    return [cut.frame for cut in cuts]


@pytest.mark.parametrize("step", [1, 2, 4])
@pytest.mark.parametrize("factor", [1.2, 1.6])
def test_a_cut_to_a_closer_shot_of_the_same_moment(pictures: list[Picture], factor: float, step: int) -> None:
    film = [*pictures[:80:step], *(closer(picture, factor) for picture in pictures[80:120:step])]
    cuts = cuts_in(film, 30 / step)
    assert places(cuts) == [80 // step]
    assert cuts[0].is_everywhere


def test_a_cut_at_the_very_start_and_at_the_very_end(pictures: list[Picture]) -> None:
    film = [closer(pictures[0]), *pictures[1:40], closer(pictures[40]), closer(pictures[41])]
    assert places(cuts_in(film)) == [1, 40]


def test_somebody_else_at_the_same_place_in_the_same_room(pictures: list[Picture]) -> None:
    room = empty_room(pictures)
    film = [elsewhere(picture, room, 0) for picture in pictures[:CUT]]
    film += [elsewhere(picture, room, 0, other_clothes=True) for picture in pictures[70 : 70 + CUT]]
    cuts = cuts_in(film)
    assert places(cuts) == [CUT]
    assert not cuts[0].is_everywhere


def test_somebody_who_appears_beside_the_dancer_is_no_cut(pictures: list[Picture]) -> None:
    room = empty_room(pictures)
    film = [elsewhere(picture, room, -60) for picture in pictures[:40]]
    for index in range(CUT, 40):
        other = elsewhere(pictures[index + 50], room, 110, other_clothes=True)
        film[index] = np.where((np.arange(360) > 200)[None, :, None], other, film[index]).astype(np.uint8)
    assert not cuts_in(film, squares=[(0.33, 0.37, 0.5)])


def test_real_people_change_places(shared_folder: Path) -> None:
    """Different people stand at the same place before the same wall."""
    people = {}
    for name in ("book", "eat", "want", "yes"):
        footage = open_footage(shared_folder / "video" / "intel_asl" / f"{name}.mkv")
        people[name] = [frame.image for frame in read_frames(footage, slice(0, CUT))]
    names = [*people, "book"]
    film = [picture for name in names for picture in people[name]]
    assert places(cuts_in(film, squares=[(0.45, 0.45, 0.9)])) == [CUT, 2 * CUT, 3 * CUT, 4 * CUT]


def test_a_fade_through_black(pictures: list[Picture]) -> None:
    brightness = np.clip(np.abs(np.arange(90) - 45) / 10 - 0.3, 0, 1)
    film = [
        brighter(picture, gain)
        for picture, gain in zip([*pictures[:45], *map(closer, pictures[45:90])], brightness.tolist(), strict=True)
    ]
    (cut,) = cuts_in(film)
    assert 42 <= cut.frame <= 48
    assert cut.is_everywhere


@pytest.mark.parametrize("step", [1, 2, 4])
def test_the_bundled_clip_has_no_cut(pictures: list[Picture], step: int) -> None:
    assert not cuts_in(pictures[::step], 30 / step)


@pytest.mark.parametrize(
    "name",
    [
        "opencap_walk.mp4",
        "sports2d_demo.mp4",
        "p2s_multi_cam02.mp4",
        "bodypose3d_sit_stand_cam0.mp4",
        "caliscope_seated_hands/cam_0.mp4",
        "caliscope_seated_hands/cam_3.mp4",
        "handpose3d_2cam/cam0_test.mp4",
        "intel_asl/again.mkv",
    ],
)
def test_real_footage_has_no_cut(shared_folder: Path, name: str) -> None:
    """Fast hands at 6 frames per second and a picture whose exposure jumps are among it."""
    footage = open_footage(shared_folder / "video" / name)
    detector = CutDetector()
    whole = (footage.width / 2 / max(footage.image_size), footage.height / 2 / max(footage.image_size), 0.8)
    for frame in read_frames(footage):
        assert detector.update(frame.index, frame.time, frame.small_copy(COPY_SIZE), [whole]) is None
    assert detector.finish() is None


def brighter(picture: Picture, gain: float, offset: float = 0) -> Picture:
    return np.clip(picture * gain + offset, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("frames", [1, 2, 4])
@pytest.mark.parametrize("step", [1, 2])
def test_a_flash_is_no_cut(pictures: list[Picture], frames: int, step: int) -> None:
    film = list(pictures[: 40 * step : step])
    for index in range(CUT, CUT + frames // step):
        film[index] = brighter(film[index], 2.5, 60)
    assert not cuts_in(film, 30 / step)


@pytest.mark.parametrize("gain", [0.5, 0.75, 1.3, 1.6])
def test_a_change_of_exposure_is_no_cut(pictures: list[Picture], gain: float) -> None:
    film = [*pictures[:CUT], *(brighter(picture, gain) for picture in pictures[CUT:40])]
    assert not cuts_in(film)


def test_damaged_frames_are_no_cut(pictures: list[Picture]) -> None:
    film = list(pictures[:40])
    film[CUT] = np.random.default_rng(0).integers(0, 255, film[CUT].shape).astype(np.uint8)
    film[CUT + 8] = np.zeros_like(film[CUT])
    assert not cuts_in(film)


def test_a_recording_that_stutters_has_no_cut(pictures: list[Picture]) -> None:
    """Frames repeat for a sixth of a second, and the dancer is somewhere else afterwards."""
    film = list(pictures[:80])
    for start in (12, 30, 50, 66):
        film[start : start + 5] = [film[start]] * 5
    assert not cuts_in(film)


def test_a_camera_that_pans_fast_makes_no_cut(pictures: list[Picture]) -> None:
    """By 12 of 250 pixels a frame, beginning and ending at once."""
    film = []
    for index, picture in enumerate(pictures[:40]):
        left = int(np.clip((index - CUT) * 12, 0, 108))
        film.append(picture[:, left : left + 250])
    assert not cuts_in(film, squares=[(0.5, 0.5, 0.6)])


def test_another_picture_size_begins_another_shot(pictures: list[Picture]) -> None:
    detector = CutDetector()
    assert detector.update(0, 0.0, small(pictures[0]), []) is None
    assert detector.update(1, 0.03, small(pictures[1][:, :200]), []) == Cut(1, is_everywhere=True)
