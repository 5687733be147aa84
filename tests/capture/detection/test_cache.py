"""Kept detections: found again for the same footage and range, bounded in size, never a danger."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from posenet3d_blender.arrays import Array
from posenet3d_blender.capture import detect
from posenet3d_blender.capture.camera_motion.track import survey_copies
from posenet3d_blender.capture.detection.cache import stored_detections
from posenet3d_blender.capture.detection.cache.cached_files import cached_files
from posenet3d_blender.capture.detection.cache.folder import CacheFolder
from posenet3d_blender.capture.detection.cache.stored_detections import DetectionKey, load_detections, store_detections
from posenet3d_blender.capture.detection.detections import DetectedShot, Detections
from posenet3d_blender.capture.keypoints.hand_keypoints import HandKeypoints
from posenet3d_blender.capture.keypoints.keypoints import KEYPOINT_COUNT, Keypoints
from posenet3d_blender.capture.pipeline import CaptureSettings, _detection_key, capture_video
from posenet3d_blender.capture.video.footage import Footage
from posenet3d_blender.capture.video.sources.orientation import UPRIGHT
from posenet3d_blender.progress import silent

TIME = np.arange(90) / 30


@pytest.fixture
def footage(tmp_path: Path) -> Footage:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"a clip")
    return Footage(path, 640, 480, UPRIGHT, TIME, Fraction(30))


def person(time: Array = TIME, seed: int = 0) -> Keypoints:
    rng = np.random.default_rng(seed)
    shape = (len(time), KEYPOINT_COUNT)
    return Keypoints(time, rng.uniform(0, 480, (*shape, 2)), rng.random(shape), (640, 480))


def detections(*people: Keypoints, notes: tuple[str, ...] = (), is_everybody: bool = True) -> Detections:
    """In one shot."""
    people = people or (person(),)
    shot = DetectedShot((float(people[0].time[0]), float(people[0].time[-1])), people)
    return Detections((shot,), notes, is_everybody, frozenset({3, 7}))


def test_what_is_kept_is_found_for_the_range_and_parts_of_it(footage: Footage, tmp_path: Path) -> None:
    cache, key = CacheFolder(tmp_path), DetectionKey(footage.path, "heavy", "all")
    assert load_detections(cache, key, footage.time) is None
    people = [person(seed=1), person(seed=2)]
    store_detections(cache, key, TIME, detections(*people))
    loaded = load_detections(cache, key, footage.time)
    assert loaded is not None
    assert loaded.shots[0].time_range == (TIME[0], TIME[-1])
    assert loaded.damaged == {3, 7}
    for before, after in zip(people, loaded.shots[0].people, strict=True):
        np.testing.assert_allclose(after.points, before.points, atol=1e-4)
        np.testing.assert_allclose(after.confidence, before.confidence, atol=1e-6)
    part = load_detections(cache, key, TIME[30:61])
    assert part is not None
    np.testing.assert_allclose(part.shots[0].people[1].time, TIME[30:61])


def test_a_part_of_a_range_does_not_reach_beyond_its_shot(footage: Footage, tmp_path: Path) -> None:
    cache, key = CacheFolder(tmp_path), DetectionKey(footage.path, "heavy", "all")
    store_detections(cache, key, TIME, detections(person(TIME[40:])))  # a title card before it
    part = load_detections(cache, key, TIME[20:61])
    assert part is not None
    assert part.shots[0].time_range == (TIME[40], TIME[60])
    assert load_detections(cache, key, TIME[:31]) is None


@pytest.mark.parametrize("network", ["blazepose/", "hands/"])
def test_other_networks_detect_again(
    network: str, footage: Footage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = DetectionKey(footage.path, "heavy", "all", hands="on")
    before = key.name()
    hashes = json.loads(stored_detections.ASSET_HASHES.read_text(encoding="utf-8"))
    changed = {path: "0" * 64 if path.startswith(network) else hashed for path, hashed in hashes.items()}
    monkeypatch.setattr(stored_detections, "ASSET_HASHES", tmp_path / "manifest.json")
    (tmp_path / "manifest.json").write_text(json.dumps(changed), encoding="utf-8")
    assert key.name() != before


def test_shots_and_what_was_left_out_are_kept_for_the_same_range_only(footage: Footage, tmp_path: Path) -> None:
    cache, key = CacheFolder(tmp_path), DetectionKey(footage.path, "heavy", "all", every_shot=True)
    shots = tuple(DetectedShot((float(time[0]), float(time[-1])), (person(time),)) for time in (TIME[:40], TIME[40:]))
    notes = ("0:01.0 to 0:01.5 shows somebody",)
    store_detections(cache, key, TIME, Detections(shots, notes))
    loaded = load_detections(cache, key, TIME)
    assert loaded is not None
    assert loaded.notes == notes
    assert [shot.time_range for shot in loaded.shots] == [shot.time_range for shot in shots]
    assert [len(shot.people[0].time) for shot in loaded.shots] == [40, 50]
    assert load_detections(cache, key, TIME[:30]) is None
    assert load_detections(cache, DetectionKey(footage.path, "heavy", "all"), TIME) is None
    single = DetectionKey(footage.path, "heavy", "1")
    store_detections(cache, single, TIME, detections(is_everybody=False))
    assert load_detections(cache, single, TIME[:30]) is None, "somebody else may be the first person there"
    own = person(TIME[:30], seed=5)
    store_detections(cache, single, TIME[:30], detections(own))
    loaded = load_detections(cache, single, TIME[:30])
    assert loaded is not None
    np.testing.assert_allclose(loaded.shots[0].people[0].points, own.points, atol=1e-4)


def test_a_shot_by_its_number_is_among_all_of_them(footage: Footage) -> None:
    def name(shots: str) -> str:
        return _detection_key(footage, CaptureSettings(shots=shots)).name()

    assert name("1") == name("2") == name("all") != name("longest")


@pytest.mark.parametrize("stored_mirrored", [False, True])
def test_a_mirror_image_needs_no_other_detection(stored_mirrored: bool, footage: Footage, tmp_path: Path) -> None:
    """People are in the order from left to right, which a mirror turns round."""
    cache = CacheFolder(tmp_path)
    stored, wanted = (
        DetectionKey(footage.path, "heavy", "all", mirror=m) for m in (stored_mirrored, not stored_mirrored)
    )
    left, right = person_with_hands(1), person_with_hands(2)
    store_detections(cache, stored, TIME, detections(left, right))
    for key, expected in ((stored, (left, right)), (wanted, (right.mirrored(), left.mirrored()))):
        for time in (TIME, TIME[30:61]):
            loaded = load_detections(cache, key, time)
            assert loaded is not None
            for one, other in zip(loaded.shots[0].people, expected, strict=True):
                part = other.between(time[0], time[-1])
                np.testing.assert_allclose(one.points, part.points, atol=1e-3)
                np.testing.assert_allclose(one.confidence, part.confidence, atol=1e-6)
                assert one.hands is not None
                assert part.hands is not None
                np.testing.assert_allclose(one.hands.points, part.hands.points, atol=1e-3)


def test_the_person_of_a_number_is_another_one_in_a_mirror(footage: Footage) -> None:
    names = {DetectionKey(footage.path, "heavy", "1", mirror=mirror).name() for mirror in (False, True)}
    assert len(names) == 2


def test_another_person_detector_range_or_file_is_not_mistaken(footage: Footage, tmp_path: Path) -> None:
    cache, key = CacheFolder(tmp_path), DetectionKey(footage.path, "heavy", "largest")
    store_detections(cache, key, TIME[:45], detections(person(TIME[:45])))
    assert load_detections(cache, key, TIME[:31])
    assert not load_detections(cache, key, TIME[30:61])
    assert not load_detections(cache, DetectionKey(footage.path, "full", "largest"), TIME[:31])
    assert not load_detections(cache, DetectionKey(footage.path, "heavy", "2"), TIME[:31])
    footage.path.write_bytes(b"another clip of the same name")
    assert not load_detections(cache, key, TIME[:31])


def test_the_folder_stays_small_and_damage_does_no_harm(footage: Footage, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    cache = CacheFolder(folder)
    keys = [DetectionKey(footage.path, "heavy", str(person)) for person in range(1, 4)]
    for age, key in enumerate(keys):
        store_detections(cache, key, TIME, detections())
        newest = max(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)
        os.utime(newest, (1e9 + age, 1e9 + age))
    size = sum(path.stat().st_size for path in folder.iterdir()) // 3
    fourth = DetectionKey(footage.path, "heavy", "4")
    store_detections(CacheFolder(folder, largest_size=int(2.5 * size)), fourth, TIME, detections())
    assert len(list(folder.iterdir())) == 2
    assert not load_detections(cache, keys[0], footage.time), "the oldest went first"
    for path in folder.iterdir():
        path.write_bytes(b"damaged")
    assert not load_detections(cache, keys[2], footage.time)


def test_other_files_of_the_folder_are_not_the_caches(footage: Footage, tmp_path: Path) -> None:
    """A user may choose a folder that holds motion files."""
    motion = tmp_path / "my_capture.npz"
    motion.write_bytes(bytes(100_000))
    os.utime(motion, (1e9, 1e9))
    for person in "12":
        key = DetectionKey(footage.path, "heavy", person)
        store_detections(CacheFolder(tmp_path, largest_size=0), key, TIME, detections())
    assert motion.exists()
    (own,) = cached_files(tmp_path)
    assert own[0] != motion
    assert load_detections(CacheFolder(tmp_path), key, TIME) is not None


def test_a_cache_that_can_not_be_written_still_serves(
    footage: Footage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, key = CacheFolder(tmp_path), DetectionKey(footage.path, "heavy", "all")
    store_detections(cache, key, TIME, detections())

    def refuse(path: Path) -> None:
        raise PermissionError(f"{path}: the disk is read-only")

    monkeypatch.setattr(os, "utime", refuse)
    assert load_detections(cache, key, TIME)
    assert load_detections(cache, key, TIME[:31])


def test_a_file_that_another_process_removes_meanwhile_does_no_harm(
    footage: Footage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, key = CacheFolder(tmp_path, largest_size=0), DetectionKey(footage.path, "heavy", "1")
    store_detections(cache, key, TIME, detections())

    def lose(path: Path) -> None:
        raise FileNotFoundError(path)

    monkeypatch.setattr(Path, "unlink", lose)
    other = DetectionKey(footage.path, "heavy", "2")
    store_detections(cache, other, TIME, detections())
    assert load_detections(cache, other, TIME)


def test_a_second_capture_of_the_same_footage_does_not_detect_again(demo_clip: Path, tmp_path: Path) -> None:
    first = capture_video(demo_clip, CaptureSettings(device="cpu", end=1.0, cache_folder=tmp_path))
    second = capture_video(demo_clip, CaptureSettings(device="cpu", end=1.0, field_of_view=48, cache_folder=tmp_path))
    assert "landmarks" in first.seconds
    assert "landmarks" not in second.seconds
    np.testing.assert_allclose(second.keypoints[0].points, first.keypoints[0].points, atol=1e-3)
    assert np.abs(second.motions[0].joints - first.motions[0].joints).max() > 1e-3


def person_with_hands(seed: int = 0) -> Keypoints:
    rng = np.random.default_rng(seed)
    shape = (len(TIME), 2)
    hands = HandKeypoints(
        rng.uniform(0, 480, (*shape, 21, 2)), rng.normal(0, 0.1, (*shape, 21, 3)), *rng.random((2, *shape))
    )
    return replace(person(seed=seed), hands=hands)


def test_hands_are_kept_with_the_body(footage: Footage, tmp_path: Path) -> None:
    cache = CacheFolder(tmp_path)
    key = DetectionKey(footage.path, "heavy", "largest", hands="auto")
    stored = person_with_hands()
    store_detections(cache, key, TIME, detections(stored))
    loaded = load_detections(cache, key, TIME[30:61])
    assert loaded is not None
    hands = loaded.shots[0].people[0].hands
    assert hands is not None
    assert stored.hands is not None
    np.testing.assert_allclose(hands.points, stored.hands.points[30:61], atol=1e-4)
    np.testing.assert_allclose(hands.metric, stored.hands.metric[30:61], atol=1e-7)
    np.testing.assert_allclose(hands.presence, stored.hands.presence[30:61], atol=1e-6)
    np.testing.assert_allclose(hands.handedness, stored.hands.handedness[30:61], atol=1e-6)


def test_bodies_of_a_run_without_hands_are_not_mistaken_for_one_with_them(footage: Footage, tmp_path: Path) -> None:
    cache = CacheFolder(tmp_path)
    off, auto, on = (DetectionKey(footage.path, "heavy", "largest", hands=hands) for hands in ("off", "auto", "on"))
    store_detections(cache, off, TIME, detections())
    assert load_detections(cache, auto, TIME) is None
    assert load_detections(cache, on, TIME) is None
    loaded = load_detections(cache, off, TIME)
    assert loaded is not None
    assert loaded.shots[0].people[0].hands is None


def test_the_body_of_a_stored_run_is_not_detected_again_for_its_hands(
    footage: Footage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sought = []

    def find_hands(_: Footage, people: Sequence[Keypoints], *__: object) -> list[Keypoints]:
        sought.append(len(people))
        return [replace(one, hands=HandKeypoints.empty(len(one.time))) for one in people]

    def detect_nothing(*_: object) -> None:
        raise AssertionError("the bodies are stored")

    monkeypatch.setattr(detect, "find_hands", find_hands)
    monkeypatch.setattr(detect, "open_hand_finder", lambda *_: None)
    monkeypatch.setattr(detect, "_detect", detect_nothing)
    off = DetectionKey(footage.path, "heavy", "largest")
    store_detections(CacheFolder(tmp_path), off, TIME, detections())

    def run(hands: str) -> Keypoints:
        settings = detect.DetectionRun(replace(off, hands=hands), "cpu", tmp_path, silent, print, survey_copies())
        found = detect.detect_people(footage, slice(0, 90), settings, lambda _: nullcontext())
        return found.shots[0].people[0]

    assert run("auto").hands is not None
    assert run("auto").hands is not None
    assert sought == [1], "the second time they are in the cache"
    os.unlink(next(tmp_path.glob(f"{off.name()}_*.npz")))
    assert run("off").hands is None
