"""Units of detectors' files: the same dancer, whatever the file counts in."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from posenet3d_blender.background import Background
from posenet3d_blender.capture.keypoints.keypoints import KEYPOINT_INDEX, Keypoints
from posenet3d_blender.capture.keypoints.layouts import BLAZEPOSE_33, BODY_25, COCO_17
from posenet3d_blender.capture.keypoints.people.people_in_file import load_people
from posenet3d_blender.capture.video.sources.orientation import Orientation
from posenet3d_blender.errors import PoseNet3DError

from .dancer import FOOTAGE, FRAMES, HEIGHT, WIDTH, Layout, coco, dancer, flat

PICTURE = np.array([WIDTH, HEIGHT])
Change = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def write(tmp_path: Path, data: Any) -> Path:
    path = tmp_path / "poses.json"
    path.write_text(json.dumps(data))
    return path


def load(tmp_path: Path, data: Any, expected: str | None = None) -> Keypoints:
    """The only person of the file; `expected` is in its only warning."""
    warnings: list[str] = []
    (person,) = load_people(write(tmp_path, data), FOOTAGE, warnings.append).people
    assert len(warnings) == (expected is not None), warnings
    assert expected is None or expected in warnings[0]
    return person.keypoints


def assert_dancer(keypoints: Keypoints, layout: Layout, people: NDArray[np.float64] | None = None) -> None:
    columns = [KEYPOINT_INDEX[name] for name in layout if name]
    people = dancer() if people is None else people
    np.testing.assert_allclose(keypoints.points[:, columns], people[:, columns, :2], atol=1e-6)
    np.testing.assert_allclose(keypoints.confidence[:, columns], people[:, columns, 2], atol=1e-6)


def openpose(people: NDArray[np.float64]) -> list[dict[str, Any]]:
    return [{"people": [{"person_id": [-1], "pose_keypoints_2d": flat(pose, BODY_25)}]} for pose in people]


def scaled(points: Change) -> NDArray[np.float64]:
    people = dancer()
    people[..., :2] = points(people[..., :2])
    return people


SCALES: dict[str, Change] = {
    "pixels": lambda points: points,
    "keypoint_scale 3": lambda points: points / PICTURE,
    "keypoint_scale 4": lambda points: 2 * points / PICTURE - 1,
}


@pytest.mark.parametrize("scale", SCALES.values(), ids=SCALES)
def test_scales_of_openpose(tmp_path: Path, scale: Change) -> None:
    assert_dancer(load(tmp_path, openpose(scaled(scale))), BODY_25)


@pytest.mark.parametrize("scale", SCALES.values(), ids=SCALES)
def test_scales_of_coco_results(tmp_path: Path, scale: Change) -> None:
    assert_dancer(load(tmp_path, coco([scaled(scale)])), COCO_17)


def close_up(zoom: float) -> NDArray[np.float64]:
    """The dancer's head and chest fill the picture: hips, legs and hands lie far outside."""
    people = dancer()
    head = people[:, [KEYPOINT_INDEX["nose"]], :2].mean(axis=(0, 1))
    people[..., :2] = zoom * (people[..., :2] - head) + PICTURE * (0.5, 0.3)
    return people


@pytest.mark.parametrize("in_pixels", [False, True])
@pytest.mark.parametrize("zoom", [1, 3, 4.5])
def test_mediapipe_on_a_close_up(tmp_path: Path, zoom: float, in_pixels: bool) -> None:
    people = close_up(zoom)
    unit = np.ones(2) if in_pixels else PICTURE
    assert np.abs(people[..., :2] / PICTURE).max() > 0.9 * zoom / 1.5
    data = [
        [
            {"x": x / unit[0], "y": y / unit[1], "z": -0.2, "visibility": score}
            for x, y, score in np.array(flat(pose, BLAZEPOSE_33)).reshape(-1, 3).tolist()
        ]
        for pose in people
    ]
    assert_dancer(load(tmp_path, data), BLAZEPOSE_33, people)


def test_someone_who_leaves_to_the_left_is_no_other_scale(tmp_path: Path) -> None:
    """RTMPose and others give points outside of the picture, also as parts of its size."""
    people = dancer()
    people[..., 0] -= np.linspace(0, 520, FRAMES)[:, None]
    normalised = people.copy()
    normalised[..., :2] /= PICTURE
    assert (normalised[..., 0] < 0).mean() > 0.2
    assert_dancer(load(tmp_path, coco([normalised])), COCO_17, people)


@pytest.mark.parametrize("unit", [1.0, 200.0], ids=["metres", "pixels"])
def test_points_counted_from_the_hips_are_refused(tmp_path: Path, unit: float) -> None:
    """MediaPipe's world landmarks look like points of a picture."""
    people = dancer()
    hips = people[:, [KEYPOINT_INDEX["left_hip"], KEYPOINT_INDEX["right_hip"]], :2].mean(axis=1, keepdims=True)
    people[..., :2] = (people[..., :2] - hips) / 200 * unit
    with pytest.raises(PoseNet3DError, match="counted from the hips"):
        load(tmp_path, coco([people]))


def with_scores(scores: Change) -> list[dict[str, Any]]:
    people = dancer()
    people[..., 2] = np.linspace(0.3, 0.99, FRAMES)[:, None]
    people[..., 2] = scores(people[..., 2])
    return coco([people])


def test_percent(tmp_path: Path) -> None:
    keypoints = load(tmp_path, with_scores(lambda scores: 100 * scores), "read as percent")
    np.testing.assert_allclose(keypoints.confidence[:, 0], np.linspace(0.3, 0.99, FRAMES))


def test_flags_of_visibility(tmp_path: Path) -> None:
    """COCO's ground truth: 2 is visible, 1 is marked but hidden, 0 is not marked."""
    flags = np.tile([2.0, 1.0, 0.0], FRAMES)[:FRAMES, None]
    keypoints = load(tmp_path, with_scores(lambda scores: np.broadcast_to(flags, scores.shape)))
    np.testing.assert_array_equal(keypoints.confidence[:, 0], flags[:, 0] / 2)


def test_scores_of_heatmaps_above_1(tmp_path: Path) -> None:
    keypoints = load(tmp_path, with_scores(lambda scores: 1.3 * scores))
    assert keypoints.confidence.max() == 1
    load(tmp_path, with_scores(lambda scores: 5 * scores), "above 1 count as 1")


def test_a_few_scores_below_0_are_not_visible(tmp_path: Path) -> None:
    def spoilt(scores: NDArray[np.float64]) -> NDArray[np.float64]:
        scores = scores.copy()
        scores[5, :3] = -0.2
        return scores

    keypoints = load(tmp_path, with_scores(spoilt), "score below 0")
    assert (keypoints.confidence[5, :3] == 0).all()
    assert (keypoints.confidence[5, 3:17] > 0).all()


def test_minus_1_for_points_that_are_not_found(tmp_path: Path) -> None:
    keypoints = load(tmp_path, with_scores(lambda scores: np.where(np.arange(25) < 5, -1, scores)))
    assert (keypoints.confidence[:, :5] == 0).all()


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        (lambda scores: 255 * scores, "give a score from 0 to 1"),
        (lambda scores: np.where(np.arange(25) % 2, 0.3, -0.3) * scores, "as depths do"),
    ],
    ids=["of 255", "depths"],
)
def test_other_scores_are_refused(tmp_path: Path, scores: Change, message: str) -> None:
    with pytest.raises(PoseNet3DError, match=message):
        load(tmp_path, with_scores(scores))


def test_points_of_a_larger_video_are_a_warning(tmp_path: Path) -> None:
    load(tmp_path, coco([scaled(lambda points: 2.7 * points)]), "most people lie outside the footage's 720x540")


def test_points_of_a_smaller_video_are_a_warning(tmp_path: Path) -> None:
    load(tmp_path, coco([scaled(lambda points: points / 2.25)]), "upper left quarter")


def test_a_point_far_outside_is_not_visible(tmp_path: Path) -> None:
    people = dancer()
    people[7, 3, :2] = 50_000
    keypoints = load(tmp_path, coco([people]))
    assert keypoints.confidence[7, 3] == 0
    assert keypoints.confidence[7, 4] > 0


def full_coco(
    people: NDArray[np.float64], size: tuple[int, int] | None, names: list[str | None], ids: list[Any]
) -> Any:
    """COCO's whole file: images in any order, annotations by their ids."""
    sides = {} if size is None else {"width": size[0], "height": size[1]}
    images = [
        {"id": one, **sides} | ({} if name is None else {"file_name": name})
        for one, name in zip(ids, names, strict=True)
    ]
    annotations = [
        {"id": 9000 + frame, "image_id": one, "category_id": 1, "keypoints": flat(pose), "num_keypoints": 17}
        for frame, (one, pose) in enumerate(zip(ids, people, strict=True))
    ]
    shuffle = Random(0).shuffle
    shuffle(images)
    shuffle(annotations)
    return {"info": {}, "images": images, "annotations": annotations, "categories": [{"id": 1, "name": "person"}]}


NAMES: list[str | None] = [f"walk/frame_{frame + 1}.png" for frame in range(FRAMES)]
RANDOM_IDS = np.random.default_rng(1).permutation(10_000)[:FRAMES].tolist()


@pytest.mark.parametrize("size", [(360, 270), (1440, 1080), (720, 540), (640, 480), None], ids=str)
def test_coco_images_of_any_size_in_order_of_their_names(tmp_path: Path, size: tuple[int, int] | None) -> None:
    people = dancer()
    people[..., :2] *= np.array(size or (WIDTH, HEIGHT)) / PICTURE
    assert_dancer(load(tmp_path, full_coco(people, size, NAMES, RANDOM_IDS)), COCO_17)


@pytest.mark.parametrize("ids", [list(range(500, 500 + FRAMES)), [f"f{frame}" for frame in range(FRAMES)]], ids=type)
def test_coco_images_without_names_are_in_order_of_their_ids(tmp_path: Path, ids: list[Any]) -> None:
    assert_dancer(load(tmp_path, full_coco(dancer(), None, [None] * FRAMES, ids)), COCO_17)


def test_normalised_points_are_not_scaled_by_their_pictures(tmp_path: Path) -> None:
    data = full_coco(scaled(SCALES["keypoint_scale 3"]), (360, 270), NAMES, RANDOM_IDS)
    assert_dancer(load(tmp_path, data), COCO_17)


def test_coco_images_of_another_shape_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PoseNet3DError, match="540x720 pixels, of another shape than the footage's 720x540"):
        load(tmp_path, full_coco(dancer(), (540, 720), NAMES, RANDOM_IDS))


ANAMORPHIC = replace(
    FOOTAGE,
    stored_background=Background(Path("sar.mp4"), "sar", FOOTAGE.time, FOOTAGE.time, pixel_aspect=4 / 3),
)
"""The clip as it is shown, stored in 540 x 540 pixels."""
STORED = np.array([540, 540])


def load_anamorphic(tmp_path: Path, data: Any) -> tuple[Keypoints, list[str]]:
    warnings: list[str] = []
    (person,) = load_people(write(tmp_path, data), ANAMORPHIC, warnings.append).people
    return person.keypoints, warnings


@pytest.mark.parametrize("size", [(540, 540), (270, 270), (720, 540), (360, 270)], ids=str)
def test_pictures_of_anamorphic_footage_as_stored_or_as_shown(tmp_path: Path, size: tuple[int, int]) -> None:
    data = full_coco(scaled(lambda points: points * np.array(size) / PICTURE), size, NAMES, RANDOM_IDS)
    keypoints, warnings = load_anamorphic(tmp_path, data)
    assert_dancer(keypoints, COCO_17)
    assert warnings == []


def test_points_on_anamorphic_footage_are_in_its_stored_pixels(tmp_path: Path) -> None:
    keypoints, warnings = load_anamorphic(tmp_path, coco([scaled(lambda points: points * STORED / PICTURE)]))
    assert_dancer(keypoints, COCO_17)
    (warning,) = warnings
    assert "in the 540x540 pixels that the footage is stored in, not in the 720x540" in warning
    # Parts of the picture are the same in both.
    keypoints, warnings = load_anamorphic(tmp_path, coco([scaled(SCALES["keypoint_scale 3"])]))
    assert_dancer(keypoints, COCO_17)
    assert warnings == []


def test_turned_anamorphic_footage(tmp_path: Path) -> None:
    """Of pictures that are stored lying, the height has the odd pixels."""
    assert ANAMORPHIC.unsquared_size == (540, 540)
    turned = replace(ANAMORPHIC, width=540, height=720, orientation=Orientation((0, 1, -1, 0)))
    assert turned.unsquared_size == (540, 540)
    assert FOOTAGE.unsquared_size == (720, 540)


def test_annotations_without_a_listed_image_or_without_keypoints_are_left_out(tmp_path: Path) -> None:
    data = full_coco(dancer(), None, NAMES, RANDOM_IDS)
    del data["annotations"][17]["image_id"]
    data["annotations"][30]["image_id"] = -5
    keypoints = load(tmp_path, data, "2 of 131 annotations name no picture of the list 'images'")
    assert (keypoints.confidence.max(axis=1) > 0).sum() == FRAMES - 2
    data = full_coco(dancer(), None, NAMES, RANDOM_IDS)
    data["annotations"].append({"id": 1, "image_id": RANDOM_IDS[0], "category_id": 2, "bbox": [1, 2, 3, 4]})
    assert_dancer(load(tmp_path, data, "1 annotations hold no keypoints"), COCO_17)


def test_coco_images_that_are_a_part_of_the_frames(tmp_path: Path) -> None:
    """Every fifth frame was annotated; the names count the frames."""
    chosen = list(range(0, FRAMES, 5))
    data = full_coco(
        dancer()[chosen], None, [f"{frame:06}.jpg" for frame in chosen], [RANDOM_IDS[one] for one in chosen]
    )
    keypoints = load(tmp_path, data, "only one in 5 frames")
    assert np.flatnonzero(keypoints.confidence.max(axis=1)).tolist() == chosen
    np.testing.assert_allclose(keypoints.points[chosen, :17], dancer()[chosen, :17, :2])


SKELETONS = {
    "COCO's": (COCO_17, COCO_17, None),
    "spelt otherwise": ([str(name).replace("_", " ").title() for name in COCO_17], COCO_17, None),
    "side last": (["nose", *("_".join(reversed(str(name).split("_"))) for name in COCO_17[1:])], COCO_17, None),
    "in another order": (COCO_17[::-1], COCO_17[::-1], None),
    "another skeleton": ([f"bone {number}" for number in range(17)], COCO_17, "in COCO's order"),
}


@pytest.mark.parametrize(("names", "order", "warning"), SKELETONS.values(), ids=SKELETONS)
def test_names_of_points_tell_their_order(tmp_path: Path, names: list[str], order: Layout, warning: str | None) -> None:
    data = full_coco(dancer(), None, NAMES, RANDOM_IDS)
    data["categories"] = [{"id": 1, "name": "person", "keypoints": list(names)}]
    for annotation in data["annotations"]:
        rows = np.array(annotation["keypoints"]).reshape(17, 3)
        annotation["keypoints"] = rows[[COCO_17.index(name) for name in order]].ravel().tolist()
    assert_dancer(load(tmp_path, data, warning), COCO_17)
