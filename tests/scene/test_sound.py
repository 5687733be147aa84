"""The footage's sound in the sequencer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import bpy
import numpy as np
import pytest

from posenet3d_blender.background import Background
from posenet3d_blender.body.model import Body
from posenet3d_blender.build_options import BuildOptions, SceneMatch
from posenet3d_blender.scene import build_scene
from posenet3d_blender.scene.sound import strips_of

from .conftest import MakeMotion

needs_sound = pytest.mark.skipif(
    not bpy.app.build_options.audaspace, reason="this Blender was compiled without Audaspace: it has no sound"
)
SOUND_RATE = 48000
BEEP = 2.0
"""Seconds of the footage at which its only sound begins."""


def write_footage(path: Path, has_sound: bool) -> Background:
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=30)
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = 64, 32, "yuv420p"
        sound = container.add_stream("aac", rate=SOUND_RATE, layout="mono") if has_sound else None
        for _ in range(120):
            picture = av.VideoFrame.from_ndarray(np.zeros((32, 64, 3), np.uint8), format="rgb24")
            container.mux(video.encode(picture))
        container.mux(video.encode(None))
        if isinstance(sound, av.AudioStream):
            samples = np.zeros(4 * SOUND_RATE, np.float32)
            tone = slice(int(BEEP * SOUND_RATE), int((BEEP + 0.1) * SOUND_RATE))
            samples[tone] = np.sin(2 * np.pi * 880 * np.arange(int(0.1 * SOUND_RATE)) / SOUND_RATE)
            for start in range(0, len(samples), 1024):
                frame = av.AudioFrame.from_ndarray(samples[None, start : start + 1024], format="fltp", layout="mono")
                frame.sample_rate, frame.pts = SOUND_RATE, start
                container.mux(sound.encode(frame))
            container.mux(sound.encode(None))
    time = np.arange(120) / 30
    return Background(path, path.stem, time, time)


def heard_at(folder: Path) -> float:
    """Seconds after the scene's first frame at which the sequencer is first heard."""
    import aud

    bpy.ops.sound.mixdown(filepath=str(folder / "mix.wav"), container="WAV", codec="PCM")
    samples = aud.Sound(str(folder / "mix.wav")).data()[:, 0]
    return float(np.argmax(np.abs(samples) > 0.1)) / SOUND_RATE


@needs_sound
@pytest.mark.parametrize(("rate", "start"), [(25.0, 0.5), (24000 / 1001, 1.0), (60.0, 0.0)])
def test_the_sound_is_in_step_with_the_motion(
    rate: float, start: float, body: Body, make_motion: MakeMotion, tmp_path: Path
) -> None:
    """At rates, too, at which the footage's start is not on a whole frame."""
    footage = write_footage(tmp_path / "beep.mp4", has_sound=True)
    scene = bpy.context.scene
    motion = make_motion(round(2.5 * rate), frame_rate=rate, start=start)
    build_scene([motion], body, footage, options=BuildOptions(sound=True, first_frame=11))
    assert heard_at(tmp_path) == pytest.approx(BEEP - start, abs=0.003)
    (strip,) = strips_of(scene.sequence_editor)
    assert strip.frame_final_start == scene.frame_start == 11
    assert strip.frame_final_end <= scene.frame_end + 1


@needs_sound
def test_it_goes_above_the_users_strips(body: Body, make_motion: MakeMotion, tmp_path: Path) -> None:
    footage = write_footage(tmp_path / "beep.mp4", has_sound=True)
    options = BuildOptions(SceneMatch.nothing(), sound=True)
    for _ in range(2):
        build_scene([make_motion(9)], body, footage, options=options)
    assert [strip.channel for strip in strips_of(bpy.context.scene.sequence_editor)] == [1, 2]


def test_footage_without_sound_adds_nothing(body: Body, make_motion: MakeMotion, tmp_path: Path) -> None:
    footage = write_footage(tmp_path / "mute.mp4", has_sound=False)
    for silent in (footage, replace(footage, is_sequence=True)):
        build_scene([make_motion(9)], body, silent, options=BuildOptions(sound=True))
        assert not strips_of(bpy.context.scene.sequence_editor_create())
        assert not bpy.data.sounds
