"""The commands as processes of their own: what a shell script sees."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from posenet3d_blender.cli import main as main_module
from posenet3d_blender.cli.main import main

CHECKOUT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "posenet3d_blender"]


def test_exit_codes_reach_the_shell(tmp_path: Path) -> None:
    missing = subprocess.run([*COMMAND, "capture", "nowhere.mp4", "-o", "out.npz"], cwd=tmp_path, capture_output=True)
    assert (missing.returncode, missing.stdout, missing.stderr.count(b"\n")) == (1, b"", 1)
    usage = subprocess.run([*COMMAND, "capture"], cwd=tmp_path, capture_output=True)
    assert (usage.returncode, usage.stdout, usage.stderr.count(b"\n")) == (2, b"", 1)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc to see the work begin")
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_capture_leaves_nothing(stop: signal.Signals, demo_clip: Path, tmp_path: Path) -> None:
    outputs = ["-o", "out.npz", "-o", "out.fbx", "--preview", "preview.mp4"]
    capture = subprocess.Popen(
        [*COMMAND, "capture", str(demo_clip), *outputs], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    memory = Path(f"/proc/{capture.pid}/maps")
    while capture.poll() is None and "onnxruntime" not in memory.read_text():
        time.sleep(0.05)
    capture.send_signal(stop)
    output, error = capture.communicate(timeout=120)
    assert capture.returncode == 130, error.decode()
    assert output == b""
    assert error.decode() == "posenet3d: error: cancelled; no partial files were left\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(("place", "code", "error"), [("before", 130, "cancelled; no partial files"), ("after", 0, "")])
def test_a_signal_around_a_command_does_not_change_how_it_ends(
    place: str,
    code: int,
    error: str,
    stop: signal.Signals,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    original = main_module.open_console

    @contextmanager
    def open_console(*arguments: Any) -> Iterator[Any]:
        with original(*arguments) as console:
            if place == "before":
                signal.raise_signal(stop)
            yield console
            if place == "after":
                signal.raise_signal(stop)

    monkeypatch.setattr(main_module, "open_console", open_console)
    monkeypatch.setitem(main_module.COMMANDS, "doctor", lambda *_: 0)
    assert main(["doctor"]) == code
    assert error in capfd.readouterr().err


def test_a_handled_interrupt_does_not_change_the_exit_code(tmp_path: Path) -> None:
    """A signal that arrives while a module defines a dataclass raises KeyboardInterrupt within `exec`."""
    (tmp_path / "interrupted.py").write_text(
        "from posenet3d_blender.cli.process import exit_process\n"
        "try:\n"
        "    exec('raise KeyboardInterrupt')\n"
        "except KeyboardInterrupt:\n"
        "    print('cancelled')\n"
        "exit_process(130)\n"
    )
    run = subprocess.run(
        [sys.executable, "-m", "interrupted"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout, run.stderr) == (130, "cancelled\n", "")
