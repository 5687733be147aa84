"""Fixtures that run the convert command as a user does."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainer.cli import main
from trainer.data.clips import load_clips

from .conversion import Convert, Converted, Refusal


@pytest.fixture
def convert(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Convert:
    """Convert files of a format (and options) to clips, by the command line."""

    def run(*arguments: str | Path) -> Converted:
        out = tmp_path / "converted.npz"
        assert main(["convert", *map(str, arguments), "--out", str(out)]) == 0, capsys.readouterr().err
        assert capsys.readouterr().out.startswith(f"{out}: ")
        return Converted(load_clips(out))

    return run


@pytest.fixture
def refusal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Refusal:
    """The one line with which convert refuses files of a format; nothing is written."""

    def run(*arguments: str | Path) -> str:
        out = tmp_path / "refused.npz"
        assert main(["convert", *map(str, arguments), "--out", str(out)]) == 1
        error = capsys.readouterr().err
        assert error.count("\n") == 1, error
        assert not out.exists()
        return error

    return run
