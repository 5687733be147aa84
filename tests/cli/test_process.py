"""The end of a command's process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]


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
