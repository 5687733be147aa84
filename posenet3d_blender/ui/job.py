"""A capture in a thread of its own, so that Blender stays responsive. No bpy here: it is not thread-safe."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import Cancelled

if TYPE_CHECKING:
    from ..capture.pipeline import Capture, CaptureSettings


class CaptureJob:
    """One capture, started at once. The main thread looks at `is_running`, `stage` and `fraction` from time to time."""

    def __init__(self, video: Path, settings: CaptureSettings) -> None:
        self.video = video
        self.stage = "starting"
        self.fraction = 0.0
        self._settings = settings
        self._capture: Capture | None = None
        self._error: BaseException | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="PoseNet3D capture", daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    def cancel(self) -> None:
        """Ask it to stop; it does at its next report of progress."""
        self._stop.set()

    def wait(self, seconds: float | None = None) -> None:
        """Return when it has ended, or after so many seconds."""
        self._thread.join(seconds)

    def result(self) -> Capture:
        """What was captured, once it has ended.

        Raises:
            PoseNet3DError: the capture failed, or was cancelled.
        """
        if self._error is not None:
            raise self._error
        assert self._capture is not None, "the capture has not ended yet"
        return self._capture

    def _work(self) -> None:
        try:
            from ..capture.pipeline import capture_video

            self._capture = capture_video(self.video, self._settings, self._report)
        except BaseException as error:  # handed over to the main thread, which shows it
            self._error = error

    def _report(self, stage: str, fraction: float) -> None:
        if self._stop.is_set():
            raise Cancelled
        self.stage, self.fraction = stage, fraction
