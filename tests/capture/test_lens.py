"""The field of view: from the file's own words where it has them."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from posenet3d_blender.capture.footage import open_footage
from posenet3d_blender.capture.lens import PHONE_FIELD_OF_VIEW, equivalent_focal_length, field_of_view


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
