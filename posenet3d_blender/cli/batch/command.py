"""`posenet3d batch INPUTS… --out-dir DIR --format fbx,npz`: capture many videos.

A video whose outputs are all there and newer than itself is skipped; one that fails never stops the others.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from ...atomic_write import remove_abandoned
from ...capture.video.sources.image_sequence import footage_name
from ...errors import PoseNet3DError, counted
from ..character import characters_of, check_characters
from ..console import Console
from ..outputs import made_folders
from .clip_settings import read_table
from .find_videos import find_videos
from .job import ClipJob, ClipResult
from .journal import Journal
from .memory import available_memory, jobs_in_memory
from .plan import CONTACT_SHEETS, examine, plan, with_settings
from .processes import run_in_processes
from .summary_files import JSON_NAME, SummaryFiles

SOME_FAILED: Final = 3
"""Exit code."""
TRIAL_SIZE: Final = 1 << 20
"""Bytes that must fit on the disk of the outputs, for the batch to go on."""


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Run the command; the exit code is 0, or 3 when some videos failed.

    Raises:
        PoseNet3DError: nothing can be done, or the output folder can no longer be written; finished clips are kept.
    """
    out_dir: Path = arguments.out_dir
    if os.path.exists(out_dir) and not os.path.isdir(out_dir):
        raise PoseNet3DError(f"{out_dir}: not a folder; choose another --out-dir")
    check_characters(characters_of(arguments), arguments.endings)
    table = read_table(arguments.settings) if arguments.settings else None
    report = console.print_status if arguments.json else console.print
    found = find_videos(arguments.inputs)
    for line in found.ignored_lines():
        report(line)
    if table:
        for name in table.unused([footage_name(video) for video in found.videos]):
            console.warn(f"{table.path}: [{name}] fits no clip; leave out the ending, and mind upper and lower case")
    files = SummaryFiles(out_dir, found.videos, found.ignored)
    journal = Journal(out_dir, out_dir / JSON_NAME)
    planned = list(plan(found.videos, arguments, table, journal))
    failed = False
    results = (
        _dry_run(planned, files, console) if arguments.dry_run else _run(planned, arguments, files, journal, console)
    )
    with closing(results):
        for number, result in enumerate(results, start=1):
            report(result.as_line())
            failed = failed or result.status == "failed"
            if console.bar and number < len(planned):
                console.bar(f"{number} of {len(planned)}", number / len(planned))
    if arguments.json:
        console.print_json(files.as_json())
    return SOME_FAILED if failed else 0


def _dry_run(planned: Sequence[ClipJob | ClipResult], files: SummaryFiles, console: Console) -> Generator[ClipResult]:
    for item in planned:
        console.stop.check()
        files.note(result := examine(item) if isinstance(item, ClipJob) else item)
        yield result


def _run(
    planned: Sequence[ClipJob | ClipResult],
    arguments: argparse.Namespace,
    files: SummaryFiles,
    journal: Journal,
    console: Console,
) -> Generator[ClipResult]:
    """Capture the planned clips; yields all results, those that need no work first, and keeps summary and journal."""
    jobs = {item.video: item for item in planned if isinstance(item, ClipJob)}
    sheets = arguments.out_dir / CONTACT_SHEETS
    # Made here, so that no clip that fails removes the folder of another one's sheet.
    with made_folders([sheets]):
        check_room(arguments.out_dir)
        remove_abandoned(sheets)  # of a batch that was killed
        journal.begin(jobs.values())
        try:
            for item in planned:
                if isinstance(item, ClipResult):
                    files.add(item)
                    yield item
            with closing(_captured(list(jobs.values()), arguments, console)) as results:
                for result in results:
                    files.add(result := with_settings(result, jobs[result.video]))
                    journal.add(result)
                    yield result
                    if result.status == "failed":
                        check_room(arguments.out_dir)
        finally:
            _finish(files, console)


def _captured(jobs: Sequence[ClipJob], arguments: argparse.Namespace, console: Console) -> Generator[ClipResult]:
    if not jobs:
        return
    if arguments.scheduler:
        from .dask_farm import run_on_dask

        yield from run_on_dask(jobs, arguments.scheduler, console.stop.check)
        return
    wanted = min(arguments.jobs, len(jobs))
    count = jobs_in_memory(wanted, available_memory())
    if count < wanted:
        clips = counted(count, "clip")
        console.warn(f"{clips} at a time instead of {wanted}: free memory is short; close other programs to run more")
    yield from run_in_processes(jobs, count, console.stop.check)


def _finish(files: SummaryFiles, console: Console) -> None:
    """Write the summary for the last time; that it can't be written must not hide why the batch ends."""
    try:
        files.write()
    except PoseNet3DError as error:
        console.warn(str(error))


def check_room(folder: Path) -> None:
    """Check that the output folder is there, writable and not full.

    Raises:
        PoseNet3DError: it is not; with what to do.
    """
    try:
        with tempfile.TemporaryFile(prefix=".posenet3d-", dir=folder) as file:
            file.write(bytes(TRIAL_SIZE))
            file.flush()
    except OSError as error:
        raise PoseNet3DError(
            f"{folder}: can't be written ({error.strerror or error}); check the disk, then run the same command again, "
            "finished clips are kept"
        ) from error
