"""Run mediapipe's pose pipeline over a video: the reference of end_to_end.py. Runs in .venv-mediapipe.

    python benchmarks/mediapipe_pose.py VIDEO

Decodes with PyAV, tracks with `mediapipe.solutions.pose` (model_complexity=2, video mode) and prints one JSON line:
frames, frames with a person, seconds.
"""

from __future__ import annotations

import json
import sys
import time

import av
import mediapipe
import numpy as np


def main() -> None:
    """Track one person through all frames of the video."""
    start = time.perf_counter()
    frames = seen = 0
    with (
        mediapipe.solutions.pose.Pose(static_image_mode=False, model_complexity=2) as pose,
        av.open(sys.argv[1]) as container,
    ):
        container.streams.video[0].thread_type = "AUTO"
        for frame in container.decode(video=0):
            upright = np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90) % 4)
            result = pose.process(np.ascontiguousarray(upright))
            frames += 1
            seen += result.pose_landmarks is not None
    print(json.dumps({"frames": frames, "seen": seen, "seconds": round(time.perf_counter() - start, 3)}))


if __name__ == "__main__":
    main()
