"""The job type for Flamenco, run by a JavaScript engine against the names that Flamenco documents."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from posenet3d_blender.cli.parser import parse

CHECKOUT = Path(__file__).parents[1]
SCRIPT = CHECKOUT / "examples" / "flamenco" / "posenet3d_capture.js"
MANAGER = Path(__file__).with_name("flamenco_manager.js")
SETTINGS = {"clip_folder": "/farm/clips", "output_folder": "/farm/out/", "formats": "fbx, npz", "options": ""}
SETTING_KEYS = {
    "key",
    "type",
    "subtype",
    "required",
    "visible",
    "editable",
    "eval",
    "default",
    "description",
}
"""Of Flamenco's AvailableJobSetting, as far as used."""


def compile_job(**settings: str) -> dict[str, Any]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    command = [node, str(MANAGER), str(SCRIPT), json.dumps(SETTINGS | settings)]
    answer: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return answer


def test_each_clip_is_a_task_that_captures_it_to_all_formats() -> None:
    tasks = compile_job(clips="/farm/clips/Walk 1.mp4\n/farm/clips/b.MOV\n", options="--person all --height 1.7")[
        "tasks"
    ]
    assert [(task["name"], task["type"]) for task in tasks] == [("Walk 1", "blender"), ("b", "blender")]
    (command,) = tasks[0]["commands"]
    assert (command["name"], command["parameters"]["exe"]) == ("exec", "{blender}")
    start = command["parameters"]["args"]
    assert start[:3] == ["--background", "--command", "posenet3d"]
    parsed = parse(start[3:])
    assert parsed.command == "capture"
    assert parsed.video == Path("/farm/clips/Walk 1.mp4")
    assert parsed.outputs == [Path("/farm/out/Walk 1.fbx"), Path("/farm/out/Walk 1.npz")]
    assert parsed.contact_sheet == Path("/farm/out/contact_sheets/Walk 1.jpg")
    assert (parsed.person, parsed.height) == ("all", 1.7)


def test_names_of_windows_paths_are_taken_too() -> None:
    (task,) = compile_job(clips="F:\\clips\\take.7.mp4")["tasks"]
    assert task["name"] == "take.7"


def test_clips_that_would_replace_each_other_and_empty_folders_are_refused() -> None:
    assert "would replace those of /one/a.mp4" in compile_job(clips="/one/a.mp4\n/two/A.mov")["error"]
    assert compile_job(clips=" ")["error"] == "no videos in /farm/clips; choose a folder with clips"


def test_the_settings_are_those_that_flamenco_knows_and_the_clips_are_found(tmp_path: Path) -> None:
    settings = compile_job(clips="a.mp4")["jobType"]["settings"]
    assert not {key for setting in settings for key in setting} - SETTING_KEYS
    assert {setting["type"] for setting in settings} == {"string"}
    for name in ("b.MP4", "a.mov", "._a.mov", "notes.txt"):
        (tmp_path / name).touch()
    expression = next(setting["eval"] for setting in settings if setting["key"] == "clips")
    # As Flamenco's add-on evaluates it in Blender.
    bpy = SimpleNamespace(path=SimpleNamespace(abspath=str))
    names = {"bpy": bpy, "Path": Path, "settings": SimpleNamespace(clip_folder=str(tmp_path))}
    assert eval(expression, names).split("\n") == [str(tmp_path / "a.mov"), str(tmp_path / "b.MP4")]
