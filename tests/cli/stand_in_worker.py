"""A batch's process without networks: python stand_in_worker.py FOLDER. A clip's name says what happens to it.

crash: the process kills itself; crash_once: the same, at the first attempt only; slow: it takes long; else a file in
FOLDER is written. Each start is noted in FOLDER too. STAND_IN_SECONDS in the environment makes every clip slow.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

from posenet3d_blender.cli.batch.job import ClipJob, ClipResult
from posenet3d_blender.cli.batch.worker import MARK


def capture(job: ClipJob, folder: Path) -> ClipResult:
    name = job.video.stem
    attempt = folder / f"{name}.attempt"
    is_first = not attempt.exists()
    attempt.touch()
    if name.startswith("crash") and (is_first or "once" not in name):
        os.kill(os.getpid(), signal.SIGKILL)
    if name.startswith("slow"):
        time.sleep(60)
    time.sleep(float(os.environ.get("STAND_IN_SECONDS", "0")))
    (folder / name).write_text(os.environ.get("POSENET3D_THREADS", "all"))
    return ClipResult(job.video, "ok", line=f"process {os.getpid()}")


def main(folder: Path) -> None:
    if (folder / "refuse").exists():
        sys.exit("no such add-on")
    print("Blender 9.9 prints this")
    print(MARK + json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        result = capture(ClipJob.from_json(json.loads(line)), folder)
        print(MARK + json.dumps({"result": result.to_worker_json()}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
