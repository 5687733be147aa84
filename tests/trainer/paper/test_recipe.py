"""The 2D-only recipe in miniature: from 2D sequences to an evaluated teacher and student."""

from __future__ import annotations

import importlib
import importlib.util
import json
import re
import shutil
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from posenet3d_blender.body.model import load_body
from posenet3d_blender.body.skeleton import JOINT_INDEX
from posenet3d_blender.capture.student.features import STUDENT_POINT_NAMES, STUDENT_WINDOW
from posenet3d_blender.errors import PoseNet3DError
from trainer.cli import RECIPES, main
from trainer.data.clips import Clips, save_clips
from trainer.data.sequences import PointSequences, save_sequences
from trainer.geometry.rotations import axis_angle_to_matrix
from trainer.paper.dataset import SequenceSplit, load_sequence_split
from trainer.paper.pose_prior import PoseFlow
from trainer.paper.recipe import PaperRecipe
from trainer.paper.sequence_sampler import SequenceSampler
from trainer.paper.student.smpl_skeleton import SmplSkeleton
from trainer.paper.teacher.losses import TeacherWeights
from trainer.paper.teacher.network import TeacherConfig, TeacherNetwork, load_teacher
from trainer.paper.train import STAGES, last_stage, train_paper
from trainer.synthesis.detector_noise import load_detector_noise
from trainer.synthesis.project_clips import project_clips
from trainer.training import loop
from trainer.training.checkpoint import load_student, save_network
from trainer.training.recipe_file import read_recipe
from trainer.training.resume_state import TrainingState
from trainer.training.schedule import Schedule

from ..source_imports import imported_names

FRAMES = 90
CHECKOUT = Path(__file__).parents[3]
_SCHEDULES = [field.name for field in fields(PaperRecipe) if field.name.endswith("_stage")]
_LAST = STAGES[STAGES.index("joint_teacher") :]


def changed_parts(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor]) -> set[str]:
    """Names of the parameters that differ."""
    return {name for name in before if not torch.equal(before[name], after[name])}


@pytest.fixture(scope="module")
def clips() -> Clips:
    """Two clips of the body waving its arms and bending its knees while it turns."""
    seconds = torch.arange(2 * FRAMES) / 30
    angles = torch.zeros(1, 2 * FRAMES, 24, 3)
    angles[0, :, 0, 1] = seconds
    angles[0, :, JOINT_INDEX["left_shoulder"], 2] = seconds.sin() - 0.5
    angles[0, :, JOINT_INDEX["right_elbow"], 1] = 0.7 + 0.5 * (2 * seconds).sin()
    angles[0, :, JOINT_INDEX["left_knee"], 0] = 0.6 - 0.5 * (3 * seconds).cos()
    joints = SmplSkeleton(load_body())(axis_angle_to_matrix(angles), torch.zeros(1, 10), torch.zeros(1, 24, 3))[0][0]
    relative = (joints - joints[:, :1]).numpy()
    root = np.zeros((2 * FRAMES, 3), np.float32)
    return Clips(relative, root, np.array([0, FRAMES, 2 * FRAMES], np.int32), ("one", "two"), 30.0)


@pytest.fixture(scope="module")
def recipe(clips: Clips, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recipe for tiny networks, on motion capture and on plain 2D sequences."""
    folder = tmp_path_factory.mktemp("paper")
    save_clips(folder / "clips.npz", clips)
    save_sequences(folder / "sequences.npz", project_clips(clips, 1, seed=5))
    stage = "batch_size = 8\nwarmup_steps = 2\nsave_every = 6\nema_decay = 0.5"
    path = folder / "tiny.toml"
    path.write_text(
        f'data = ["{folder / "clips.npz"}", "{folder / "sequences.npz"}"]\nrun = "{folder / "run"}"\nthreads = 1\n'
        "[priors]\npose_components = 8\nmotion_components = 8\nlayers = 2\nhidden = 16\n"
        "[teacher]\nwidth = 16\ncorrect_points = true\n"
        "[student]\nwidth = 16\nblocks = 1\nfeedback_width = 8\nfeedback_blocks = 1\nlifter_width = 16\n"
        + "".join(f"[{name}]\nsteps = 12\n{stage}\n" for name in _SCHEDULES)
    )
    return path


@pytest.fixture
def no_idle_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where a step leaves a trained parameter without any loss: several processes would stop there."""
    update = loop._update_ema

    def checked(state: TrainingState, decay: float) -> None:
        assert not [name for name, parameter in state.trained().items() if parameter.grad is None]
        update(state, decay)

    monkeypatch.setattr(loop, "_update_ema", checked)


@pytest.mark.usefixtures("no_idle_parameters")
def test_all_stages_run_resume_and_are_measured(
    recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "--recipe", "paper", "--config", str(recipe)]) == 0
    last = Path(capsys.readouterr().out.strip())
    assert last.name == "end_to_end"
    notes = json.loads((last / "student.json").read_text())["training"]
    assert notes["recipe"] == "paper"
    assert np.isfinite(notes["held_out_loss"])
    assert notes["settings"]["teacher"]["width"] == 16
    assert notes["settings"]["data"] == ["clips.npz", "sequences.npz"]
    assert str(recipe.parent) not in json.dumps(notes), "no machine's folders"
    losses = json.loads((last / "held_out_losses.json").read_text())
    assert set(losses) == {"6", "12"}
    assert notes["held_out_loss"] == min(losses.values())
    teachers = {stage: load_teacher(last.parent / stage).state_dict() for stage in ("feedback", *_LAST)}
    assert changed_parts(teachers["feedback"], teachers["joint_teacher"]) == set(teachers["feedback"])
    assert changed_parts(teachers["joint_teacher"], teachers["joint_student"]) == set(), "it lifts for the student"
    students = {stage: load_student(last.parent / stage).state_dict() for stage in ("student", "feedback", *_LAST)}
    assert {name.partition(".")[0] for name in changed_parts(students["student"], students["feedback"])} == {"feedback"}
    assert changed_parts(students["feedback"], students["joint_teacher"]) == set()
    learnt = {name.partition(".")[0] for name in changed_parts(students["feedback"], students["joint_student"])}
    assert {"embed", "blocks", "pose", "feedback"} <= learnt, "all of the student learns with its feedback"
    assert "lifted_feedback" not in learnt
    lifted = changed_parts(students["joint_student"], students["lifted_feedback"])
    assert {name.partition(".")[0] for name in lifted} == {"lifted_feedback"}
    lifter = "lifted_feedback.lifted.lifter."
    for name, weights in students["lifted_feedback"].items():
        if name.startswith(lifter):
            assert torch.equal(weights, teachers["joint_teacher"][name.removeprefix(lifter)]), "the teacher itself"
    finished = changed_parts(students["lifted_feedback"], students["end_to_end"])
    assert {name.partition(".")[0] for name in finished} == learnt | {"lifted_feedback"}
    assert not [name for name in finished if name.startswith(lifter)]

    shutil.rmtree(last)
    teacher = (last.parent / "teacher" / "teacher.safetensors").stat().st_mtime_ns
    assert main(["train", "--recipe", "paper", "--config", str(recipe), "--resume"]) == 0
    assert (last.parent / "teacher" / "teacher.safetensors").stat().st_mtime_ns == teacher, "finished stages stay"
    assert load_student(last) is not None

    out = tmp_path / "figures.json"
    data = str(recipe.parent / "clips.npz")
    assert main(["evaluate", "--data", data, "--checkpoint", str(last), "--views", "1", "--out", str(out)]) == 0
    rows = json.loads(out.read_text())
    for row in ("teacher", "student"):
        assert 0 < rows[row]["pa_mpjpe_mm"] < rows[row]["mpjpe_mm"]


def test_the_documentation_names_the_folder_of_the_last_stage() -> None:
    for recipe in ("paper.toml", "paper_cpu.toml", "paper_large.toml"):
        assert last_stage(read_recipe(CHECKOUT / "trainer" / "recipes" / recipe, PaperRecipe)) == "end_to_end"
    for page, run in (("docs/train-on-your-videos.md", "runs/mine"), ("trainer/README.md", "runs/paper")):
        named = re.findall(rf"--checkpoint {run}/(\w+)", (CHECKOUT / page).read_text(encoding="utf-8"))
        assert set(named) == {"end_to_end"}


@pytest.mark.usefixtures("no_idle_parameters")
def test_a_teacher_that_no_detected_points_teach_leaves_them_in_place(recipe: Path, tmp_path: Path) -> None:
    none, one = Schedule(steps=0), Schedule(steps=1, batch_size=4, save_every=1)
    without = replace(
        read_recipe(recipe, PaperRecipe),
        run=str(tmp_path / "run"),
        teacher_weights=TeacherWeights(denoising=0),
        prior_stage=one,
        teacher_stage=one,
        frame_stage=none,
        student_stage=none,
        feedback_stage=none,
        joint_teacher_stage=none,
        joint_student_stage=none,
        lifted_feedback_stage=none,
        end_to_end_stage=none,
    )
    correction = load_teacher(train_paper(without, resume=False).parent / "teacher").correction
    assert correction is not None
    assert not correction.weight.any()


def test_a_start_of_other_sizes_is_refused_in_one_line(recipe: Path, tmp_path: Path) -> None:
    settings = read_recipe(recipe, PaperRecipe)
    save_network(tmp_path, "teacher", TeacherNetwork(TeacherConfig(width=24)), asdict(TeacherConfig(width=24)), {})
    one = Schedule(steps=1, batch_size=4)
    settings = replace(settings, run=str(tmp_path / "run"), start_from=str(tmp_path), prior_stage=one)
    with pytest.raises(PoseNet3DError, match=r"its teacher has other sizes than the recipe's \('embed.weight'") as told:
        train_paper(settings, resume=False)
    assert "\n" not in str(told.value)


def test_detected_windows_differ_from_exact_ones_by_the_detectors_noise(clips: Clips) -> None:
    windows = SequenceSampler(project_clips(clips, 2, seed=0), load_detector_noise(), seed=0).draw(64)
    assert windows.view.points.shape == (64, STUDENT_WINDOW, 18, 2)
    difference = (windows.detected.points - windows.view.points).norm(dim=-1)
    exact = difference.amax((1, 2)) < 1e-4
    assert 0.1 < exact.float().mean() < 0.4
    assert 0.01 < difference[~exact].median() < 0.1, "a detector's error is some centimetres"


def test_a_detectors_points_serve_without_neck_and_head(clips: Clips) -> None:
    projected = project_clips(clips, 1, seed=0)
    rays, confidence = projected.rays.copy(), projected.confidence.copy()
    for name, stand_in in (("left_ear", "head"), ("right_ear", "head")):
        rays[:, STUDENT_POINT_NAMES.index(name)] = rays[:, STUDENT_POINT_NAMES.index(stand_in)]
        confidence[:, STUDENT_POINT_NAMES.index(name)] = 1
    for name in ("neck", "head"):
        rays[:, STUDENT_POINT_NAMES.index(name)] = 0
        confidence[:, STUDENT_POINT_NAMES.index(name)] = 0
    detected = PointSequences(rays, confidence, projected.offsets, projected.names)
    windows = SequenceSampler(detected, load_detector_noise(), seed=0).draw(4)
    assert windows.view.points.isfinite().all()
    assert windows.detected.points.isfinite().all()


def test_data_without_a_usable_window_is_refused_by_file_and_key(clips: Clips, tmp_path: Path) -> None:
    projected = project_clips(clips, 1, seed=0)
    confidence = projected.confidence.copy()
    confidence[::20, STUDENT_POINT_NAMES.index("left_ankle")] = 0
    path = tmp_path / "hidden.npz"
    save_sequences(path, PointSequences(projected.rays, confidence, projected.offsets, projected.names))
    with pytest.raises(PoseNet3DError, match=r"hidden.npz: key 'confidence': .*whole bodies"):
        load_sequence_split([path], [4], seed=0)
    path = tmp_path / "short.npz"
    save_clips(path, Clips(clips.relative_joints[:20], clips.root[:20], np.array([0, 20], np.int32), ("a",), 30.0))
    with pytest.raises(PoseNet3DError, match=r"short.npz: key 'offsets': .*20 samples.*window of 32"):
        load_sequence_split([path], [4], seed=0)


def test_short_sequences_beside_long_ones_are_left_out(clips: Clips, tmp_path: Path) -> None:
    path = tmp_path / "clips.npz"
    offsets = np.array([0, 20, 100, 180], np.int32)
    save_clips(path, Clips(clips.relative_joints, clips.root, offsets, ("a", "b", "c"), 30.0))
    split = load_sequence_split([path], [4], seed=0)
    train, held_out = ({name.partition("@")[0] for name in part.names} for part in (split.train, split.held_out))
    assert train | held_out == {"b", "c"}
    assert not train & held_out, "a clip is held out with all its views"


def test_a_flow_learns_a_density() -> None:
    """Samples of a curved density get a high likelihood, near the true entropy; other samples do not."""
    generator = torch.Generator().manual_seed(0)
    torch.manual_seed(0)

    def samples(count: int) -> torch.Tensor:
        x = torch.randn(count, 2, generator=generator)
        return torch.stack([x[:, 0], 0.5 * x[:, 1] + x[:, 0].square()], -1)

    flow = PoseFlow(2, 2, layers=6, hidden=32)
    flow.fit_components(samples(2000))
    optimiser = torch.optim.Adam(flow.parameters(), 5e-3)
    for _ in range(400):
        loss = flow(samples(256)).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    real = samples(2000)
    with torch.no_grad():
        likely, mirrored = flow(real).mean(), flow(real * torch.tensor([1.0, -1.0])).mean()
        # Of the whitened samples: both entropies without the constant log(2 pi), scale by scale.
        entropy = 1 + np.log(0.5) + float(torch.linalg.slogdet(flow.whitening)[1])
    assert float(likely) == pytest.approx(entropy, abs=0.15)
    assert mirrored > likely + 2


@pytest.mark.parametrize("path", sorted(RECIPES.glob("ablations/*.toml")), ids=lambda path: path.stem)
def test_ablation_recipes_differ_from_the_reduced_one(path: Path) -> None:
    recipe, reduced = (read_recipe(p, PaperRecipe) for p in (path, RECIPES / "ablations" / "reduced.toml"))
    longer = 2 if path.stem == "longer_without_joint" else 1
    assert recipe.teacher_stage.steps == longer * reduced.teacher_stage.steps
    assert recipe.teacher_stage.steps < read_recipe(RECIPES / "paper.toml", PaperRecipe).teacher_stage.steps
    assert recipe.data == reduced.data
    assert (recipe.run != reduced.run) == (path.stem != "reduced")


_ABLATED = {
    "reduced": set(),
    "without_adversarial": {
        "teacher_weights.pose_likelihood",
        "teacher_weights.motion_likelihood",
        "student_weights.pose_likelihood",
        "student_weights.motion_likelihood",
    },
    "without_motion_prior": {"teacher_weights.motion_likelihood", "student_weights.motion_likelihood"},
    "with_joint_fine_tuning": set(),
    "with_lifter": set(),
    "longer_without_joint": set(),
    "without_self_consistency": {
        f"teacher_weights.{term}" for term in ("cycle_2d", "cycle_3d", "cycle_elevation", "deformation")
    },
    "without_temporal": {
        "teacher_weights.motion_likelihood",
        "teacher_weights.constancy",
        "student_weights.motion_likelihood",
        "student_weights.velocity",
        "student_weights.smooth",
    },
    "single_frame_student": {f"student_weights.{term}" for term in ("motion_likelihood", "velocity", "smooth")},
}
"""Terms that each ablation leaves out."""
_JOINT = {"joint_teacher_stage", "joint_student_stage"}
_CHANGED_TABLES = {
    "with_joint_fine_tuning": _JOINT,
    "with_lifter": _JOINT | {"student", "feedback_stage", "lifted_feedback_stage", "end_to_end_stage"},
    "longer_without_joint": {"teacher_stage", "student_stage"},
}
"""Sizes and schedules that an ablation changes; the others change none."""


@pytest.mark.parametrize("path", sorted(RECIPES.glob("ablations/*.toml")), ids=lambda path: path.stem)
def test_each_ablation_leaves_out_only_its_terms(path: Path) -> None:
    recipe, reduced = (asdict(read_recipe(one, PaperRecipe)) for one in (path, RECIPES / "ablations" / "reduced.toml"))
    tables = ("teacher_weights", "student_weights")
    assert all(weight > 0 for table in tables for weight in reduced[table].values())
    changed = {f"{table}.{term}" for table in tables for term in recipe[table] if recipe[table][term] == 0}
    assert changed == _ABLATED[path.stem]
    for table in tables:
        assert {k: v or reduced[table][k] for k, v in recipe[table].items()} == reduced[table]
    single = path.stem in ("without_temporal", "single_frame_student")
    assert recipe["single_frame_student"] == single
    assert recipe["teacher"]["kernel"] == (1 if path.stem == "without_temporal" else reduced["teacher"]["kernel"])
    others = recipe.keys() - {*tables, "run", "single_frame_student", "teacher"}
    assert {key for key in others if recipe[key] != reduced[key]} == _CHANGED_TABLES.get(path.stem, set())
    assert (recipe["joint_teacher_stage"]["steps"] > 0) == ("joint_teacher_stage" in _CHANGED_TABLES.get(path.stem, ()))


def exists(name: str) -> bool:
    """A module, or a member of one, has this name."""
    module, _, member = name.rpartition(".")
    return hasattr(importlib.import_module(module), member) or importlib.util.find_spec(name) is not None


def package_of(path: Path) -> str:
    return ".".join(path.parent.relative_to(RECIPES.parents[1]).parts)


def test_no_stage_can_see_depth() -> None:
    """Only one module reads motion capture, and passes on its projections; all other clips are what is lifted."""
    package = PaperRecipe.__module__.rpartition(".")[0]
    three_dimensional = {
        "trainer.data.clips.load_clips",
        "trainer.data.clips.resampled",
        "trainer.supervised",
        "trainer.synthesis.project_clips",
        "trainer.synthesis.benchmark_views",
        "trainer.datasets",
        "trainer.evaluation",
    }
    assert all(exists(name) for name in three_dimensional)
    files = list((RECIPES.parents[1] / package.replace(".", "/")).rglob("*.py"))
    found = {path.name: imported_names(path.read_text(), package_of(path)) for path in files}
    readers = {
        name
        for name, modules in found.items()
        if any(module == other or module.startswith(f"{other}.") for module in modules for other in three_dimensional)
    }
    assert readers == {"dataset.py"}
    assert not any("trainer.data" in modules for modules in found.values()), "no whole package"
    for modules in found.values():
        members = {name for name in modules if name.startswith("trainer.data.clips.")}
        assert members or "trainer.data.clips" not in modules, "no whole module"
    assert set(SequenceSplit.__annotations__.values()) == {"PointSequences"}


def test_what_repeats_itself_is_seen_by_one_camera(clips: Clips, tmp_path: Path) -> None:
    for name in ("varied.npz", "repeated.npz"):
        save_clips(tmp_path / name, replace(clips, names=tuple(f"{name}_{clip}" for clip in clips.names)))
    split = load_sequence_split([tmp_path / "varied.npz", tmp_path / "repeated.npz"], [4, 1], seed=0)
    views = [name.partition("@")[0] for part in (split.train, split.held_out) for name in part.names]
    assert {clip: views.count(clip) for clip in views} == {
        f"{name}.npz_{clip}": cameras for name, cameras in (("varied", 4), ("repeated", 1)) for clip in ("one", "two")
    }


def test_a_recipe_on_paper_toml_needs_its_data_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(f'base = "{RECIPES / "paper.toml"}"\ndata = ["mine.npz"]\nrun = "runs/mine"\n')
    assert read_recipe(tmp_path / "mine.toml", PaperRecipe).data == ["mine.npz"]


@pytest.mark.parametrize("last", ["joint_teacher", "feedback", "student", "frames", "teacher"])
def test_the_runs_checkpoint_is_that_of_the_last_stage_with_steps(last: str) -> None:
    recipe = read_recipe(RECIPES / "paper.toml", PaperRecipe)
    for name in STAGES[STAGES.index(last) + 1 :]:
        idle: dict[str, Any] = {f"{name.removesuffix('s')}_stage": Schedule(steps=0)}
        recipe = replace(recipe, **idle)
    assert last_stage(recipe) == last
