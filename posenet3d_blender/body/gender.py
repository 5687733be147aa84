"""The gender of SMPL's bodies, which come as three models, in AMASS's words."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from ..arrays import AnyArray

NEUTRAL: Final = "neutral"
GENDERS: Final = (NEUTRAL, "female", "male")

_BY_LETTER: Final = {gender[0]: gender for gender in GENDERS}
_LETTER: Final = re.compile(r"(?:model|smpl)_([fmn])(?![a-z])")


def gender_of_body(path: Path, stored: AnyArray | None = None) -> str:
    """The gender that a body's file states, or else its name; neutral where neither does.

    Args:
        path: such as SMPL_FEMALE.pkl, basicmodel_m_lbs_10_207_0_v1.1.0.pkl or male/model.npz.
        stored: the file's key `gender`.
    """
    return stated_gender(stored) or _named(path.stem) or _named(path.parent.name) or NEUTRAL


def known_gender(text: str) -> str | None:
    """One of GENDERS for a word or a first letter of any case; None for anything else."""
    word = text.strip().lower()
    return word if word in GENDERS else _BY_LETTER.get(word)


def stated_gender(stored: AnyArray | None) -> str | None:
    """One of GENDERS for a file's key `gender`; None where it is missing or holds no gender."""
    if stored is None or stored.size != 1:
        return None
    value = stored.item()
    return known_gender(value.decode("latin1") if isinstance(value, bytes) else str(value))


def _named(name: str) -> str | None:
    words = re.findall("[a-z]+", name.lower())
    whole = [gender for gender in GENDERS if gender in words]
    if whole:
        return whole[0]
    letter = _LETTER.search(name.lower())
    return _BY_LETTER[letter.group(1)] if letter else None
