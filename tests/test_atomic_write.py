"""Writing files whole or not at all, and whose failure it was."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from posenet3d_blender.atomic_write import replace_all, temporary_beside, writing
from posenet3d_blender.errors import PoseNet3DError


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "note.txt"
    with writing(target) as partial:
        partial.write_text("first")
        assert not target.exists()

    def write_half() -> None:
        with writing(target) as partial:
            partial.write_text("second")
            raise KeyError

    with pytest.raises(KeyError):
        write_half()
    assert target.read_text() == "first"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EFBIG])
def test_a_full_disk_is_said_to_be_one(tmp_path: Path, number: int) -> None:
    with pytest.raises(PoseNet3DError, match=r"note\.txt: can't be written"), writing(tmp_path / "note.txt"):
        raise OSError(number, "no room")
    assert not list(tmp_path.iterdir())


def test_an_output_that_vanishes_or_is_a_folder_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(PoseNet3DError, match="can't be written"), writing(tmp_path / "note.txt"):
        pass
    with pytest.raises(PoseNet3DError, match="can't be written"), writing(tmp_path / "note.txt") as partial:
        partial.read_text()
    (tmp_path / "folder").mkdir()
    with pytest.raises(PoseNet3DError, match="folder: can't be written"), writing(tmp_path / "folder") as partial:
        partial.write_text("text")


@pytest.mark.parametrize("has_links", [True, False])
def test_several_files_are_replaced_together_or_not_at_all(
    has_links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_link(_source: Path, _target: Path) -> None:
        raise OSError(errno.EPERM, "no hard links on this disk")

    if not has_links:
        monkeypatch.setattr(os, "link", no_link)
    old, new, last = (tmp_path / name for name in ("old.txt", "new.txt", "last.txt"))
    old.write_text("first")
    last.write_text("first")
    replace = os.replace

    def refuse_last(source: Path, target: Path) -> None:
        if target == last:
            raise PermissionError(errno.EACCES, "open in another program")
        replace(source, target)

    paths = (old, new, last)
    with ExitStack() as stack:
        partials = [stack.enter_context(temporary_beside(path)) for path in paths]
        for partial in partials:
            partial.write_text("second")
        with monkeypatch.context() as in_use:
            in_use.setattr(os, "replace", refuse_last)
            with pytest.raises(PoseNet3DError, match=r"last\.txt: can't be written"):
                replace_all(paths, partials)
        assert {path.name: path.read_text() for path in tmp_path.glob("*.txt")} == dict.fromkeys(
            ("old.txt", "last.txt"), "first"
        )
    with ExitStack() as stack:
        partials = [stack.enter_context(temporary_beside(path)) for path in paths]
        for partial in partials:
            partial.write_text("second")
        replace_all(paths, partials)
    assert {path.read_text() for path in paths} == {"second"}
    assert sorted(tmp_path.iterdir()) == sorted(paths)


def test_a_failure_to_read_another_file_is_not_called_a_failure_to_write(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="elsewhere"), writing(tmp_path / "note.txt"):
        (tmp_path / "elsewhere").read_text()
    assert not list(tmp_path.iterdir())


def test_the_temporary_file_has_the_ending_of_the_output_and_a_name_that_any_library_takes(tmp_path: Path) -> None:
    with writing(tmp_path / "first\nsecond.GLB") as partial:
        assert partial.name == "output.GLB"
        partial.write_text("text")
    assert [path.name for path in tmp_path.iterdir()] == ["first\nsecond.GLB"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell whether a process is alive")
def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    script = """
import os, signal, sys
from pathlib import Path
from posenet3d_blender.atomic_write import replace_all, temporary_beside, writing
with writing(Path(sys.argv[1])) as partial:
    partial.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    target = tmp_path / "note.txt"
    killed = subprocess.run([sys.executable, "-c", script, str(target)], cwd=Path(__file__).parents[1])
    assert killed.returncode == -signal.SIGKILL
    (abandoned,) = tmp_path.iterdir()
    (tmp_path / ".posenet3d-notes").mkdir()
    others = tmp_path / abandoned.name.replace("posenet3d-", "posenet3d-0")
    others.mkdir()
    with writing(target) as outer, writing(tmp_path / "second.txt") as inner:
        outer.write_text("whole")
        inner.write_text("whole")
    assert {path.name for path in tmp_path.iterdir()} == {"note.txt", "second.txt", ".posenet3d-notes", others.name}
