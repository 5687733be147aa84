"""The field of view: from the files' own words where they have them."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from posenet3d_blender.body.model import load_body
from posenet3d_blender.camera import Camera
from posenet3d_blender.capture.keypoints.keypoints import Keypoints
from posenet3d_blender.capture.keypoints.own_files import StoredKeypoints, save_keypoints
from posenet3d_blender.capture.pipeline import CaptureSettings, capture_video
from posenet3d_blender.capture.video.footage import open_footage
from posenet3d_blender.capture.video.lens import PHONE_FIELD_OF_VIEW, equivalent_focal_length, field_of_view

from ..conftest import WriteVideo
from ..synthetic_person import FOCAL_LENGTH, IMAGE_SIZE, swaying_person


def test_a_phone_file_says_its_lens(tmp_path: Path) -> None:
    path = tmp_path / "phone.mov"
    with av.open(str(path), "w", options={"movflags": "use_metadata_tags"}) as container:
        container.metadata["com.apple.quicktime.camera.focal_length.35mm_equivalent"] = "28"
        stream = container.add_stream("mpeg4", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(4):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8))))
        container.mux(stream.encode())
    footage = open_footage(path)
    assert footage.equivalent_focal_length == 28
    # 28 mm on 36 x 27 mm film (4:3 of the same diagonal) sees 2 atan(34.6 / 2 / 28).
    assert field_of_view(footage.image_size, 28) == pytest.approx(63.4, abs=0.2)


def test_without_words_it_is_a_phone() -> None:
    assert equivalent_focal_length({"encoder": "x", "focal_length.35mm_equivalent": "unknown"}) is None
    assert field_of_view((720, 1280), None) == PHONE_FIELD_OF_VIEW


def test_portrait_and_landscape_see_the_same() -> None:
    assert field_of_view((1920, 1080), 26) == field_of_view((1080, 1920), 26)


SMALL = (IMAGE_SIZE[0] // 10, IMAGE_SIZE[1] // 10)


@pytest.mark.parametrize(
    ("in_file", "is_guessed", "said", "used"),
    [
        (FOCAL_LENGTH / 10, False, None, FOCAL_LENGTH / 10),
        (FOCAL_LENGTH / 10, False, 70.0, Camera.from_field_of_view(70.0, SMALL).focal_length),
        (None, False, None, Camera.from_field_of_view(PHONE_FIELD_OF_VIEW, SMALL).focal_length),
        (FOCAL_LENGTH / 10, True, None, Camera.from_field_of_view(PHONE_FIELD_OF_VIEW, SMALL).focal_length),
    ],
    ids=["the file says it", "the user says it", "nobody says it", "the file guesses"],
)
def test_keypoints_bring_their_lens_along(
    tmp_path: Path, write_video: WriteVideo, in_file: float | None, is_guessed: bool, said: float | None, used: float
) -> None:
    video = write_video("small.mp4", [np.zeros((SMALL[1], SMALL[0], 3), np.uint8)] * 30)
    keypoints = swaying_person(load_body(), open_footage(video).time).keypoints
    joints = tmp_path / "joints.json"
    small = Keypoints(keypoints.time, keypoints.points / 10, keypoints.confidence, SMALL)
    save_keypoints(StoredKeypoints(small, in_file, is_guessed), joints)
    capture = capture_video(video, CaptureSettings(device="cpu", keypoints=joints, field_of_view=said))
    camera = capture.motions[0].camera
    assert camera is not None
    assert camera.focal_length == pytest.approx(used)
    assert capture.shots[0].lens_is_guessed == (said is None and (in_file is None or is_guessed))
