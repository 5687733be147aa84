"""Take the screenshots for docs/ from a real Blender window on a virtual screen.

    python build_addon.py --platform linux-x64 --output-dir out/zip
    python tools/make_screenshots.py --blender blender --zip out/zip/posenet3d_blender-*-linux-x64-blender5.1.zip

Installs the zip into an empty user folder, opens the tab, chooses the bundled clip, clicks the buttons with the mouse,
and takes a screenshot of each step. Then, in a new window, it retargets a capture to a rig of each family. Needs Xvfb,
xdotool and ImageMagick's import. The bundled clip's rendered dancer is the only person shown; for the choice among
people a clip with two copies of her is made.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from pathlib import Path

import av
import numpy as np

CHECKOUT = Path(__file__).parents[1]
SCREEN = (1280, 960)
LEFT_PART = "1058x960+0+0"
"""Crop without the outliner and the properties editor at the right."""
CLIP = CHECKOUT / "examples" / "demo_clip.mp4"
SCRIPTS = {"first-capture": "screenshots_in_blender", "characters": "characters_in_blender"}
TIMEOUT = 3600
"""Seconds; a longer run of Blender is an error."""


def main() -> None:
    """Take all screenshots."""
    parser = argparse.ArgumentParser(description="Take the screenshots of docs/ from a real Blender window.")
    parser.add_argument("--blender", default="blender", help="the Blender program")
    parser.add_argument("--zip", type=Path, required=True, help="the built add-on")
    parser.add_argument("--out", type=Path, default=CHECKOUT / "docs" / "images")
    parser.add_argument("--only", choices=SCRIPTS, help="take the screenshots of these pages alone")
    parser.add_argument("--display", default=":87", help="a free X display")
    arguments = parser.parse_args()
    screen = subprocess.Popen(["Xvfb", arguments.display, "-screen", "0", f"{SCREEN[0]}x{SCREEN[1]}x24"])
    try:
        time.sleep(1)
        for page in [arguments.only] if arguments.only else SCRIPTS:
            with tempfile.TemporaryDirectory() as folder:
                _run_blender(arguments, SCRIPTS[page], Path(folder))
    finally:
        screen.terminate()
        screen.wait()


def _run_blender(arguments: argparse.Namespace, name: str, folder: Path) -> None:
    """Run Blender, and serve its requests for screenshots and clicks."""
    environment = {**os.environ, "DISPLAY": arguments.display, "BLENDER_USER_RESOURCES": str(folder / "user")}
    window = ["-p", "0", "0", *map(str, SCREEN), "--no-window-focus", "--factory-startup"]
    start = f"import sys; sys.path.insert(0, {str(CHECKOUT)!r}); import tools.{name}"
    script = ["--python-exit-code", "1", "--python-expr", start]
    make_clip_of_two(CLIP, folder / "two_dancers.mp4")
    inputs = ["--", str(arguments.zip.resolve()), str(CLIP), str(folder)]
    blender = subprocess.Popen([arguments.blender, *window, *script, *inputs], env=environment)
    end = time.monotonic() + TIMEOUT
    try:
        while blender.poll() is None:
            if time.monotonic() > end:
                raise SystemExit("Blender did not finish in time")
            for request in folder.glob("*.request"):
                _serve(request, arguments.out, environment)
            time.sleep(0.1)
    finally:
        blender.kill()
        blender.wait()
    if blender.returncode != 0:
        raise SystemExit(f"Blender ended with {blender.returncode}")


def make_clip_of_two(clip: Path, out: Path, seconds: float = 2.0) -> None:
    """Write the start of a clip with its mirror image beside it: two people."""
    with av.open(str(clip)) as source, av.open(str(out), "w") as target:
        video = source.streams.video[0]
        stream = target.add_stream("libx264", rate=video.average_rate)
        stream.width, stream.height, stream.pix_fmt = 2 * video.width, video.height, "yuv420p"
        for frame in source.decode(video):
            if frame.time is not None and frame.time > seconds:
                break
            image = frame.to_ndarray(format="rgb24")
            pair = np.concatenate([image, image[:, ::-1]], axis=1)
            target.mux(stream.encode(av.VideoFrame.from_ndarray(pair, format="rgb24")))
        target.mux(stream.encode())


def _serve(request: Path, out: Path, environment: dict[str, str]) -> None:
    """Serve NAME.request: take the screenshot NAME, or, if it says "click X Y", click there (pixels from top left).

    "screenshot WxH+X+Y" takes that part of the screen; "move NAME X Y" moves the window of this name.
    """
    words = request.read_text(encoding="utf-8").split()
    if words[:1] == ["click"]:
        for command in (["mousemove", *words[1:]], ["mousedown", "1"], ["mouseup", "1"], ["mousemove", "300", "720"]):
            subprocess.run(["xdotool", *command], env=environment, check=True)
            time.sleep(0.4)
    elif words[:1] == ["move"]:
        subprocess.run(["xdotool", "search", "--name", words[1], "windowmove", *words[2:]], env=environment, check=True)
    else:
        part = words[1] if len(words) > 1 else LEFT_PART
        screenshot = ["-window", "root", "-crop", part, "-quality", "88", str(out / f"{request.stem}.jpg")]
        subprocess.run(["import", *screenshot], env=environment, check=True)
    request.unlink()


if __name__ == "__main__":
    main()
