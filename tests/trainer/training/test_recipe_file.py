"""Recipe files: errors name file and key, in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from posenet3d_blender.errors import PoseNet3DError
from trainer.cli import RECIPES
from trainer.paper.recipe import PaperRecipe
from trainer.supervised.recipe import SupervisedRecipe
from trainer.training.checkpoint import settings_of
from trainer.training.recipe_file import read_recipe
from trainer.training.schedule import Schedule

HEAD = {SupervisedRecipe: 'data = ["a.npz"]\nrun = "b"\n', PaperRecipe: 'data = ["a.npz", "b.npz"]\nrun = "c"\n'}


def refusal(path: Path, text: str | bytes, recipe: type = SupervisedRecipe) -> str:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(PoseNet3DError) as refused:
        read_recipe(path, recipe)
    message = str(refused.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


@pytest.mark.parametrize("path", sorted(RECIPES.rglob("*.toml")), ids=lambda path: path.stem)
def test_every_recipe_of_ours_is_read(path: Path) -> None:
    recipes: type[SupervisedRecipe] | type[PaperRecipe] = SupervisedRecipe if path.stem == "supervised" else PaperRecipe
    assert read_recipe(path, recipes).run.startswith("runs/")


def test_a_file_fills_the_recipe(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(
        HEAD[SupervisedRecipe] + "[windows]\nlearning_rate = 1\n[student]\nwidth = 8\n[views]\nelevation_mean = -3\n"
    )
    recipe = read_recipe(path, SupervisedRecipe)
    assert (recipe.windows.learning_rate, recipe.student.width, recipe.views.elevation_mean) == (1, 8, -3)
    assert recipe.student.blocks == SupervisedRecipe(data=[""], run="").student.blocks
    path.write_text(HEAD[PaperRecipe] + "[teacher]\ndilations = [1, 2]\n")
    assert read_recipe(path, PaperRecipe).teacher.dilations == (1, 2)


def test_keys_left_out_of_the_joint_stages_keep_their_own_defaults(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(HEAD[PaperRecipe] + "[joint_student_weights]\njoints = 3\n[joint_teacher_weights]\nvelocity = 4\n")
    recipe = read_recipe(path, PaperRecipe)
    assert (recipe.joint_student_weights.joints, recipe.joint_student_weights.contacts) == (3, 0.5)
    assert (recipe.joint_teacher_weights.velocity, recipe.joint_teacher_weights.joints) == (4, 10)


def test_a_base_is_laid_under(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(
        HEAD[SupervisedRecipe] + "[windows]\nsteps = 5\n[student]\nwidth = 8\nblocks = 2\n"
    )
    (tmp_path / "recipe.toml").write_text('base = "base.toml"\nrun = "mine"\n[student]\nwidth = 9\n')
    recipe = read_recipe(tmp_path / "recipe.toml", SupervisedRecipe)
    assert (recipe.data, recipe.run, recipe.windows.steps) == (["a.npz"], "mine", 5)
    assert (recipe.student.width, recipe.student.blocks) == (9, 2)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("sede = 3", "unknown key 'sede'"),
        ("[student]\nwidht = 3", "unknown key 'student.widht'"),
        ('seed = "many"', "key 'seed' must be a whole number, not 'many'"),
        ("seed = 1.5", "key 'seed' must be a whole number"),
        ("seed = [3]", "key 'seed' must be a whole number"),
        ("[seed]\nmany = 1", "key 'seed' must be a whole number, not a table"),
        ("[windows]\nlearning_rate = true", "key 'windows.learning_rate' must be a number"),
        ("[windows]\nmixed_precision = 1", "key 'windows.mixed_precision' must be true or false"),
        ("student = 3", "key 'student' must be a table, not 3"),
        ("[student]\nwidth = 'wide'", "key 'student.width' must be a whole number"),
        ("[windows]\nbatch_size = 0", "key 'windows.batch_size' must be at least 1, not 0"),
        ("[frames]\nbatch_size = 0", "key 'frames.batch_size' must be at least 1, not 0"),
        ("[windows]\nema_decay = 1", "key 'windows.ema_decay' must be below 1, not 1"),
        ("[windows]\nlearning_rate = 0", "key 'windows.learning_rate' must be above 0, not 0"),
        ("[windows]\nmax_grad_norm = 0.0", "key 'windows.max_grad_norm' must be above 0, not 0.0"),
        ("[windows]\nlearning_rate = nan", "key 'windows.learning_rate' must be a finite number"),
        ("[windows]\nweight_decay = inf", "key 'windows.weight_decay' must be a finite number"),
        ("[windows]\nwarmup_steps = -1", "key 'windows.warmup_steps' must be at least 0"),
        ("seed = -1", "key 'seed' must be at least 0"),
        ("threads = 0", "key 'threads' must be at least 1"),
        ("[student]\nblocks = 0", "key 'student.blocks' must be at least 1"),
        ("[student]\nwindow = 16", "key 'student.window' must be 32, as in the add-on, not 16"),
        ("[student]\nfeatures = 80", "key 'student.features' must be 82"),
        ("[weights]\nup = -1", "key 'weights.up' must be at least 0"),
        ("[views]\nnearest = 0", "key 'views.nearest' must be above 0, not 0"),
        ("[views]\nnearest = 9", "key 'views.farthest' must be at least 'nearest', 9, not 8.0"),
        ("[partial]\nlimbs = 1.5", "key 'partial.limbs' must be from 0 to 1, not 1.5"),
        ("[partial]\nguessed = -1", "key 'partial.guessed' must be from 0 to 1, not -1"),
        ("[partial]\nlimbs = 0.6\nedge = 0.5", "key 'partial.edge' must be at most 0.4, what 'limbs' leaves, not 0.5"),
        ("[tumbles]\nturning = 2", "key 'tumbles.turning' must be from 0 to 1, not 2"),
        ("[tumbles]\nlying = 1", "key 'tumbles.upside_down' must be at most 0, what 'lying' leaves, not 0.06"),
        ("[mixture]\nposed = 1.1", "key 'mixture.posed' must be from 0 to 1, not 1.1"),
        ("[mixture]\nmeasured = 7", "key 'mixture.measured' must be from 0 to 1, not 7"),
        ("[noise]\nswap = 40", "key 'noise.swap' must be from 0 to 1, not 40"),
    ],
)
def test_wrong_values_are_named(tmp_path: Path, lines: str, message: str) -> None:
    assert refusal(tmp_path / "recipe.toml", HEAD[SupervisedRecipe] + lines).startswith(message)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("cameras = 0", "key 'cameras' must be at least 1"),
        ("[teacher]\nkernel = 2", "key 'teacher.kernel' must be odd, not 2"),
        ("[teacher]\ndilations = []", "key 'teacher.dilations' must be a non-empty list of whole numbers"),
        ("[teacher]\ndilations = [1, 'a']", "key 'teacher.dilations' must be a non-empty list of whole numbers"),
        ("[teacher]\ndilations = 3", "key 'teacher.dilations' must be a non-empty list of whole numbers"),
        ("[teacher]\ndilations = [0]", "key 'teacher.dilations' must be at least 1"),
        ("[priors]\nlayers = 0", "key 'priors.layers' must be at least 1"),
        ("[priors]\npose_components = 35", "key 'priors.pose_components' must be from 2 to 34, not 35"),
        ("[priors]\nmotion_components = 1", "key 'priors.motion_components' must be from 2 to 68, not 1"),
        ("[joint_teacher_weights]\njoints = -1", "key 'joint_teacher_weights.joints' must be at least 0, not -1"),
        ("[prior_stage]\nsteps = 0", "key 'prior_stage.steps' must be at least 1, not 0"),
        ("[student_stage]\nbatch_size = 1", "key 'student_stage.batch_size' must be at least 2, not 1"),
        ("[teacher_stage]\nbatch_size = 1", "key 'teacher_stage.batch_size' must be at least 2, not 1"),
    ],
)
def test_wrong_values_of_the_other_recipe_are_named(tmp_path: Path, lines: str, message: str) -> None:
    assert refusal(tmp_path / "recipe.toml", HEAD[PaperRecipe] + lines, PaperRecipe).startswith(message)


@pytest.mark.parametrize(
    ("recipe", "lines", "refusal_line"),
    [
        (SupervisedRecipe, "steps = 3", "key 'steps' was renamed; write 'windows.steps'"),
        (SupervisedRecipe, "batch = 3", "key 'batch' was renamed; write 'windows.batch_size'"),
        (SupervisedRecipe, "[frames]\nwarm_up = 3", "key 'frames.warm_up' was renamed; write 'frames.warmup_steps'"),
        (
            PaperRecipe,
            "[student_stage]\nbatch = 3",
            "key 'student_stage.batch' was renamed; write 'student_stage.batch_size'",
        ),
        (PaperRecipe, "[joint_stage]\nsteps = 3", "key 'joint_stage' was renamed; write 'joint_student_stage'"),
        (
            PaperRecipe,
            "[frame_stage]\naverage_decay = 0.5",
            "key 'frame_stage.average_decay' was renamed; write 'frame_stage.ema_decay'",
        ),
        (
            PaperRecipe,
            "[prior_stage]\ngradient_norm = 5.0",
            "key 'prior_stage.gradient_norm' was renamed; write 'prior_stage.max_grad_norm'",
        ),
        (
            PaperRecipe,
            "[prior_stage]\ndata_processes = 2",
            "key 'prior_stage.data_processes' was renamed; write 'prior_stage.num_workers'",
        ),
    ],
)
def test_former_keys_are_refused_with_the_present_name(
    tmp_path: Path, recipe: type, lines: str, refusal_line: str
) -> None:
    assert refusal(tmp_path / "recipe.toml", HEAD[recipe] + lines, recipe) == refusal_line


@pytest.mark.parametrize("data", ['"a.npz"', "[]", "[1]", "{ a = 1 }"])
def test_the_list_of_files_is_one(tmp_path: Path, data: str) -> None:
    message = refusal(tmp_path / "recipe.toml", f'data = {data}\nrun = "c"\n', PaperRecipe)
    assert message.startswith("key 'data' must be a non-empty list of strings, not ")


def test_lists_that_are_empty_by_themselves_can_be_emptied(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text('data = ["a.npz"]\nrun = "c"\ndata_weights = [2.0]\nheld_out = ["cmu_06"]\n')
    mine = tmp_path / "mine.toml"
    mine.write_text('base = "base.toml"\ndata_weights = []\nheld_out = []\n')
    recipe = read_recipe(mine, SupervisedRecipe)
    assert recipe.data == ["a.npz"]
    assert recipe.data_weights == recipe.held_out == []


def test_files_that_are_no_recipes_are_named(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    assert refusal(path, 'run = "b"\n').startswith("key 'data' is missing")
    assert refusal(path, "steps = \n").startswith("not a TOML file")
    assert refusal(path, b'data = "\xff"\n').startswith("not UTF-8 text")
    assert refusal(path, "base = 3\n").startswith("key 'base' must be a string, not 3")
    assert refusal(path, 'base = "recipe.toml"\n').startswith("circular 'base', back to ")
    with pytest.raises(PoseNet3DError, match=r"nowhere\.toml: can't be read"):
        read_recipe(tmp_path / "nowhere.toml", SupervisedRecipe)


def test_a_circular_base_is_named(tmp_path: Path) -> None:
    for name, base in (("a", "b"), ("b", "c"), ("c", "b")):
        (tmp_path / f"{name}.toml").write_text(f'base = "{base}.toml"\n')
    with pytest.raises(PoseNet3DError, match=r"c.toml: circular 'base', back to .*b.toml"):
        read_recipe(tmp_path / "a.toml", SupervisedRecipe)


def test_settings_tell_all_but_the_machines_folders() -> None:
    settings = settings_of(
        SupervisedRecipe(data=["/home/me/clips.npz"], run="/home/me/runs/one", windows=Schedule(steps=7))
    )
    assert (settings["data"], settings["run"]) == (["clips.npz"], "one")
    assert isinstance(settings["windows"], dict)
    assert settings["windows"]["steps"] == 7
    assert isinstance(settings["student"], dict)
    assert settings["student"]["window"] == 32
    assert settings_of(PaperRecipe(data=["/a/b.npz", "c.npz"], run="runs/d"))["data"] == ["b.npz", "c.npz"]
