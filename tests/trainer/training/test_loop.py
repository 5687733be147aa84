"""The training loop on a small regression.

Run as a program (`test_loop.py FOLDER STEPS`) it trains the same, for tests that need separate processes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from posenet3d_blender.errors import PoseNet3DError
from trainer.training.distributed import Process, this_process
from trainer.training.loop import BatchSource, MakeSource, Stage, averaged, train_stage
from trainer.training.precision import mixed_precision
from trainer.training.resume_state import PROGRESS_NAME, TrainingState, load_progress, save_progress
from trainer.training.schedule import Schedule, learning_rate

CHECKOUT = Path(__file__).parents[3]
SCHEDULE = Schedule(
    steps=12, batch_size=8, learning_rate=0.05, warmup_steps=3, ema_decay=0.9, save_every=4, mixed_precision=False
)


@dataclass(frozen=True)
class Pairs:
    given: Tensor
    wanted: Tensor


class Shift(nn.Module):
    """Without parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("shift", torch.ones(1))


class Regression(Stage[Pairs]):
    """A trained layer behind a frozen one, both with buffers in and below them."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.frozen = nn.Linear(5, 5).requires_grad_(False)
        self.trained = nn.Linear(5, 2)
        for part in (self.frozen, self.trained):
            part.register_buffer("scale", torch.ones(2))
            part.add_module("below", Shift())

    def forward(self, batch: Pairs) -> dict[str, Tensor]:
        miss = self.trained(self.frozen(batch.given)) - batch.wanted
        return {"square": miss.square().mean(), "absolute": 0.1 * miss.abs().mean()}

    def save(self, folder: Path, steps: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        weights = {"steps": steps, "bias": self.trained.bias.tolist()}
        (folder / "checkpoint.json").write_text(json.dumps(weights))


class RandomPairs:
    """Fresh pairs by seed; after `good` batches something happens."""

    def __init__(self, seed: int, good: int = 10**9, then: str = "") -> None:
        self.generator, self.good, self.then = torch.Generator().manual_seed(seed), good, then

    def draw(self, count: int) -> Pairs:
        self.good -= 1
        given = torch.randn(count, 5, generator=self.generator)
        if self.good < 0 and self.then == "refuse":
            raise PoseNet3DError("clips.npz: key 'rel' is missing")
        return Pairs(given, given[:, :2] + 1 if self.good >= 0 else torch.full((count, 2), torch.nan))


class FixedPairs:
    """The same eight pairs in every step; of two processes each gets its half."""

    def __init__(self, seed: int) -> None:
        del seed
        self.rank = int(os.environ.get("RANK", "0"))

    def draw(self, count: int) -> Pairs:
        given = torch.sin(torch.arange(40.0)).reshape(8, 5)[self.rank * count : (self.rank + 1) * count]
        return Pairs(given, given[:, :2] + 1)


def slow_pairs(seed: int) -> BatchSource:
    class Slow(RandomPairs):
        def draw(self, count: int) -> Pairs:
            time.sleep(0.02)
            return super().draw(count)

    return Slow(seed)


def train(
    folder: Path, schedule: Schedule = SCHEDULE, resume: bool = False, make_source: MakeSource = RandomPairs
) -> Regression:
    stage = Regression()
    train_stage(stage, make_source, schedule, folder, seed=5, threads=1, resume=resume)
    # It may have been trained on a GPU.
    return stage.cpu()


def logged(folder: Path, name: str) -> dict[int, float]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    log = EventAccumulator(str(folder / "log"))
    log.Reload()
    return {event.step: event.value for event in log.Scalars(name)}


def steps_done(folder: Path) -> int:
    from safetensors import safe_open

    with safe_open(folder / PROGRESS_NAME, "pt") as archive:
        return int(archive.metadata()["step"])


def test_the_same_seed_gives_the_same_run(tmp_path: Path) -> None:
    runs = [train(tmp_path / name) for name in "ab"]
    assert logged(tmp_path / "a", "total") == logged(tmp_path / "b", "total")
    assert torch.equal(runs[0].trained.weight, runs[1].trained.weight)
    other = Regression()
    train_stage(other, RandomPairs, SCHEDULE, tmp_path / "c", seed=6, threads=1, resume=False)
    assert not torch.equal(runs[0].trained.weight, other.trained.weight)


def test_a_compiled_stage_trains_as_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[nn.Module] = []

    def compile_for_debugging(model: nn.Module) -> Callable[..., object]:
        compiled.append(model)
        return compile_module(model, backend="eager")

    compile_module = torch.compile
    monkeypatch.setattr(torch, "compile", compile_for_debugging)
    schedule = replace(SCHEDULE, mixed_precision=False)
    first = train(tmp_path / "eager", schedule)
    second = train(tmp_path / "compiled", replace(schedule, compile=True))
    assert len(compiled) == 1
    torch.testing.assert_close(second.trained.weight, first.trained.weight)


def test_a_process_without_a_gpu_of_its_own_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setenv("LOCAL_RANK", "1")
    with pytest.raises(PoseNet3DError, match="more processes than the 1 GPU"):
        this_process()


@pytest.mark.parametrize(("processes", "least"), [(1, 2), (3, 6)])
def test_a_batch_that_leaves_a_process_too_little_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, processes: int, least: int
) -> None:
    @contextmanager
    def joined() -> Iterator[Process]:
        yield Process(0, processes, torch.device("cpu"))

    monkeypatch.setattr("trainer.training.loop.processes_joined", joined)
    monkeypatch.setattr(Regression, "smallest_batch", 2)
    with pytest.raises(PoseNet3DError, match=f"batch_size = {least - 1} is less than {least}, .* raise it"):
        train(tmp_path, replace(SCHEDULE, batch_size=least - 1))
    assert list(tmp_path.iterdir()) == []


def test_every_term_is_logged_and_falls(tmp_path: Path) -> None:
    train(tmp_path, replace(SCHEDULE, steps=60, save_every=20))
    square, absolute, total = (logged(tmp_path, name) for name in ("square", "absolute", "total"))
    assert list(total) == [20, 40, 60]
    assert total[60] < 0.7 * total[20]
    assert total[40] == pytest.approx(square[40] + absolute[40])
    rates = logged(tmp_path, "learning_rate")
    assert rates[20] > rates[40] > rates[60] > 0
    assert min(logged(tmp_path, "windows_per_second").values()) > 0


def test_the_rate_warms_up_and_falls_to_zero() -> None:
    schedule = Schedule(steps=100, warmup_steps=10, learning_rate=2.0)
    rates = [learning_rate(schedule, step) for step in range(100)]
    assert rates[0] == pytest.approx(0.2)
    assert max(rates) == rates[9]
    assert 0 < rates[99] < 0.001
    assert learning_rate(replace(schedule, warmup_steps=0), 0) == 2.0


def test_frozen_parts_stay_and_are_not_kept(tmp_path: Path) -> None:
    stage = train(tmp_path)
    assert torch.equal(stage.frozen.weight, Regression().frozen.weight)
    assert not torch.equal(stage.trained.weight, Regression().trained.weight)
    kept = load_file(tmp_path / PROGRESS_NAME)
    assert not any("frozen" in key for key in kept)
    assert {"buffer/trained.scale", "buffer/trained.below.shift"} <= kept.keys()


def test_the_checkpoint_and_the_stage_hold_the_average(tmp_path: Path) -> None:
    stage = train(tmp_path)
    progress = load_file(tmp_path / PROGRESS_NAME)
    assert not torch.equal(progress["average/trained.bias"], progress["weights/trained.bias"])
    assert torch.equal(stage.trained.bias, progress["average/trained.bias"])
    assert json.loads((tmp_path / "checkpoint.json").read_text()) == {"steps": 12, "bias": stage.trained.bias.tolist()}


def test_progress_comes_back_whole(tmp_path: Path) -> None:
    """Weights, average and the optimiser's moments: one more step from either is the same."""
    states = []
    for _ in range(2):
        stage = Regression()
        parameters = dict(stage.trained.named_parameters(prefix="trained"))
        optimiser = torch.optim.AdamW(parameters.values(), 0.1)
        states.append(TrainingState(stage, optimiser, {k: v.detach().clone() for k, v in parameters.items()}))
    first, second = states
    batch = FixedPairs(0).draw(8)

    def step(state: TrainingState) -> None:
        sum(state.module(batch).values()).backward()
        state.optimiser.step()

    step(first)
    first.averages["trained.bias"] += 7
    save_progress(tmp_path, 1, first)
    assert load_progress(tmp_path, second) == 1
    first.optimiser.zero_grad()
    step(first)
    step(second)
    for name, parameter in first.trained().items():
        assert torch.equal(parameter, second.trained()[name])
        assert torch.equal(first.averages[name], second.averages[name])
    with averaged(second):
        assert torch.equal(second.trained()["trained.bias"], first.averages["trained.bias"])
    assert torch.equal(second.trained()["trained.bias"], first.trained()["trained.bias"])


def test_a_parameter_that_rests_comes_back_too(tmp_path: Path) -> None:
    stage = Regression()
    stage.extra = nn.Linear(3, 3)
    parameters = dict(stage.named_parameters())
    trained = {name: value for name, value in parameters.items() if value.requires_grad}
    optimiser = torch.optim.AdamW(trained.values(), 0.1)
    state = TrainingState(stage, optimiser, {name: value.detach().clone() for name, value in trained.items()})
    sum(stage(FixedPairs(0).draw(8)).values()).backward()
    optimiser.step()
    save_progress(tmp_path, 1, state)
    assert load_progress(tmp_path, state) == 1
    stage.extra(torch.ones(1, 3)).sum().backward()
    optimiser.step()
    assert float(optimiser.state[stage.extra.weight]["step"]) == 1
    assert float(optimiser.state[stage.trained.weight]["step"]) == 2


def test_a_finished_stage_is_not_trained_again(tmp_path: Path) -> None:
    first = train(tmp_path)
    again = train(tmp_path, resume=True, make_source=partial(RandomPairs, good=0, then="refuse"))
    assert torch.equal(first.trained.weight, again.trained.weight)
    longer = train(tmp_path, replace(SCHEDULE, steps=16), resume=True)
    assert not torch.equal(first.trained.weight, longer.trained.weight)
    assert list(logged(tmp_path, "total")) == [4, 8, 12, 16]


def test_a_loss_that_is_no_number_stops_with_the_last_good_progress(tmp_path: Path) -> None:
    with pytest.raises(PoseNet3DError, match="loss 'square' is not a finite number in step 7;") as stopped:
        train(tmp_path, make_source=partial(RandomPairs, good=6))
    assert "\n" not in str(stopped.value)
    assert steps_done(tmp_path) == 4
    assert json.loads((tmp_path / "checkpoint.json").read_text())["steps"] == 4
    train(tmp_path, resume=True)
    assert steps_done(tmp_path) == 12


def test_slow_steps_are_kept_between_checkpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer.training.loop._SECONDS_BETWEEN_SAVES", 0.0)
    with pytest.raises(PoseNet3DError, match="step 7"):
        train(tmp_path, replace(SCHEDULE, save_every=1000), make_source=partial(RandomPairs, good=6))
    assert steps_done(tmp_path) == 6


def test_a_failure_where_batches_are_drawn_keeps_its_line(tmp_path: Path) -> None:
    with pytest.raises(PoseNet3DError, match=r"^clips.npz: key 'rel' is missing$"):
        train(tmp_path, make_source=partial(RandomPairs, good=2, then="refuse"))


@pytest.mark.parametrize(
    "damage", ["cut", "text", "other", "nan", "no step", "no moment", "other moment", "nan moment", "inf count"]
)
def test_damaged_progress_is_named(tmp_path: Path, damage: str) -> None:
    train(tmp_path)
    path = tmp_path / PROGRESS_NAME
    tensors = load_file(path)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-20])
    elif damage == "text":
        path.write_text("no tensors")
    elif damage == "other":
        save_file(tensors | {"weights/trained.bias": torch.zeros(3)}, path, {"step": "4"})
    elif damage == "nan":
        save_file(tensors | {"average/trained.bias": torch.full((2,), torch.nan)}, path, {"step": "4"})
    elif damage == "no moment":
        del tensors["exp_avg/trained.bias"]
        save_file(tensors, path, {"step": "4"})
    elif damage == "other moment":
        save_file(tensors | {"exp_avg_sq/trained.bias": torch.zeros(3)}, path, {"step": "4"})
    elif damage == "nan moment":
        save_file(tensors | {"exp_avg/trained.bias": torch.full((2,), torch.nan)}, path, {"step": "4"})
    elif damage == "inf count":
        save_file(tensors | {"step/trained.bias": torch.tensor(torch.inf)}, path, {"step": "4"})
    else:
        save_file(tensors, path)
    with pytest.raises(PoseNet3DError, match=PROGRESS_NAME) as refused:
        train(tmp_path, resume=True)
    assert "\n" not in str(refused.value)
    assert "without --resume" in str(refused.value)


def test_a_folder_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PoseNet3DError, match="file"):
        train(tmp_path / "file" / "run")


@contextmanager
def file_limit(size: int) -> Iterator[None]:
    """Lets files have so many bytes, as a disk that is nearly full does.

    It must end inside the test: pytest's own output, too, may go to a file.
    """
    resource = pytest.importorskip("resource", reason="this system can't limit a file's size")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_leaves_the_last_progress(tmp_path: Path) -> None:
    stage = train(tmp_path)
    before = (tmp_path / PROGRESS_NAME).read_bytes()
    optimiser = torch.optim.AdamW(stage.trained.parameters())
    averages = {f"trained.{name}": value.detach().clone() for name, value in stage.trained.named_parameters()}
    with pytest.raises(PoseNet3DError, match=PROGRESS_NAME), file_limit(100):
        save_progress(tmp_path, 13, TrainingState(stage, optimiser, averages))
    assert (tmp_path / PROGRESS_NAME).read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint.json", "log", PROGRESS_NAME]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_full_disk_under_the_log_is_told(tmp_path: Path) -> None:
    with pytest.raises(PoseNet3DError, match=r"log: can't be written \("), file_limit(2500):
        train(tmp_path, replace(SCHEDULE, steps=80))
    assert steps_done(tmp_path) >= 4


def test_mixed_precision_can_be_left_off() -> None:
    layer, device = nn.Linear(2, 2), torch.device("cpu")
    with mixed_precision(device):
        # CPUs without instructions for bfloat16 are ten times slower in it.
        is_fast = torch.ops.mkldnn._is_mkldnn_bf16_supported()
        assert layer(torch.zeros(1, 2)).dtype == (torch.bfloat16 if is_fast else torch.float32)
    with mixed_precision(device, enabled=False):
        assert layer(torch.zeros(1, 2)).dtype == torch.float32


def test_two_processes_train_as_one(tmp_path: Path) -> None:
    alone = train(tmp_path / "one", replace(SCHEDULE, save_every=1), make_source=FixedPairs)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    subprocess.run(
        [*command, __file__, str(tmp_path / "two"), "fixed"],
        cwd=CHECKOUT,
        env=os.environ | {"PYTHONPATH": str(CHECKOUT), "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        check=True,
        timeout=600,
    )
    one, two = (logged(tmp_path / name, "total") for name in ("one", "two"))
    assert len(two) == 12
    assert two == pytest.approx(one, abs=1e-5)
    progress = load_file(tmp_path / "two" / PROGRESS_NAME)
    torch.testing.assert_close(progress["average/trained.weight"], alone.trained.weight, atol=1e-5, rtol=0)
    assert json.loads((tmp_path / "two" / "checkpoint.json").read_text())["steps"] == 12


def test_a_killed_run_goes_on(tmp_path: Path) -> None:
    running = subprocess.Popen(
        [sys.executable, __file__, str(tmp_path), "slow"], cwd=CHECKOUT, env=os.environ | {"PYTHONPATH": str(CHECKOUT)}
    )
    deadline = time.monotonic() + 600
    while not (tmp_path / PROGRESS_NAME).exists():
        assert running.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(1.1)  # TensorBoard orders the logs of two runs by the second
    running.kill()
    running.wait()
    done = steps_done(tmp_path)
    assert 0 < done < 1000
    train(tmp_path, replace(SCHEDULE, steps=done + 4), resume=True)
    assert list(logged(tmp_path, "total")) == list(range(4, done + 5, 4))


if __name__ == "__main__":
    if sys.argv[2] == "fixed":
        train(Path(sys.argv[1]), replace(SCHEDULE, save_every=1), make_source=FixedPairs)
    else:
        train(Path(sys.argv[1]), replace(SCHEDULE, steps=1000), make_source=slow_pairs)
