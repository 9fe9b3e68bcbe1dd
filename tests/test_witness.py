"""The witness: what it says of loaders of which it is known what they draw."""

from __future__ import annotations

import multiprocessing
import random
import signal
import subprocess
import sys
import time
import tracemalloc
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reseed.witness.text import describe
from reseed.witness.verdict import Testimony

torch = pytest.importorskip("torch", reason="torch is not installed: tox -e witness runs these tests")

import numpy as np  # noqa: E402
import witnessed as programs  # noqa: E402

from reseed.witness import assert_independent_workers, witness  # noqa: E402
from reseed.witness.events import Run  # noqa: E402
from reseed.witness.rng_objects import find  # noqa: E402
from reseed.witness.run import Plan  # noqa: E402
from reseed.witness.states import snapshot  # noqa: E402
from reseed.witness.streams import continues  # noqa: E402


def seen(dataset: object, **options: object) -> Testimony:
    keys = ("before_1_9", "start_method", "values", "runs", "epochs")
    watched = {key: options.pop(key) for key in keys if key in options}
    return witness(programs.loader(dataset, **options), **{"runs": False, **watched})


def test_global_state() -> None:
    before, since = seen(programs.Global(), before_1_9=True), seen(programs.Global())
    assert (before.letters, since.letters) == ("W E", "ok")
    assert [source.name for source in before.sources if source.kind == "state"] == ["numpy-global"]
    assert (before.sources[0].duplicated, before.sources[0].repeated) == (1, 1)


def test_what_repeats_a_run() -> None:
    before, since = (seen(programs.Global(), before_1_9=old, runs=True).sources[0] for old in (True, False))
    assert (before.repeatable, before.ignores_seed) == ("all-seeds", False)
    assert (since.repeatable, since.ignores_seed) == ("yes", False)
    stored = witness(programs.make_stored).sources[0]
    assert (stored.repeatable, stored.ignores_seed) == ("yes", True)
    assert seen(programs.Global(), worker_init_fn=programs.by_worker_id, runs=True).sources[0].ignores_seed


def test_stored_generator_is_found_and_named() -> None:
    testimony = witness(programs.make_stored, runs=False)
    state, *values = testimony.sources
    assert testimony.letters == "W E" and state.name == "dataset.dataset.rng"
    # The label does not change and says nothing; the image does, and is the same in both workers.
    assert [(value.name, value.duplicated) for value in values] == [("value['image']", 1)]


@pytest.mark.parametrize(
    ("dataset", "name"),
    [(programs.Slotted, "dataset.rng"), (programs.Module, "witnessed.generator"), (programs.Stream, "dataset.rng")],
)
def test_rng_objects_are_found(dataset: type, name: str) -> None:
    testimony = seen(dataset())
    assert testimony.letters == "W E"
    assert testimony.sources[0].name == name


@pytest.mark.parametrize(
    ("dataset", "name"),
    [
        (programs.Local, "iterator.rng"),
        (programs.Delegates, "iterator.rng"),
        (programs.MakesIterator, "iterator.rng"),
    ],
)
def test_rngs_of_iterators_are_found(dataset: type, name: str) -> None:
    testimony = seen(dataset())
    assert testimony.letters == "W E"
    assert [source.name for source in testimony.sources] == [name]


def test_shuffling_before_taking_a_part_is_not_sharing() -> None:
    assert seen(programs.LocalShuffle()).letters == "ok"


def test_rngs_of_other_modules_are_found() -> None:
    testimony = witness(programs.make_mixes, runs=False)
    assert testimony.letters == "W E"
    assert [source.name for source in testimony.sources] == ["helpers_of_witnessed.generator"]


@pytest.mark.parametrize(
    "function",
    [
        lambda value: torch.fft.fft(value).conj(),
        lambda value: torch.nested.nested_tensor([value, value[:2]]),
        lambda value: value.to_sparse(),
        lambda value: np.array([value, None], dtype=object),
        lambda value: programs.lazy,
        lambda value: programs.Answers(),
        programs.holds_itself,
    ],
)
def test_odd_samples_stop_nothing(function: Callable[[object], object]) -> None:
    for values in ("lockstep", "all"):
        assert seen(programs.Of(function), collate_fn=list, values=values).crash is None


def test_odd_members_stop_nothing() -> None:
    class Broken(list):
        def __iter__(self):
            raise RuntimeError("not to be looked into")

    testimony = seen(programs.Holds(programs.lazy, Broken([1]), programs.Secret(1), programs.Answers()))
    assert (testimony.letters, testimony.sources[0].name) == ("W E", "dataset.rng")


@pytest.mark.parametrize(
    ("function", "collate"),
    [
        (list, torch.stack),
        (tuple, torch.stack),
        (iter, lambda made: torch.stack(list(made))),
        (lambda samples: {"x": torch.stack(samples)}, lambda made: made["x"]),
        (programs.Boxed, lambda made: torch.stack(made.samples)),
    ],
)
def test_samples_that_are_made_together(
    function: Callable[[object], object], collate: Callable[[object], object]
) -> None:
    testimony = seen(programs.Together(function), collate_fn=collate, values="all", epochs=1)
    assert (testimony.letters, testimony.samples) == ("ok", 32)
    assert [source.name for source in testimony.sources] == ["torch-global", "value"]


@pytest.mark.parametrize("dataset", [programs.WithLoader, programs.WithLoaderAtOnce])
@pytest.mark.parametrize("workers", [0, 2])
def test_loaders_in_workers_stay_as_they_are(dataset: type, workers: int) -> None:
    testimony = seen(dataset(), num_workers=workers, batch_size=2)
    assert testimony.letters == "ok" and testimony.samples == 32 * max(workers, 1)


def test_odd_objects_stop_nothing() -> None:
    testimony = seen(programs.Odd())
    assert testimony.letters == "W E"
    assert testimony.sources[0].name == "dataset.held[2]['rng']"


def test_where_nothing_can_be_forked_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reseed.witness.session.can_fork", lambda: False)
    np.random.seed(3)
    expected = np.random.RandomState(3).rand()
    assert witness(programs.loader(programs.Stored()), values="none").letters == "W E"
    assert np.random.rand() == expected


def test_seeding_by_index_is_not_sharing() -> None:
    # Before 1.9 all workers begin with one state, but nothing is drawn from it.
    assert seen(programs.ByIndex(), before_1_9=True).letters == "E"


def test_different_numbers_of_draws_from_one_state_are_sharing() -> None:
    assert seen(programs.Uneven(), before_1_9=True).letters == "W E"
    assert seen(programs.Uneven()).letters == "ok"


BIT_GENERATORS = [np.random.MT19937, np.random.PCG64, np.random.PCG64DXSM, np.random.Philox, np.random.SFC64]


@pytest.mark.parametrize("kind", BIT_GENERATORS)
def test_draws_are_told_from_seeds(kind: type) -> None:
    for draws in (0, 1, 2, 3, 5, 1000, 100_000):
        rng = np.random.Generator(kind(1))
        rng.random(3)
        before, same_seed = snapshot(rng), snapshot(np.random.Generator(kind(1)))
        rng.random(draws)
        rng.integers(9, size=1, dtype=np.uint32)  # half a number
        after, other_seed = snapshot(rng), snapshot(np.random.Generator(kind(2)))
        assert continues(before, after)
        assert not continues(before, other_seed) and not continues(other_seed, after)
        assert kind is np.random.MT19937 or not continues(after, same_seed)
        if hasattr(rng.bit_generator, "jumped"):
            assert not continues(before, snapshot(np.random.Generator(rng.bit_generator.jumped())))
        if hasattr(rng.bit_generator, "advance"):
            rng.bit_generator.advance(2**60)
            assert not continues(before, snapshot(rng))


@pytest.mark.parametrize(
    ("kind", "move"),
    [
        (np.random.PCG64, lambda bits, info: bits.jumped(info.id + 1)),
        (np.random.PCG64, lambda bits, info: bits.advance((info.id + 1) * 2**64)),
        (np.random.Philox, lambda bits, info: bits.jumped(info.id + 1)),
        (np.random.SFC64, lambda bits, info: np.random.SFC64(info.seed)),
    ],
)
def test_workers_that_move_to_streams_of_their_own(kind: type, move: Callable[[Any, Any], Any]) -> None:
    assert seen(programs.OwnStream(kind, move), epochs=1).letters == "ok"
    assert seen(programs.OwnStream(kind, None), epochs=1).letters == "W"


def test_constant_generator_is_seen_in_values_alone() -> None:
    assert seen(programs.Constant(), values="all").letters == "W E"
    assert seen(programs.Constant()).sources == ()


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
@pytest.mark.parametrize("workers", [2, 8])
def test_flips_are_equal_by_chance(workers: int) -> None:
    testimony = seen(programs.Flips(), num_workers=workers)
    assert testimony.independent and "value" in [source.name for source in testimony.sources]


def test_persistent_workers() -> None:
    assert seen(programs.Global(), before_1_9=True, persistent_workers=True).letters == "W"
    assert seen(programs.Global(), worker_init_fn=programs.by_worker_id).letters == "E"
    assert seen(programs.Global(), worker_init_fn=programs.by_worker_id, persistent_workers=True).letters == "ok"


def test_what_gives_no_samples_is_no_pass() -> None:
    with pytest.raises(AssertionError, match="the loader gave no sample"):
        assert_independent_workers(programs.make_empty)


def test_one_worker_makes_all_samples() -> None:
    testimony = seen(programs.OneShard(), start_method="fork")
    assert testimony.independent and (testimony.workers, testimony.sampling) == (2, 1)
    assert testimony.samples == 2 * 2 * 2 * 16
    assert "no two workers" in list(describe(testimony))[-1]


def test_no_workers() -> None:
    testimony = seen(programs.Stored(), num_workers=0)
    assert (testimony.workers, testimony.start_method, testimony.letters) == (0, None, "ok")
    assert "no two workers" in list(describe(testimony))[-1]


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_start_methods(method: str) -> None:
    # Before 1.9 such workers import NumPy afresh, with entropy of the system. A stored generator is pickled.
    assert seen(programs.Global(), start_method=method, before_1_9=True, epochs=1, values="none").letters == "ok"
    assert seen(programs.Stored(), start_method=method, epochs=1, values="none").letters == "W"


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"dataset": programs.Fails()}, "ValueError", "no item 0"),
        ({"dataset": programs.Global(), "worker_init_fn": programs.too_large}, "ValueError", "Seed must be between"),
        ({"dataset": programs.Global(), "worker_init_fn": lambda: None}, "TypeError", "takes 0 positional arguments"),
        ({"dataset": programs.Killed()}, "RuntimeError", "DataLoader worker (pid) "),
    ],
)
def test_crashes(options: dict[str, object], kind: str, message: str) -> None:
    testimony = seen(**options)
    assert testimony.letters == "X" and testimony.crash
    assert testimony.crash.kind == kind and message in testimony.crash.message


def test_deterministic() -> None:
    assert seen(programs.Stored()) == seen(programs.Stored())


def test_caller_is_left_as_it_was() -> None:
    loader = programs.loader(programs.Stored(), generator=torch.Generator())
    states = np.random.get_state()[1].tolist(), random.getstate(), torch.get_rng_state().tolist()
    own = loader.dataset.rng.bit_generator.state, loader.generator.get_state().tolist()
    witness(loader, before_1_9=True)
    assert states == (np.random.get_state()[1].tolist(), random.getstate(), torch.get_rng_state().tolist())
    assert own == (loader.dataset.rng.bit_generator.state, loader.generator.get_state().tolist())
    assert torch.utils.data._utils.worker.HAS_NUMPY and loader.worker_init_fn is None


def test_batches_may_take_as_long_as_all(monkeypatch: pytest.MonkeyPatch) -> None:
    plans: list[Plan] = []
    monkeypatch.setattr("reseed.witness.session.can_fork", lambda: False)
    monkeypatch.setattr("reseed.witness.session.observe", lambda _, plan: plans.append(plan) or Run())
    witness(programs.make_global, timeout=500)
    assert {plan.timeout for plan in plans} == {500}


def test_loaders_keep_a_smaller_timeout() -> None:
    assert "timed out after 1 seconds" in str(seen(programs.Naps(), timeout=1, batch_size=1, num_workers=1).crash)


@pytest.mark.parametrize(
    "options", [{"timeout": float("nan")}, {"timeout": 0}, {"num_workers": -1}, {"samples": 0}, {"epochs": -1}]
)
def test_numbers_out_of_range(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="positive"):
        witness(programs.make_global, **options)


def test_large_containers_are_not_copied() -> None:
    held = [[None] * 1_000_000, dict.fromkeys(range(100_000)), deque([None] * 1_000_000)]
    tracemalloc.start()
    assert find({"held": held}, {}) == {}
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 500_000


def running(word: str) -> list[str]:
    listed = subprocess.run(["ps", "-ww", "-eo", "pid=,pgid=,stat=,args="], capture_output=True, text=True).stdout
    return [line for line in listed.splitlines() if word in line and " Z" not in line and "ps -ww" not in line]


def test_time_is_bounded_and_no_process_stays() -> None:
    code = (
        "import witnessed, reseed.witness\n"
        "try: reseed.witness.witness(witnessed.make_sleeper, timeout=4)\n"
        "except TimeoutError as error: print(error)\n"
    )
    options = {"cwd": Path(__file__).parent, "capture_output": True, "text": True}
    ended = subprocess.run([sys.executable, "-c", code + "# marker-of-timeout"], **options)
    assert ended.stdout == "not done after 4 seconds\n"
    assert running("marker-of-timeout") == []


def test_interrupt_leaves_no_process() -> None:
    code = (
        "import signal, witnessed, reseed.witness\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # shells ignore it for what runs behind them
        "print(1, flush=True)\n"
        "reseed.witness.witness(witnessed.make_sleeper)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", f"{code}  # marker-of-interrupt"],
        cwd=Path(__file__).parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout and process.stdout.readline() == b"1\n"
    end = time.monotonic() + 30
    while len(running("marker-of-interrupt")) < 5 and time.monotonic() < end:  # it, two forks, two workers
        time.sleep(0.1)
    assert len(running("marker-of-interrupt")) >= 5
    process.send_signal(signal.SIGINT)
    process.wait(20)
    assert running("marker-of-interrupt") == []


@pytest.mark.parametrize(
    ("target", "options", "error"),
    [
        (3, {}, "a DataLoader or a dataset is needed, not builtins.int"),
        (programs.make_global, {"batch_size": 3}, "batch_size: arguments for a DataLoader, but one is given"),
        (lambda: programs.Opaque(programs.Global(), num_workers=1), {}, "do not run PyTorch's own fetchers"),
    ],
)
def test_what_cannot_be_watched(target: object, options: dict[str, object], error: str) -> None:
    with pytest.raises(TypeError, match=error):
        witness(target, **options)


def test_dataset_with_arguments() -> None:
    testimony = witness(programs.Stored(), batch_size=2, num_workers=3, runs=False)
    assert (testimony.workers, testimony.letters) == (3, "W E")


def test_assertion() -> None:
    assert_independent_workers(programs.make_global)
    assert_independent_workers(programs.loader(programs.ByIndex()), epochs_may_repeat=True)
    with pytest.raises(AssertionError, match="of later epochs repeat"):
        assert_independent_workers(programs.loader(programs.ByIndex()))
    with pytest.raises(AssertionError, match=r"(?s)dataset.dataset.rng: 100%.*epoch 1    a b c d"):
        assert_independent_workers(programs.make_stored)
    with pytest.raises(AssertionError, match="no seed repeats a run|does not change the draws"):
        assert_independent_workers(
            programs.loader(programs.Global(), worker_init_fn=programs.by_worker_id),
            epochs_may_repeat=True,
            reproducible=True,
        )


def in_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parent, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("fork", [True, False])
def test_exit_of_the_program_is_an_error(fork: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reseed.witness.session.can_fork", lambda: fork)
    with pytest.raises(RuntimeError, match=r"the program called sys.exit\('bad settings'\)"):
        witness(programs.make_exit)
    with pytest.raises(RuntimeError, match=r"the program called sys.exit\(None\)"):
        witness(programs.loader(programs.Exits(), num_workers=0))
    with pytest.raises(KeyboardInterrupt):
        witness(programs.make_interrupt)


def test_errors_keep_their_class_where_it_is_loaded() -> None:
    with pytest.raises(programs.SettingsError, match="no data") as caught:
        witness(programs.make_own_error)
    assert "in make_own_error" in str(caught.value.__cause__)
    with pytest.raises(RuntimeError, match="Picky: this and that"):
        witness(programs.make_picky)


def test_errors_import_nothing() -> None:
    code = (
        "import sys, functools, reseed.witness, reseed.witness.target as target\n"
        "try: reseed.witness.witness(functools.partial(target.make, 'witnessed.py:make_own_error'))\n"
        "except RuntimeError as error: print(error, 'in make_own_error' in str(error.__cause__))\n"
        "print('witnessed' in sys.modules)"
    )
    assert in_python(code).stdout == "SettingsError: no data True\nFalse\n"


def test_callers_that_have_used_threads() -> None:
    code = (
        "import torch, witnessed, reseed.witness\n"
        "torch.set_num_threads(4)\n"
        "work = lambda: float((torch.randn(300, 300) @ torch.randn(300, 300)).sum() + torch.randn(3_000_000).sum())\n"
        "work()\n"
        "def make(): work(); return witnessed.make_global()\n"
        "print(reseed.witness.witness(make, timeout=20, runs=False).letters)"
    )
    assert in_python(code).stdout == "ok\n"


def test_no_file_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setitem(multiprocessing.process.current_process()._config, "tempdir", None)
    witness(programs.make_with_file, runs=False)
    witness(programs.make_with_file, runs=False, values="none")
    assert list(tmp_path.iterdir()) == []
