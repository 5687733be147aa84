"""Values of the commands' options, checked: each function makes one of its text, or tells what was expected."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NoReturn

from ..camera import NARROWEST_VIEW, WIDEST_VIEW
from ..capture.video.frame_rates import HIGHEST_RATE, LOWEST_RATE
from ..errors import PoseNet3DError, printable

PERSON_CHOICES: Final = ("largest", "longest", "all")
SHOT_CHOICES: Final = ("longest", "all")


class RaisingParser(argparse.ArgumentParser):
    """Reports wrong usage as a PoseNet3DError instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        """Raise the message as a PoseNet3DError."""
        raise PoseNet3DError(printable(message))


def path_ending(*endings: str) -> Callable[[str], Path]:
    """A path with one of these endings."""

    def parse_path(text: str) -> Path:
        path = Path(text)
        if path.suffix.lower() not in endings:
            raise argparse.ArgumentTypeError(f"{text}: the ending must be {_join_choices(endings)}")
        return path

    return parse_path


def seconds(text: str) -> float:
    """Seconds from the start of the footage."""
    return _number(text, "seconds, 0 or more", lambda value: 0 <= value < float("inf"))


def field_of_view(text: str) -> float:
    """Degrees."""
    expected = f"degrees between {NARROWEST_VIEW:g} and {WIDEST_VIEW:g}"
    return _number(text, expected, lambda value: NARROWEST_VIEW <= value <= WIDEST_VIEW)


def height(text: str) -> float:
    """Metres of a person's height."""
    return _number(text, "metres between 0.5 and 2.5", lambda value: 0.5 <= value <= 2.5)


def smoothing_seconds(text: str) -> float:
    """Seconds of the solver's smoothing."""
    return _number(text, "seconds between 0 and 1", lambda value: 0 <= value <= 1)


def frame_rate(text: str) -> float:
    """Frames per second."""
    expected = f"frames per second between {LOWEST_RATE:g} and {HIGHEST_RATE:g}"
    return _number(text, expected, lambda value: LOWEST_RATE <= value <= HIGHEST_RATE)


def _number(text: str, expected: str, is_allowed: Callable[[float], bool]) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not is_allowed(value):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of {expected}")
    return value


def person(text: str) -> str:
    """A person's number or choice."""
    if text in PERSON_CHOICES or (text.isdecimal() and int(text) >= 1):
        return text
    raise argparse.ArgumentTypeError(f"'{text}': give a person's number from 1, or {_join_choices(PERSON_CHOICES)}")


def shots(text: str) -> str:
    """A shot's number or choice."""
    if text in SHOT_CHOICES or (text.isdecimal() and int(text) >= 1):
        return text
    raise argparse.ArgumentTypeError(f"'{text}': give a shot's number from 1, or {_join_choices(SHOT_CHOICES)}")


def _join_choices(choices: Sequence[str]) -> str:
    return choices[0] if len(choices) == 1 else f"{', '.join(choices[:-1])} or {choices[-1]}"
