"""Train the recipe `paper` at a small size, without its parts and with more of them, and print what each brings.

    python -m benchmarks.ablations [--data MOCAP.npz] [--run FOLDER] [--seeds 3] [--out RESULT.json]

The recipes are in trainer/recipes/ablations. A seed takes some two hours of one CPU core; seeds are trained beside each
other. What is trained is kept in the run's folder, so that an interrupted benchmark continues. The priors, which are
the same in all rows, are trained once for each seed, and so is the teacher of `single_frame_student`. Printed for each
row: PA-MPJPE and acceleration error of teacher and student, clean and detected, as mean and standard deviation over the
seeds.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import numpy as np

from trainer.cli import RECIPES
from trainer.evaluation.evaluate import INPUTS

CHECKOUT: Final = Path(__file__).parents[1]
SHARED_STAGES: Final = {
    "reduced": (),
    "with_joint_fine_tuning": ("priors", "teacher", "frames", "student"),
    "longer_without_joint": ("priors",),
    "with_lifter": ("priors", "teacher"),
    "single_frame_student": ("priors", "teacher"),
    "without_adversarial": ("priors",),
    "without_self_consistency": ("priors",),
    "without_temporal": ("priors",),
    "without_motion_prior": ("priors",),
}
"""Stages of the baseline that a recipe shares, by recipe, the baseline first."""
MEASURES: Final = ("pa_mpjpe_mm", "accel_mm")


def main() -> None:
    """Train, evaluate and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=CHECKOUT.parent / "shared/data/mocap_val.npz")
    parser.add_argument("--run", type=Path, default=CHECKOUT / "runs/ablations", help="folder of what is trained")
    parser.add_argument("--seeds", type=int, default=3, help="number of seeds, from 0 (3)")
    parser.add_argument("--out", type=Path, help="also write the figures as JSON")
    arguments = parser.parse_args()
    with ThreadPoolExecutor(arguments.seeds) as pool:
        seeds = list(pool.map(lambda seed: measure_seed(arguments.run, seed, arguments.data), range(arguments.seeds)))
    for row in seeds[0]:
        print(f"{row:<34}", *(f"{name} {summary(seeds, row, name)}" for name in seeds[0][row]), sep="  ")
    if arguments.out:
        arguments.out.write_text(json.dumps(seeds, indent=2) + "\n")


def measure_seed(run: Path, seed: int, data: Path) -> dict[str, dict[str, float]]:
    """Train every recipe with one seed; figures by row, then by name."""
    rows = {}
    for recipe, shared in SHARED_STAGES.items():
        folder = run / f"seed_{seed}" / recipe
        for stage in shared:
            shutil.copytree(run / f"seed_{seed}" / "reduced" / stage, folder / stage, dirs_exist_ok=True)
        rows[recipe] = evaluate(train(recipe, seed, folder), data)
    return rows


def train(recipe: str, seed: int, folder: Path) -> Path:
    """Train a recipe in `folder`, or what is missing of it; returns the last stage's checkpoint."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "recipe.toml"
    base = (RECIPES / "ablations" / f"{recipe}.toml").as_posix()
    config.write_text(f'base = "{base}"\nrun = "{folder.resolve().as_posix()}"\nseed = {seed}\n')
    return Path(run_trainer("train", "--recipe", "paper", "--config", str(config), "--resume"))


def evaluate(checkpoint: Path, data: Path) -> dict[str, float]:
    """PA-MPJPE and acceleration error of teacher and student, clean and detected, by name."""
    figures: dict[str, float] = {}
    for source in INPUTS:
        out = checkpoint / f"{source}.json"
        options = ["--data", str(data), "--checkpoint", str(checkpoint), "--input", source, "--out", str(out)]
        run_trainer("evaluate", *options)
        rows = json.loads(out.read_text())
        for row in ("teacher", "student"):
            figures |= {f"{row} {source} {measure}": rows[row][measure] for measure in MEASURES}
    return figures


def run_trainer(*arguments: str) -> str:
    """Run a command of the trainer, from the checkout; returns what it prints."""
    command = [sys.executable, "-m", "trainer", *arguments]
    return subprocess.run(command, cwd=CHECKOUT, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def summary(seeds: list[dict[str, dict[str, float]]], row: str, name: str) -> str:
    """Mean and standard deviation of a figure over the seeds."""
    values = np.array([rows[row][name] for rows in seeds])
    spread = f" +- {values.std(ddof=1):.1f}" if len(values) > 1 else ""
    return f"{values.mean():.1f}{spread}"


if __name__ == "__main__":
    main()
