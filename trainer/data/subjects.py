"""Whose clip is it: subjects, as far as the clips' names tell them apart."""

from __future__ import annotations

import re
from typing import Final

_DATA_SETS: Final = re.compile(
    r"h36m_S\d+(?=_)|mpi_inf_3dhp_T?S\d+(?=_)|amass_[^_]+(?=_)|3dpw_[^#@]+"  # as `trainer.datasets.readers` name them
)


def subject_of(name: str) -> str:
    """The subject of a clip: `cmu_08` of `cmu_08_05#1`, `uiprmd_s03` of `uiprmd_deep_squat_ok_s03_e01`.

    3DPW does not tell who is in which sequence: each person of each counts as another one. Where a name has no number
    of a subject, its first word is the source, whose clips share one skeleton.
    """
    of_data_set = _DATA_SETS.match(name)
    if of_data_set:
        return of_data_set.group()
    source = re.split(r"[_\-]", name, maxsplit=1)[0]
    subject = re.search(r"_(s\d+)(?:_|$)", name) or re.match(rf"{re.escape(source)}_(\d+)_", name)
    return f"{source}_{subject.group(1)}" if subject else source
