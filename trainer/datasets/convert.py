"""`python -m trainer convert`: public motion capture and 2D keypoints to the trainer's own files."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from posenet3d_blender.atomic_write import refuse_overwriting
from posenet3d_blender.body.model import load_body
from posenet3d_blender.capture.student.features import STUDENT_RATE
from posenet3d_blender.errors import PoseNet3DError

from ..data.clips import save_clips
from ..data.sequences import concatenate_sequences, save_sequences
from .readers.amass import read_amass
from .readers.asf_amc import CMU_RATE, read_asf_amc
from .readers.bvh import read_bvh
from .readers.human36m import read_human36m
from .readers.keypoint_json import FootageFacts, group_by_video, read_keypoint_sequences
from .readers.mpi_inf_3dhp import read_mpi_inf_3dhp
from .readers.threedpw import read_threedpw
from .take import SHORTEST_PIECE, Take, clips_from_takes


@dataclass(frozen=True)
class ConvertOptions:
    """Facts that the files themselves lack."""

    frame_rate: float | None = None
    """Of formats without one; None: the usual rate."""
    image_size: tuple[int, int] | None = None
    """Width and height of the footage behind keypoints, pixels."""
    body: Path | None = None
    """The user's SMPL body for AMASS; None: the shipped one."""


@dataclass(frozen=True)
class _MocapFormat:
    patterns: tuple[str, ...]
    """Names of a folder's files in this format."""
    read: Callable[[Path, ConvertOptions], Iterator[Take]]


def _cmu(path: Path, options: ConvertOptions) -> Iterator[Take]:
    yield read_asf_amc(path, options.frame_rate or CMU_RATE)


def _bvh(path: Path, _: ConvertOptions) -> Iterator[Take]:
    yield read_bvh(path)


def _human36m(path: Path, _: ConvertOptions) -> Iterator[Take]:
    yield from read_human36m(path)


def _threedpw(path: Path, _: ConvertOptions) -> Iterator[Take]:
    yield from read_threedpw(path)


def _mpi_inf_3dhp(path: Path, _: ConvertOptions) -> Iterator[Take]:
    yield read_mpi_inf_3dhp(path)


def _amass(path: Path, options: ConvertOptions) -> Iterator[Take]:
    yield read_amass(path, load_body(options.body) if options.body else None)


_MOCAP: Final = {
    "cmu": _MocapFormat(("*.amc",), _cmu),
    "bvh": _MocapFormat(("*.bvh",), _bvh),
    "human36m": _MocapFormat(("data_3d_h36m*.npz",), _human36m),
    "3dpw": _MocapFormat(("*.pkl",), _threedpw),
    "mpi-inf-3dhp": _MocapFormat(("annot.mat",), _mpi_inf_3dhp),
    # shape.npz and others of the same folders hold no motion
    "amass": _MocapFormat(("*_poses.npz", "*_stageii.npz"), _amass),
}
KEYPOINTS: Final = "keypoints"
FORMATS: Final = (*_MOCAP, KEYPOINTS)


def convert(format_name: str, inputs: Sequence[Path], out: Path, options: ConvertOptions) -> str:
    """Convert files, or all files of the format under folders, to one `.npz`; returns a summary in one line.

    Motion capture becomes clips (`trainer.data.clips`), keypoints become 2D sequences (`trainer.data.sequences`).

    Raises:
        PoseNet3DError: a file can't be read, a folder has no files of the format, or `out` can't be written or is one
            of the inputs.
    """
    # Checked at once, not after minutes of reading.
    if not out.parent.is_dir():
        raise PoseNet3DError(f"{out}: the folder {out.parent} does not exist; create it first")
    files = _find_files(inputs, ("*.json",) if format_name == KEYPOINTS else _MOCAP[format_name].patterns)
    refuse_overwriting(out, files)
    if format_name == KEYPOINTS:
        return _convert_keypoints(files, out, options)
    mocap = _MOCAP[format_name]
    clips, sources = clips_from_takes(take for path in files for take in mocap.read(path, options))
    save_clips(out, clips, sources)
    return _summary(out, len(clips.names), "clip", len(clips.root) / clips.frame_rate, len(files))


def _convert_keypoints(files: list[Path], out: Path, options: ConvertOptions) -> str:
    facts = FootageFacts(options.frame_rate, options.image_size)
    parts = [part for video in group_by_video(files) for part in read_keypoint_sequences(video, facts)]
    if not parts:
        raise PoseNet3DError(
            f"{files[0]}: nobody is visible for {SHORTEST_PIECE / STUDENT_RATE:.1f} s in a row; give longer footage"
        )
    sequences = concatenate_sequences(parts)
    save_sequences(out, sequences)
    return _summary(out, len(sequences.names), "sequence", len(sequences.rays) / STUDENT_RATE, len(files))


def _find_files(inputs: Sequence[Path], patterns: Sequence[str]) -> list[Path]:
    """The files among the inputs, and those under its folders whose names match."""
    files: list[Path] = []
    for path in inputs:
        inside = sorted({file for pattern in patterns for file in path.rglob(pattern)}) if path.is_dir() else [path]
        if not inside:
            raise PoseNet3DError(f"{path}: holds no {' or '.join(patterns)}; give another folder or format")
        files += inside
    return files


def _summary(out: Path, count: int, noun: str, seconds: float, file_count: int) -> str:
    length = f"{seconds / 60:.1f} min" if seconds >= 60 else f"{seconds:.1f} s"
    return f"{out}: {count} {noun}{'s' * (count != 1)}, {length}, from {file_count} file{'s' * (file_count != 1)}"


def add_convert_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments; the parser's default `run` is the function that runs it."""
    parser.add_argument("format", choices=FORMATS)
    parser.add_argument("inputs", nargs="+", type=Path, metavar="INPUT", help="files, or folders of them")
    parser.add_argument("--out", type=Path, required=True, help="file to write (.npz)")
    parser.add_argument(
        "--rate", type=_above_zero, help="frames per second, for files without it (cmu 120, keypoints 30)"
    )
    parser.add_argument(
        "--image-size", type=_size, metavar="WIDTHxHEIGHT", help="pixels, for keypoint files without it"
    )
    parser.add_argument("--body", type=Path, help="your SMPL body for amass (default: the shipped one, mean shape)")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    convert_options = ConvertOptions(options.rate, options.image_size, options.body)
    print(convert(options.format, options.inputs, options.out, convert_options))


def _above_zero(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number above 0")
    return number


def _size(text: str) -> tuple[int, int]:
    width, found, height = text.lower().partition("x")
    if not (found and width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise argparse.ArgumentTypeError(f"'{text}' is not a size like 1920x1080")
    return int(width), int(height)
