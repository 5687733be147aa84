"""Pickles as in the data sets: written by Python 2, and one that would run a command."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np


def python2_pickle(content: object) -> bytes:
    """Protocol 2 as written by Python 2's cPickle: text and array contents are byte strings."""
    return b"\x80\x02" + _python2(content) + b"."


def _python2(content: object) -> bytes:
    if isinstance(content, dict):
        return b"}(" + b"".join(_python2(key) + _python2(value) for key, value in content.items()) + b"u"
    if isinstance(content, list):
        return b"](" + b"".join(map(_python2, content)) + b"e"
    if isinstance(content, tuple):
        return b"(" + b"".join(map(_python2, content)) + b"t"
    if isinstance(content, str | bytes):
        text = content.encode("latin1") if isinstance(content, str) else content
        return b"T" + struct.pack("<i", len(text)) + text
    if isinstance(content, bool):
        return b"\x88" if content else b"\x89"
    if content is None:
        return b"N"
    if isinstance(content, int):
        return b"J" + struct.pack("<i", content)
    assert isinstance(content, np.ndarray)
    kind = b"cnumpy\ndtype\n" + _python2((content.dtype.str[1:], 0, 1)) + b"R"
    kind += _python2((3, content.dtype.str[0], None, None, None, -1, -1, 0)) + b"b"
    blank = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n" + _python2((0,)) + _python2("b") + b"tR"
    state = b"(" + _python2(1) + _python2(content.shape) + kind + _python2(False) + _python2(content.tobytes()) + b"t"
    return blank + state + b"b"


class _Command:
    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (self.command,)


def harmful(traces: Path) -> object:
    """An object that creates the file `traces` when it is unpickled without restriction."""
    return _Command(f"touch {traces}")
