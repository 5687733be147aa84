"""A tiny run from clips to an exported student: it learns, resumes and exports."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from posenet3d_blender.body.model import load_body
from posenet3d_blender.capture.student.features import STUDENT_RATE
from posenet3d_blender.capture.student.network import StudentConfig, StudentNetwork
from posenet3d_blender.capture.student.predict import load_student as load_exported
from posenet3d_blender.errors import PoseNet3DError
from trainer.cli import main
from trainer.export import in_half_precision
from trainer.supervised.recipe import SupervisedRecipe
from trainer.supervised.train import sampler_factory, train_supervised
from trainer.training.checkpoint import load_student, save_student
from trainer.training.recipe_file import read_recipe
from trainer.windows.sampler import WindowSampler

from .still_clips import write_still

FRAMES = 80


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recipe for a tiny student on one synthetic clip with known rotations."""
    folder = tmp_path_factory.mktemp("training")
    write_still(folder / "clips.npz", [FRAMES])
    path = folder / "tiny.toml"
    path.write_text(
        f'data = ["{folder / "clips.npz"}"]\nrun = "{folder / "run"}"\nthreads = 1\n'
        "[windows]\nsteps = 40\nbatch_size = 8\nwarmup_steps = 5\n"
        "learning_rate = 0.003\nsave_every = 20\nema_decay = 0.8\n"
        "[frames]\nsteps = 10\nbatch_size = 32\n[student]\nwidth = 32\nblocks = 1\n"
    )
    return path


def sampler(path: Path) -> WindowSampler:
    return sampler_factory(SupervisedRecipe(data=[str(path)], run=str(path.parent / "run")), load_body())(0)


def test_clips_of_other_rates_come_to_the_students(tmp_path: Path) -> None:
    write_still(tmp_path / "fast.npz", [161], 60.0)
    clips = sampler(tmp_path / "fast.npz").clips
    assert clips.frame_rate == STUDENT_RATE
    assert clips.ranges() == [(0, 81)]
    np.testing.assert_allclose(np.diff(clips.root[:, 0]), 1 / 30, atol=1e-5)
    write_still(tmp_path / "short.npz", [60], 60.0)
    with pytest.raises(PoseNet3DError, match=r"short.npz: key 'offsets': .*30 samples.*window of 32"):
        sampler(tmp_path / "short.npz")


def test_clips_shorter_than_the_window_are_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_still(tmp_path / "clips.npz", [1, 40, 31, 32, 1])
    with caplog.at_level("INFO"):
        source = sampler(tmp_path / "clips.npz")
    assert source.clips.names == ("still 1", "still 3")
    assert source.clips.ranges() == [(0, 40), (40, 72)]
    assert source.clips.root[40, 0] == pytest.approx(72 / 30)
    assert len(source.fitted.rotations) == len(source.fitted.bones) == 72
    assert "3 clips with fewer than 32 samples left out" in caplog.text
    assert source.draw(64).features.isfinite().all()


def test_a_held_out_name_that_is_no_subject_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_still(tmp_path / "clips.npz", [40, 40])
    names = SupervisedRecipe(data=[str(tmp_path / "clips.npz")], run=str(tmp_path / "run"), held_out=["cmu_06"])
    sampler_factory(names, load_body())
    assert "held_out: no clip is of the subject cmu_06; the data has still" in caplog.text


def losses(run: Path) -> list[float]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    log = EventAccumulator(str(run / "log"))
    log.Reload()
    return [event.value for event in log.Scalars("total")]


def test_it_learns_resumes_and_exports(recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--recipe", "supervised", "--config", str(recipe)]) == 0
    run = Path(capsys.readouterr().out.strip())
    first, second = losses(run)
    assert second < first
    recipe.write_text(recipe.read_text().replace("steps = 40", "steps = 60"))
    train_supervised(read_recipe(recipe, SupervisedRecipe), resume=True)
    notes = json.loads((run / "student.json").read_text())["training"]
    assert notes["steps"] == notes["settings"]["windows"]["steps"] == 60
    assert notes["settings"]["student"]["width"] == 32
    assert notes["settings"]["data"] == ["clips.npz"], "no folders of this machine"
    assert notes["data"] == "clips.npz"
    assert str(run.parent) not in json.dumps(notes)
    assert len(losses(run)) == 3, "the first 40 steps are not done again"

    assert main(["export", "--checkpoint", str(run), "--out", str(tmp_path)]) == 0
    features = np.random.default_rng(0).normal(size=(3, 32, 82)).astype(np.float32)
    exported = load_exported("cpu", tmp_path).network.run({"features": features})
    with torch.no_grad():
        expected = in_half_precision(load_student(run)).eval()(torch.from_numpy(features))
    for name, tensor in expected._asdict().items():
        np.testing.assert_allclose(exported[name], tensor.numpy(), atol=1e-4, err_msg=name)


def test_feedback_learns_on_a_frozen_student(recipe: Path, tmp_path: Path) -> None:
    """It starts from a student without feedback, and sees where its prediction misses the points."""
    base = StudentNetwork(StudentConfig(width=32, blocks=1))
    save_student(tmp_path / "base", base, {})
    path = tmp_path / "feedback.toml"
    path.write_text(
        f'base = "{recipe}"\nrun = "{tmp_path / "run"}"\nstart_from = "{tmp_path / "base"}"\n'
        "[frames]\nsteps = 0\n[windows]\nsteps = 0\n[student]\nfeedback_width = 32\nfeedback_blocks = 1\n"
        "[feedback]\nsteps = 60\nbatch_size = 8\nwarmup_steps = 5\nlearning_rate = 0.01\n"
        "save_every = 20\nema_decay = 0.5\n"
    )
    run = train_supervised(read_recipe(path, SupervisedRecipe), resume=False)
    first, *_, last = losses(run)
    assert last < 0.8 * first
    trained = load_student(run)
    for name, weights in base.state_dict().items():
        assert torch.equal(trained.state_dict()[name], weights), f"{name} is frozen"
    path.write_text(path.read_text().replace("feedback_width = 32", "feedback_width = 0"))
    with pytest.raises(PoseNet3DError, match=r"'student.feedback_width' must be above 0"):
        read_recipe(path, SupervisedRecipe)


def test_a_damaged_checkpoint_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_student(tmp_path, StudentNetwork(StudentConfig(width=16, blocks=1)), {"recipe": "supervised"})
    weights = tmp_path / "student.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(PoseNet3DError, match="not a checkpoint"):
        load_student(tmp_path)
    assert main(["export", "--checkpoint", str(tmp_path), "--out", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert main(["export", "--checkpoint", str(tmp_path / "nowhere"), "--out", str(tmp_path / "out")]) == 1
