"""BlazePose's geometry, and the assets' own record of what they are."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from posenet3d_blender.capture.detection.blazepose.assets import DETECTOR_FILE, FOLDER, LANDMARK_FILES
from posenet3d_blender.capture.detection.blazepose.detector import (
    Window,
    anchor_centres,
    look_through,
    merge_overlapping,
)
from posenet3d_blender.capture.detection.blazepose.landmarks import cut_out, refine
from posenet3d_blender.capture.detection.blazepose.regions import Region


@pytest.mark.parametrize("path", [DETECTOR_FILE, *LANDMARK_FILES.values()], ids=lambda path: path.name)
def test_readme_states_each_file_and_its_hash(path: Path) -> None:
    assert hashlib.sha256(path.read_bytes()).hexdigest() in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_region_stands_on_the_hips_and_reaches_over_the_head() -> None:
    region = Region.around(np.array([100.0, 200.0]), np.array([100.0, 120.0]))
    assert (region.x, region.y, region.size, region.rotation) == (100, 200, 200, 0)
    np.testing.assert_allclose(region.top, [100, 120])


def test_region_of_someone_who_leans_to_the_right_is_turned_clockwise() -> None:
    region = Region.around(np.array([100.0, 200.0]), np.array([180.0, 200.0]))
    assert region.rotation == pytest.approx(np.pi / 2)
    np.testing.assert_allclose(region.top, [180, 200], atol=1e-9)


def test_crop_map_has_the_region_in_its_middle() -> None:
    region = Region(300, 400, 512, 0.3)
    to_picture = region.crop_to_picture(256)
    np.testing.assert_allclose(to_picture @ [128, 128, 1], [300, 400])
    # Upwards in the crop is towards the head in the picture.
    head = to_picture @ [128, 128 - 256 / 2.5, 1]
    np.testing.assert_allclose(head, region.top)


def test_halfway_between_regions_goes_the_short_way_round() -> None:
    half = Region(0, 0, 100, 3.0).towards(Region(10, 20, 200, -3.0), 0.5)
    assert (half.x, half.y, half.size) == (5, 10, 150)
    assert abs(half.rotation) == pytest.approx(np.pi)


def test_crop_shows_the_region_upright() -> None:
    picture = np.zeros((400, 400, 3), np.uint8)
    picture[195:205, 250:300] = 255  # to the right of the middle, where the head is
    crop = cut_out(picture, Region(200, 200, 256, np.pi / 2))
    rows, columns = np.nonzero(crop[..., 0])
    assert rows.max() < 128 - 40
    assert abs(columns.mean() - 127.5) < 1


@pytest.mark.parametrize("size", [100, 300, 900])
def test_a_mark_is_found_where_it_is(size: int) -> None:
    picture = np.zeros((1000, 1000, 3), np.uint8)
    picture[480:520, 540:580] = 255  # its centre lies at (560, 500)
    region = Region(550, 510, size, 0)
    crop = cut_out(picture, region)[..., 0].astype(float)
    rows, columns = np.mgrid[:256, :256] + 0.5
    centre = np.array([(crop * columns).sum(), (crop * rows).sum(), crop.sum()]) / crop.sum()
    np.testing.assert_allclose(region.crop_to_picture(256) @ centre, [560, 500], atol=0.3)


def test_window_keeps_places_and_shows_black_outside() -> None:
    picture = np.full((300, 400, 3), 200, np.uint8)
    pixels = look_through(picture, Window(-200, -100, 800))
    assert pixels.shape == (224, 224, 3)
    assert (pixels[:28] == 0).all()
    assert (pixels[:, :56] == 0).all()
    assert (pixels[28:112, 56:168] == 200).all()
    assert (pixels[112:] == 0).all()


def test_window_beside_the_picture_is_black() -> None:
    assert not look_through(np.full((30, 40, 3), 200, np.uint8), Window(500, 500, 80)).any()


def test_anchors() -> None:
    anchors = anchor_centres()
    assert anchors.shape == (2254, 2)
    expected = np.array([[0.5, 0.5], [0.5, 0.5], [1.5, 0.5], [26, 26]])
    np.testing.assert_allclose(anchors[[0, 1, 2, -1]] * 28, expected, rtol=1e-6)


def test_boxes_of_one_person_become_one_and_two_people_stay_two() -> None:
    corners = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [30, 0, 40, 10], [5, 5, 5, 5]], float)
    points = np.array([[[4, 4]], [[8, 4]], [[35, 5]], [[5, 5]]], float)
    people = merge_overlapping(corners, points, np.array([0.9, 0.9, 0.8, 0.6]))
    assert [score for _, score in people] == [0.9, 0.8, 0.6]
    np.testing.assert_allclose(people[0][0], [[6, 4]])


def test_refinement_follows_the_heat_and_leaves_unclear_points() -> None:
    heat = np.full((64, 64, 2), -20.0, np.float32)
    heat[20, 31:34, 0] = 2.0
    points = np.array([[30.5, 20.5], [40.2, 50.1]]) / 64
    refined = refine(points, heat) * 64
    np.testing.assert_allclose(refined, np.array([[32, 20], [40.2, 50.1]]), atol=1e-3)
    outside = np.array([[-0.5, 0.3], [1.7, 2.0]])
    np.testing.assert_array_equal(refine(outside, heat), outside)


def test_a_region_grows_from_its_top() -> None:
    region = Region(100.0, 200.0, 80.0, 0.3)
    grown = region.grown_from_top(1.5)
    assert grown.size == pytest.approx(120.0)
    assert grown.rotation == region.rotation
    np.testing.assert_allclose(grown.top, region.top)
