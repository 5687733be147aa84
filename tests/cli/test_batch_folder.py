"""A small folder of good and broken clips, really captured: all good ones, also when the batch is killed in between."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills by signals")

from benchmarks.batch import assert_outcome, files_in, killed, run  # noqa: E402
from benchmarks.clip_folder import make_clips  # noqa: E402

KINDS = ("good", "portrait", "text", "4k", "cut_off", "nobody")
OPTIONS = ("--detector", "full")


def test_all_good_clips_are_captured_whenever_the_batch_is_killed(demo_clip: Path, tmp_path: Path) -> None:
    made = make_clips(
        tmp_path / "clips", [demo_clip], len(KINDS), seconds=0.6, longer_side=480, kinds=KINDS, large_side=960
    )
    assert sorted(made.values()) == [False, False, False, True, True, True]
    start = time.perf_counter()
    code = run(tmp_path, "whole", options=OPTIONS).wait()
    seconds = time.perf_counter() - start
    assert_outcome(tmp_path / "whole", made, code)
    whole = files_in(tmp_path / "whole")
    assert len(whole) == 9  # motion, BVH and contact sheet of each good one
    generator = random.Random(2)
    assert killed(tmp_path, "killed", [generator.random() for _ in range(2)], seconds, OPTIONS) == whole
