"""Which files a batch takes, what it ignores, and its folder; with a stand-in for the capture itself."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from posenet3d_blender.cli import batch
from posenet3d_blender.cli.find_videos import find_videos
from posenet3d_blender.cli.main import main
from posenet3d_blender.cli.summary import Summary
from posenet3d_blender.errors import PoseNet3DError

TAKEN = ("a.TS", "b.MXF", "c.ogv", "d.gif", "e.Mp4", "f.m4v", "g.VOB", "h.y4m")


@pytest.fixture(autouse=True)
def captured(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The videos that were captured; "broken" ones fail."""
    videos: list[Path] = []

    def capture_to_files(video: Path, _settings: object, outputs: Sequence[Path], _progress: object) -> Summary:
        if "broken" in video.name:
            raise PoseNet3DError(f"{video}: not a video that can be read; export it again")
        videos.append(video)
        for path in outputs:
            path.write_text("motion")
        return Summary(12, 30.0, 1, "cpu", "onnxruntime", {"lift": 0.1}, tuple(outputs))

    monkeypatch.setattr(batch, "capture_to_files", capture_to_files)
    return videos


def put(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"video")


def run_batch(folder: Path, *inputs: str, options: Sequence[str] = ()) -> int:
    return main(["batch", *inputs, "--out-dir", str(folder / "out"), "--format", "npz", *options])


def test_every_kind_of_footage_is_taken_and_the_rest_is_named(
    captured: list[Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    videos = tmp_path / "videos"
    put(videos, *TAKEN, "._a.TS", "._e.Mp4", ".hidden.mov", ".DS_Store", "notes.txt", "still.JPG", "README")
    put(videos / "more", "z.mp4")
    (videos / "gone.mp4").symlink_to(tmp_path / "nowhere.mp4")
    assert run_batch(tmp_path, str(videos)) == 0
    assert [path.name for path in captured] == sorted(TAKEN)
    first, *lines = capfd.readouterr().out.splitlines()
    assert first == (
        f"ignored  {videos}: 3 hidden files, 3 files of other kinds (.jpg, .txt, no ending), "
        "1 folder (give each as an input of its own), 1 file that can't be read"
    )
    assert [line.split()[0] for line in lines] == ["ok"] * len(TAKEN)


def test_json_names_each_ignored_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    put(tmp_path / "videos", "a.mp4", "._a.mp4", "notes.txt")
    assert run_batch(tmp_path, str(tmp_path / "videos"), options=["--json"]) == 0
    report = json.loads(capfd.readouterr().out)
    assert report["ok"] == 1
    assert [(Path(one["path"]).name, one["reason"]) for one in report["ignored"]] == [
        ("._a.mp4", "hidden"),
        ("notes.txt", "no video by its name"),
    ]


def test_patterns_pass_over_what_they_did_not_ask_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "Shoot [2024]", "a.mp4", "b.TS", "._a.mp4", "a.npz", "take.dat")
    monkeypatch.chdir(tmp_path)
    assert [path.name for path in find_videos(["Shoot [2024]/*"]).videos] == ["a.mp4", "b.TS"]
    assert [path.name for path in find_videos(["Shoot [2024]/a.*"]).videos] == ["a.mp4"]
    assert [path.name for path in find_videos(["**/*.mp4"]).videos] == ["a.mp4"]
    asked_for = find_videos(["Shoot [2024]/*.dat"])
    assert ([path.name for path in asked_for.videos], asked_for.ignored) == (["take.dat"], ())


def test_a_file_named_by_itself_is_taken_whatever_its_name(captured: list[Path], tmp_path: Path) -> None:
    put(tmp_path, "._a.mp4", "take")
    assert run_batch(tmp_path, str(tmp_path / "._a.mp4"), str(tmp_path / "take")) == 0
    assert [path.name for path in captured] == ["._a.mp4", "take"]


def test_names_that_some_disks_take_for_one_are_not_mixed_up(
    captured: list[Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path / "one", "cafe\u0301.mp4", "Walk.mp4")
    put(tmp_path / "two", "caf\u00e9.mp4", "walk.mov")
    assert run_batch(tmp_path, str(tmp_path / "one"), str(tmp_path / "two")) == 3
    assert sorted(path.parent.name for path in captured) == ["one", "one"]
    assert capfd.readouterr().out.count("would replace those of") == 2


def test_a_folder_in_which_nothing_was_written_does_not_stay(
    captured: list[Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path / "videos", "broken.mp4")
    batch_to = ["batch", str(tmp_path / "videos"), "--format", "npz", "--out-dir"]
    assert main([*batch_to, str(tmp_path / "new" / "deep")]) == 3
    assert not (tmp_path / "new").exists()
    (tmp_path / "there").mkdir()
    assert main([*batch_to, str(tmp_path / "there")]) == 3
    assert (tmp_path / "there").is_dir()
    put(tmp_path / "videos", "good.mp4")
    assert main([*batch_to, str(tmp_path / "new" / "deep")]) == 3
    assert [path.name for path in (tmp_path / "new" / "deep").iterdir()] == ["good.npz"]


@pytest.mark.parametrize("name", ["x" * 300 + ".mp4", "loop.mp4", "a\nb\x1b[31m.mp4", os.fsdecode(b"caf\xe9.mp4")])
def test_odd_inputs_are_one_line_each(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    if name == "loop.mp4":
        (tmp_path / name).symlink_to(tmp_path / name)
    elif len(name) < 255:
        put(tmp_path, name)
    assert run_batch(tmp_path, str(tmp_path / name)) in (0, 3)
    printed = capfd.readouterr()
    assert printed.out.count("\n") == 1
    assert "\x1b" not in printed.out
    assert printed.err == ""
