"""Messages of the capture in the panel's words: it says what the command line calls things."""

from __future__ import annotations

from typing import Final

_WORDS: Final = {
    # The longer ones first, as they hold the shorter ones.
    "with --shots all, or with --start and --end": "with Shot: All, or by Start and End",
    "--input-fps (in Blender: Input Frame Rate)": "Input Frame Rate",
    "--start and --end": "Start and End",
    "--keypoints-out": "Export: 2D Joints",
    "--camera static": "Camera: Stands Still",
    "--fov, Field of View": "Field of View",
    "--hands on": "Fingers: Always",
    "--person all": "Person: Everyone",
    "--body-parts": "Body Parts",
    "--input-fps": "Input Frame Rate",
    "--body FILE": "Body",
}


def in_panel_words(message: str) -> str:
    """The message with the panel's names in place of the command line's options."""
    for option, words in _WORDS.items():
        message = message.replace(option, words)
    return message
