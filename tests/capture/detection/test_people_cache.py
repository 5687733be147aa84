"""The people found in footage, kept for the next capture of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from posenet3d_blender.capture.detection.cache import stored_people
from posenet3d_blender.capture.detection.cache.cached_files import cached_files
from posenet3d_blender.capture.detection.cache.stored_people import find_or_load_people
from posenet3d_blender.capture.video.footage import open_footage
from posenet3d_blender.progress import ignore_warning, silent

pytest.importorskip("onnxruntime")
pytest.importorskip("av")


def test_a_second_search_is_read_from_the_cache_and_equal_to_the_last_bit(
    demo_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    footage = open_footage(demo_clip)
    frames = footage.frames_between(None, 0.6)

    def search(start: float | None = None) -> list[stored_people.Shot[stored_people.PersonTrack]]:
        part = footage.frames_between(start, 0.6)
        return find_or_load_people(footage, part, None, "cpu", tmp_path, silent, ignore_warning)

    first = search()
    calls: list[object] = []

    def find_people(*arguments: object) -> list[object]:
        calls.append(arguments)
        return list(first)

    monkeypatch.setattr(stored_people, "find_people", find_people)
    again = search()
    assert not calls
    assert [shot.frames for shot in again] == [shot.frames for shot in first] == [frames]
    (found,), (expected,) = again[0].people, first[0].people
    assert found.regions == expected.regions
    np.testing.assert_array_equal(found.time, expected.time)
    assert [path for path, _ in cached_files(tmp_path)] == list(tmp_path.iterdir())
    np.testing.assert_array_equal(found.scores, expected.scores)
    np.testing.assert_array_equal(found.parts_in_picture, expected.parts_in_picture)
    search(start=0.2)
    assert len(calls) == 1, "another range of time is another search"
    for path in tmp_path.glob("people_*.npz"):
        path.write_bytes(path.read_bytes()[:100])
    search()
    assert len(calls) == 2, "a damaged file counts as none"


def test_a_mirror_image_is_another_search(demo_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []

    def find_people(*arguments: object) -> list[object]:
        calls.append(arguments)
        return []

    monkeypatch.setattr(stored_people, "find_people", find_people)
    plain = open_footage(demo_clip)
    for footage in (plain, plain.mirrored()):
        find_or_load_people(footage, slice(0, 20), None, "cpu", tmp_path, silent, ignore_warning)
    assert len(calls) == 2
    assert len({stored_people._file_name(one, slice(0, 20), None) for one in (plain, plain.mirrored())}) == 2
