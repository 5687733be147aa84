"""Options of `batch` beside those that every capture has."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from ..outputs import OUTPUT_ENDINGS

WORKER_COMMAND: Final = "batch-worker"
"""Name of the command that a batch's processes run."""


def add_batch_options(batch: argparse.ArgumentParser) -> None:
    """Add inputs, outputs and the use of the machine or farm."""
    batch.add_argument(
        "inputs",
        nargs="+",
        metavar="INPUT",
        help="videos, folders of videos or of one image sequence, or patterns such as '*.mp4' or shot_%%04d.png",
    )
    batch.add_argument(
        "--out-dir", type=Path, required=True, metavar="DIR", help="folder for the outputs; created if it is missing"
    )
    batch.add_argument(
        "--format", type=_formats, required=True, dest="endings", metavar="fbx,npz", help="outputs for each video"
    )
    machine = batch.add_mutually_exclusive_group()
    machine.add_argument(
        "--jobs",
        type=_job_count,
        default=1,
        metavar="N",
        help="clips at a time, each in a process of its own; as many as the free memory allows (default: 1)",
    )
    machine.add_argument(
        "--scheduler", metavar="ADDRESS", help="capture on the workers of a Dask scheduler, such as tcp://farm:8786"
    )
    batch.add_argument(
        "--settings",
        type=Path,
        metavar="TABLE.toml",
        help="settings by clip: [NAME] tables with options such as height = 1.78; * in a name stands for anything. "
        "A NAME.toml beside a clip has the last word",
    )
    batch.add_argument("--dry-run", action="store_true", help="only say what would be done; write nothing")


def _job_count(text: str) -> int:
    if text.isdecimal() and int(text) >= 1:
        return int(text)
    raise argparse.ArgumentTypeError(f"'{text}' is not a number of clips, 1 or more")


def _formats(text: str) -> tuple[str, ...]:
    endings = tuple("." + part.strip().lower().removeprefix(".") for part in text.split(",") if part.strip())
    unknown = [ending for ending in endings if ending not in OUTPUT_ENDINGS]
    if unknown or not endings:
        known = ",".join(ending.removeprefix(".") for ending in OUTPUT_ENDINGS)
        raise argparse.ArgumentTypeError(f"'{text}': give one or more of {known}")
    return tuple(dict.fromkeys(endings))
