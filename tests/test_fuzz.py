"""A small sample of the fuzz test and of the kills in `benchmarks`, on every run."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of processes are Linux's")
pytest.importorskip("resource")

from benchmarks import fuzz, kills  # noqa: E402
from benchmarks.fuzz_inputs import KINDS, Sources  # noqa: E402
from benchmarks.fuzz_mutations import mutate_bytes, mutate_json  # noqa: E402

SEED = 4
SAMPLE = 40


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@pytest.fixture(scope="module")
def sources(folder: Path, demo_clip: Path) -> Sources:
    return fuzz.make_sources(folder)


def test_damaged_inputs_are_read_or_refused_in_one_line(sources: Sources, folder: Path) -> None:
    results = list(fuzz.run(sources, SEED, range(SAMPLE), folder))
    assert [result.damaged.index for result in results] == list(range(SAMPLE))
    assert not [result.as_line() for result in results if result.outcome == "broken"]
    whole = {result.damaged.kind: result.outcome for result in results[: len(KINDS)][::-1]}
    assert whole == {"video": "written", "keypoints": "written", "motion": "written", "body": "read"}
    outcomes = Counter(result.outcome for result in results)
    assert outcomes["refused"] > 5, "the damage is real"
    assert outcomes["read"] + outcomes["written"] > 5, "and not always fatal"


def test_each_input_follows_from_seed_and_number(sources: Sources) -> None:
    backwards = [sources.damaged(SEED, index) for index in range(SAMPLE - 1, -1, -1)]
    assert [sources.damaged(SEED, index) for index in range(SAMPLE)] == backwards[::-1]
    assert sources.damaged(SEED, 12) != sources.damaged(SEED + 1, 12)


def test_mutations_change_what_they_are_given_and_leave_the_original(sources: Sources) -> None:
    whole = sources.keypoints["coco.json"]
    before = repr(whole)
    for seed in range(30):
        mutate_json(np.random.default_rng(seed), whole)
    assert repr(whole) == before
    assert mutate_bytes(np.random.default_rng(0), b"\x00" * 500) != b"\x00" * 500


def test_a_worker_that_hangs_crashes_or_leaks_is_told(
    sources: Sources, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test itself can fail: inputs of unknown kinds break the worker's rules."""
    damaged = sources.damaged(SEED, 0)
    unknown = type(damaged)(0, "unknown", "clip.mp4", damaged.content, is_full=False)
    monkeypatch.setattr(type(sources), "damaged", lambda *_arguments: unknown)
    (result,) = fuzz.run(sources, SEED, [0], folder)
    assert result.outcome == "broken"
    assert "KeyError" in result.detail


@pytest.mark.parametrize("command", ["capture", "batch"])
def test_kills_leave_nothing_half_written_and_reruns_give_the_same(
    command: str, tmp_path: Path, demo_clip: Path
) -> None:
    results = list(kills.run(tmp_path, count=2, seed=SEED, commands=(command,)))
    assert [kill.signal.name for kill in results] == ["SIGKILL", "SIGTERM"]
    assert not [kill.as_line() for kill in results if kill.complaints]
