"""Command line of the trainer: `python -m trainer train|tune|evaluate|pictures|export|convert`."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from posenet3d_blender.errors import PoseNet3DError

from .datasets.convert import add_convert_arguments

RECIPES = Path(__file__).parent / "recipes"


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code: 0 success, 1 error, 130 interrupted, with one line on standard error."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except PoseNet3DError as error:
        print(f"trainer: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        advice = "; continue with --resume" if options.run is _train else ""
        print(f"trainer: stopped{advice}", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m trainer", description="Train, evaluate and export the student network."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    train = commands.add_parser("train", help="train a student")
    train.add_argument("--recipe", required=True, choices=["paper", "supervised"])
    train.add_argument("--config", type=Path, help="recipe file in place of the one in trainer/recipes")
    train.add_argument("--resume", action="store_true", help="continue where the last run of this recipe stopped")
    train.set_defaults(run=_train)
    _add_tune(commands.add_parser("tune", help="adapt a student to one person's 2D sequences"))
    evaluate = commands.add_parser("evaluate", help="measure a student on motion capture")
    evaluate.add_argument(
        "--protocol",
        choices=["ours", "h36m", "3dpw", "3dhp"],
        default="ours",
        help="ours (the default, trainer/RESULTS.md), or the published one of Human3.6M, 3DPW or MPI-INF-3DHP",
    )
    evaluate.add_argument(
        "--data",
        type=Path,
        required=True,
        help="motion capture in the training-data format (.npz); for a published protocol the data set's folder",
    )
    evaluate.add_argument(
        "--checkpoint",
        default="shipped",
        help="'shipped' (the add-on's own, the default), 'supervised', 'paper' or a folder",
    )
    evaluate.add_argument("--views", type=_positive, help="cameras for each clip (4); of protocol ours alone")
    evaluate.add_argument("--seed", type=_natural, help="decides cameras and noise (0); of protocol ours alone")
    evaluate.add_argument(
        "--input",
        choices=["clean", "detected"],
        default="clean",
        help="exact 2D joints (the default), or detected: ours with the detector's measured noise, "
        "else the detections that come with the data set",
    )
    evaluate.add_argument("--out", type=Path, required=True, help="JSON file for the metrics")
    evaluate.set_defaults(run=_evaluate)
    pictures = commands.add_parser(
        "pictures", help="draw a checkpoint's predictions for motion capture, and its losses"
    )
    pictures.add_argument("--data", type=Path, required=True, help="motion capture in the training-data format (.npz)")
    pictures.add_argument(
        "--checkpoint", default="shipped", help="as for evaluate; a folder written by training gives loss curves too"
    )
    pictures.add_argument("--run", dest="run_folder", type=Path, help="loss curves of all stages in this folder")
    pictures.add_argument("--seed", type=_natural, default=0, help="decides cameras and noise (0)")
    pictures.add_argument("--input", choices=["clean", "detected"], default="clean", help="as for evaluate")
    pictures.add_argument("--out", type=Path, required=True, help="folder for the PNG files")
    pictures.set_defaults(run=_pictures)
    export = commands.add_parser("export", help="write a checkpoint as the add-on's asset")
    export.add_argument(
        "--checkpoint", required=True, help="'supervised', 'paper' or a folder written by training, as for evaluate"
    )
    export.add_argument("--out", type=Path, required=True, help="folder for student.onnx and student.json")
    export.set_defaults(run=_export)
    add_convert_arguments(commands.add_parser("convert", help="make training data from public data sets or keypoints"))
    return parser


def _add_tune(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--data", type=Path, required=True, help="2D sequences of one person (.npz), from convert keypoints"
    )
    command.add_argument(
        "--checkpoint",
        default="supervised",
        help="'supervised' (the shipped student, the default), 'paper' or a folder",
    )
    command.add_argument("--steps", type=_positive, default=200, help="of training (200)")
    command.add_argument("--seed", type=_natural, default=0, help="decides the windows (0)")
    command.add_argument("--out", type=Path, required=True, help="folder for capture --student")
    command.set_defaults(run=_tune)


def _train(options: argparse.Namespace) -> None:
    from .paper.recipe import PaperRecipe
    from .paper.train import train_paper
    from .supervised.recipe import SupervisedRecipe
    from .supervised.train import train_supervised
    from .training.distributed import this_process
    from .training.recipe_file import read_recipe

    path = options.config or RECIPES / f"{options.recipe}.toml"
    if options.recipe == "paper":
        folder = train_paper(read_recipe(path, PaperRecipe), options.resume)
    else:
        folder = train_supervised(read_recipe(path, SupervisedRecipe), options.resume)
    if this_process().is_main:
        print(folder)


def _tune(options: argparse.Namespace) -> None:
    from .evaluation.models import checkpoint_folder
    from .tuning.tune import tune_student

    checkpoint = checkpoint_folder(options.checkpoint)
    print(tune_student(options.data, checkpoint, options.steps, options.seed, options.out))


def _evaluate(options: argparse.Namespace) -> None:
    if options.protocol == "ours":
        from .evaluation.evaluate import evaluate

        metrics = evaluate(
            options.data, options.checkpoint, options.views or 4, options.seed or 0, options.input, options.out
        )
    elif options.views is not None or options.seed is not None:
        raise PoseNet3DError(
            f"--protocol {options.protocol}: its cameras are the data set's; leave out --views and --seed"
        )
    else:
        from .evaluation.protocols.run import evaluate_protocol

        metrics = evaluate_protocol(options.protocol, options.data, options.checkpoint, options.input, options.out)
    print("student " + ", ".join(f"{name} {value:.1f}" for name, value in vars(metrics).items() if value is not None))


def _pictures(options: argparse.Namespace) -> None:
    from .evaluation.figures import write_figures

    written = write_figures(
        options.data, options.checkpoint, options.run_folder, options.seed, options.input, options.out
    )
    for path in written:
        print(path)


def _export(options: argparse.Namespace) -> None:
    from .evaluation.models import checkpoint_folder
    from .export import export_student

    checkpoint = checkpoint_folder(options.checkpoint)
    print(export_student(checkpoint, options.out))


def _natural(text: str) -> int:
    if not text.strip().isdecimal():
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 0")
    return int(text)


def _positive(text: str) -> int:
    number = _natural(text)
    if number == 0:
        raise argparse.ArgumentTypeError("at least 1 is needed")
    return number
