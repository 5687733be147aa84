"""Which files a batch takes, what it ignores, and its folder; with a stand-in for the capture itself."""

from __future__ import annotations

import argparse
import csv
import errno
import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from posenet3d_blender.cli.batch import capture_clip, command
from posenet3d_blender.cli.batch.clip_settings import settings_of
from posenet3d_blender.cli.batch.find_videos import find_videos
from posenet3d_blender.cli.batch.job import ClipJob
from posenet3d_blender.cli.batch.journal import Journal
from posenet3d_blender.cli.main import main
from posenet3d_blender.cli.summary import Summary
from posenet3d_blender.errors import PoseNet3DError
from posenet3d_blender.numbered_names import paths_of_people

CHECKOUT = Path(__file__).parents[2]
TAKEN = ("a.TS", "b.MXF", "c.ogv", "d.gif", "e.Mp4", "f.m4v", "g.VOB", "h.y4m")


@pytest.fixture(autouse=True)
def captured(monkeypatch: pytest.MonkeyPatch, batch_in_this_process: None) -> list[Path]:
    """The videos that were captured; "broken" ones fail."""
    videos: list[Path] = []

    def capture_as_told(arguments: argparse.Namespace, _progress: object) -> Summary:
        video = arguments.video
        if "broken" in video.name:
            raise PoseNet3DError(f"{video}: not a video that can be read; export it again")
        videos.append(video)
        for path in arguments.outputs:
            path.write_text("motion")
        return Summary(12, 30.0, 1, "cpu", "onnxruntime", {"lift": 0.1}, tuple(arguments.outputs))

    monkeypatch.setattr(capture_clip, "capture_as_told", capture_as_told)
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


@pytest.mark.parametrize(
    ("options", "other", "refused"),
    [
        (["--person", "all"], "Walk_person2.mp4", 1),
        (["--person", "all"], "Walk_shot1.mp4", 0),
        (["--shots", "all"], "Walk_shot1.mp4", 1),
        (["--shots", "all"], "Walk_person2.mp4", 0),
        (["--shots", "all", "--person", "all"], "Walk_shot1_person2.mp4", 1),
        (["--person", "2"], "Walk_person2.mp4", 0),
    ],
)
def test_a_clip_whose_people_or_shots_would_replace_another_is_refused(
    captured: list[Path],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    options: list[str],
    other: str,
    refused: int,
) -> None:
    put(tmp_path / "videos", "walk.mp4", other, "walk_shot.mp4")
    assert run_batch(tmp_path, str(tmp_path / "videos"), options=options) == (3 if refused else 0)
    assert len(captured) == 3 - refused
    told = capfd.readouterr().out
    assert told.count("one of its people or shots could replace the outputs of") == refused


def test_a_broken_clip_leaves_its_reason_and_the_next_one_is_captured(tmp_path: Path) -> None:
    put(tmp_path / "videos", "broken.mp4", "good.mp4")
    assert run_batch(tmp_path, str(tmp_path / "videos")) == 3
    out = tmp_path / "out"
    assert sorted(path.name for path in out.iterdir()) == ["good.npz", "logs", "summary.csv", "summary.json"]
    report = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert [(clip["status"], clip["reason"]) for clip in report["videos"]] == [
        ("failed", "not a video that can be read; export it again"),
        ("ok", None),
    ]
    with (out / "summary.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["status"], row["frames"]) for row in rows] == [("failed", ""), ("ok", "12")]
    assert "export it again" in (out / "logs" / "broken.log").read_text(encoding="utf-8")


def test_a_dry_run_writes_nothing_and_says_what_can_not_be_opened(
    captured: list[Path], demo_clip: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path, "no_video.mp4")
    assert run_batch(tmp_path, str(demo_clip), str(tmp_path / "no_video.mp4"), options=["--dry-run"]) == 3
    planned, failed = capfd.readouterr().out.splitlines()
    assert planned.startswith(f"planned  {demo_clip}: 131 frames, 0:04.3, ")
    assert failed.startswith(f"failed   {tmp_path / 'no_video.mp4'}: ")
    assert not captured
    assert not (tmp_path / "out").exists()


def test_a_dry_run_tells_its_plan_as_json(demo_clip: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    put(tmp_path, "no_video.mp4")
    inputs = [str(demo_clip), str(tmp_path / "no_video.mp4")]
    assert run_batch(tmp_path, *inputs, options=["--dry-run", "--json"]) == 3
    report = json.loads(capfd.readouterr().out)
    assert (report["planned"], report["failed"], report["ok"]) == (1, 1, 0)
    assert [clip["video"] for clip in report["videos"]] == inputs


def test_a_clip_of_which_a_further_person_is_missing_is_captured_again(
    captured: list[Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def capture_two(arguments: argparse.Namespace, _progress: object) -> Summary:
        captured.append(arguments.video)
        written = tuple(one for output in arguments.outputs for one in paths_of_people(output, 2))
        for path in written:
            path.write_text("motion")
        return Summary(12, 30.0, 2, "cpu", "onnxruntime", {"lift": 0.1}, written)

    monkeypatch.setattr(capture_clip, "capture_as_told", capture_two)
    put(tmp_path / "videos", "walk.mp4")
    for times in (1, 1, 2):
        if times == 2:
            (tmp_path / "out" / "walk_person2.npz").unlink()
        assert run_batch(tmp_path, str(tmp_path / "videos"), options=["--person", "all"]) == 0
        assert len(captured) == times
    assert "done already" in capfd.readouterr().out


def test_settings_of_a_clip_go_from_the_command_line_over_the_table_to_the_file_beside_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put(tmp_path, "walk_1.mp4", "walk_2.mp4", "other.mp4")
    table = tmp_path / "table.toml"
    table.write_text('["walk_*"]\nheight = 1.8\nbody = "own.npz"\n', encoding="utf-8")
    (tmp_path / "walk_2.toml").write_text("height = 1.6\nstart = 2\n", encoding="utf-8")
    asked: dict[str, argparse.Namespace] = {}

    def capture_as_told(arguments: argparse.Namespace, _progress: object) -> Summary:
        asked[arguments.video.stem] = arguments
        raise PoseNet3DError("only asked")

    monkeypatch.setattr(capture_clip, "capture_as_told", capture_as_told)
    (tmp_path / "walk_1.toml").write_text("mirror = false\n", encoding="utf-8-sig")
    options = ["--settings", str(table), "--height", "1.7", "--device", "cpu", "--mirror"]
    assert run_batch(tmp_path, str(tmp_path / "*.mp4"), options=options) == 3
    assert {name: (one.height, one.start) for name, one in asked.items()} == {
        "walk_1": (1.8, None),
        "walk_2": (1.6, 2.0),
        "other": (1.7, None),
    }
    assert {name: one.mirror for name, one in asked.items()} == {"walk_1": False, "walk_2": True, "other": True}
    assert asked["walk_1"].body == tmp_path / "own.npz"
    assert {one.device for one in asked.values()} == {"cpu"}


def test_characters_of_several_people_are_a_list(tmp_path: Path) -> None:
    (tmp_path / "duo.toml").write_text('target = ["hero.blend:Hero", "other/rival.blend:Rival"]\n', encoding="utf-8")
    options = settings_of(tmp_path / "duo.mp4", argparse.Namespace(), None)
    assert options == tuple(f"--target={tmp_path / one}" for one in ("hero.blend:Hero", "other/rival.blend:Rival"))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("[walk]\nheigth = 2", "'heigth' is not a setting of a clip; use one of: "),
        ("[walk]\nheight = [1.7, 1.8]", "is not a number of metres"),
        ("[walk]\nheight = 9", "'9' is not a number of metres between 0.5 and 2.5"),
        ("height = 1.8", "is outside of any table"),
        ("[walk", "not valid TOML"),
    ],
)
def test_wrong_settings_are_one_line_before_any_work(
    content: str, complaint: str, captured: list[Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path, "walk.mp4")
    (tmp_path / "table.toml").write_text(content, encoding="utf-8")
    assert run_batch(tmp_path, str(tmp_path / "walk.mp4"), options=["--settings", str(tmp_path / "table.toml")]) == 1
    error = capfd.readouterr().err
    assert complaint in error
    assert error.count("\n") == 1
    assert not captured


def test_tables_that_fit_no_clip_are_named(
    captured: list[Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path, "walk.mp4")
    names = ["walk.mp4", "WALK", "run_*", "walk", "w*"]
    table = tmp_path / "table.toml"
    table.write_text("".join(f'["{name}"]\nheight = 1.7\n' for name in names), encoding="utf-8")
    assert run_batch(tmp_path, str(tmp_path / "walk.mp4"), options=["--settings", str(table)]) == 0
    error = capfd.readouterr().err
    assert [name for name in names if f"{table}: [{name}] fits no clip" in error] == ["walk.mp4", "WALK", "run_*"]
    assert len(captured) == 1


def test_keypoints_of_a_clip_take_the_place_of_the_batchs_detector(tmp_path: Path) -> None:
    (tmp_path / "walk.toml").write_text('keypoints = "walk.json"\n', encoding="utf-8")
    options = settings_of(tmp_path / "walk.mp4", argparse.Namespace(detector="full"), None)
    assert options == (f"--keypoints={tmp_path / 'walk.json'}",)


@pytest.mark.parametrize("settings", ["height = 9", "start = 5\nend = 2", 'map = "hero.json"'])
def test_wrong_settings_beside_a_clip_fail_that_clip_alone(settings: str, captured: list[Path], tmp_path: Path) -> None:
    put(tmp_path / "videos", "a.mp4", "b.mp4")
    (tmp_path / "videos" / "a.toml").write_text(settings, encoding="utf-8")
    assert run_batch(tmp_path, str(tmp_path / "videos")) == 3
    assert [path.name for path in captured] == ["b.mp4"]


def test_a_clip_is_captured_again_when_its_settings_change_and_else_keeps_its_figures(
    captured: list[Path], tmp_path: Path
) -> None:
    put(tmp_path, "walk.mp4")
    walk = str(tmp_path / "walk.mp4")
    assert [run_batch(tmp_path, walk, options=options) for options in ([], ["--device", "cpu"])] == [0, 0]
    (clip,) = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))["videos"]
    assert (len(captured), clip["status"], clip["frames"]) == (1, "skipped", 12)
    assert run_batch(tmp_path, walk, options=["--height", "1.7"]) == 0
    assert len(captured) == 2


@pytest.mark.parametrize("setting", ["keypoints", "body", "target"])
def test_a_clip_is_captured_again_when_a_file_that_its_settings_name_changes(
    setting: str, captured: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "check_characters", lambda *_: None)
    put(tmp_path, "walk.mp4", "used.blend")
    value = f"{tmp_path / 'used.blend'}{':Hero' if setting == 'target' else ''}"
    (tmp_path / "walk.toml").write_text(f'{setting} = "{value}"', encoding="utf-8")
    arguments = ["batch", str(tmp_path / "walk.mp4"), "--out-dir", str(tmp_path / "out"), "--format", "bvh"]
    assert [main(arguments) for _ in range(2)] == [0, 0]
    assert len(captured) == 1
    later = time.time() + 60
    os.utime(tmp_path / "used.blend", (later, later))
    assert main(arguments) == 0
    assert len(captured) == 2


def test_outputs_of_other_settings_do_not_count_as_done_after_a_failure(
    captured: list[Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put(tmp_path, "walk.mp4")
    walk, taller = str(tmp_path / "walk.mp4"), ["--height", "1.7"]
    assert run_batch(tmp_path, walk) == 0

    def fail(_arguments: argparse.Namespace, _progress: object) -> Summary:
        raise PoseNet3DError("the network drive is gone")

    with monkeypatch.context() as broken:
        broken.setattr(capture_clip, "capture_as_told", fail)
        assert run_batch(tmp_path, walk, options=taller) == 3
    assert run_batch(tmp_path, walk, options=taller) == 0
    assert len(captured) == 2


def test_each_output_has_settings_of_its_own(captured: list[Path], tmp_path: Path) -> None:
    put(tmp_path, "walk.mp4")
    batch = ["batch", str(tmp_path / "walk.mp4"), "--out-dir", str(tmp_path / "out")]
    steps = [("npz", "1.6"), ("fbx", "1.9"), ("npz", "1.9"), ("fbx", "1.9"), ("npz,fbx", "1.9"), ("npz", "1.6")]
    counts = []
    for formats, height in steps:
        assert main([*batch, "--format", formats, "--height", height]) == 0
        counts.append(len(captured))
    assert counts == [1, 2, 3, 3, 3, 4]


def test_settings_are_known_after_batches_of_other_clips_into_the_folder(captured: list[Path], tmp_path: Path) -> None:
    put(tmp_path, "walk.mp4", "run.mp4")
    walk, run = str(tmp_path / "walk.mp4"), str(tmp_path / "run.mp4")
    assert [run_batch(tmp_path, one) for one in (walk, run, walk)] == [0, 0, 0]
    assert len(captured) == 2
    (clip,) = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))["videos"]
    assert (clip["status"], clip["frames"]) == ("skipped", 12)
    assert [run_batch(tmp_path, one, options=["--height", "1.7"]) for one in (run, walk)] == [0, 0]
    assert len(captured) == 4


def test_a_clip_that_was_in_hand_when_the_batch_was_killed_is_captured_again(
    captured: list[Path], tmp_path: Path
) -> None:
    put(tmp_path, "walk.mp4", "run.mp4")
    assert run_batch(tmp_path, str(tmp_path / "*.mp4")) == 0
    Journal(tmp_path / "out", tmp_path / "out" / "summary.json").begin(
        [ClipJob(tmp_path / "walk.mp4", (), tmp_path / "walk.log")]
    )
    with (tmp_path / "out" / "logs" / "batch.jsonl").open("a", encoding="ascii") as journal:
        journal.write('{"video": "')  # cut off
    assert run_batch(tmp_path, str(tmp_path / "*.mp4")) == 0
    assert [path.name for path in captured] == ["run.mp4", "walk.mp4", "walk.mp4"]


def test_a_folder_that_can_not_be_written_is_one_line_before_any_work(
    captured: list[Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path, "a.mp4", "b.mp4")

    def no_file(**_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(command.tempfile, "TemporaryFile", no_file)
    assert run_batch(tmp_path, str(tmp_path / "*.mp4")) == 1
    printed = capfd.readouterr()
    assert printed.err.startswith(f"posenet3d: error: {tmp_path / 'out'}: can't be written (Read-only file system); ")
    assert printed.err.count("\n") == 1
    assert not captured


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


@pytest.mark.skipif(os.name != "posix", reason="limits of processes")
def test_a_full_disk_is_one_line_and_leaves_nothing(demo_clip: Path, tmp_path: Path) -> None:
    """No file may grow beyond 100 KB: to a process the same as a disk without room for more."""
    command = [
        sys.executable,
        "-m",
        "posenet3d_blender",
        "batch",
        str(demo_clip),
        "--out-dir",
        "out",
        "--format",
        "npz",
    ]
    run = subprocess.run(
        ["sh", "-c", f"ulimit -f 200 && exec {shlex.join(command)}"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert run.stderr == (
        "posenet3d: error: out: can't be written (File too large); check the disk, then run the same command again, "
        "finished clips are kept\n"
    )
    assert not list(tmp_path.iterdir())


def test_a_disk_that_is_lost_midway_ends_the_batch_and_keeps_what_is_done(
    captured: list[Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path / "videos", "a.mp4", "broken.mp4", "c.mp4")
    trials = iter([None, OSError(errno.EIO, "Input/output error")])
    original = command.tempfile.TemporaryFile

    def trial_file(**options: Any) -> Any:
        trouble = next(trials)
        if trouble:
            raise trouble
        return original(**options)

    monkeypatch.setattr(command.tempfile, "TemporaryFile", trial_file)
    assert run_batch(tmp_path, str(tmp_path / "videos")) == 1
    printed = capfd.readouterr()
    assert "can't be written (Input/output error); check the disk, then run the same command again" in printed.err
    assert [path.name for path in captured] == ["a.mp4"]
    assert (tmp_path / "out" / "a.npz").is_file()

    monkeypatch.undo()
    report = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert [clip["status"] for clip in report["videos"]] == ["ok", "failed"]
