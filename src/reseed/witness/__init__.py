"""Watch what the workers of a DataLoader really draw.

Where the rest of reseed reads code, this runs it: `witness` runs a loader for some epochs and tells which draws are the
same in several workers, in several epochs, and in several runs; `assert_independent_workers` is the same as a test.
Both execute the code of the dataset, and of whatever makes it, and are never called by anything else in reseed.

torch and NumPy are needed, and imported when one of the functions is called: ``pip install reseed[witness]``.
"""

from __future__ import annotations

from typing import Any, Literal

from reseed.witness.events import Crash
from reseed.witness.verdict import Draw, Source, Testimony

__all__ = ["Crash", "Draw", "Source", "Testimony", "assert_independent_workers", "witness"]

_LONGEST = 1e6  # seconds; systems cannot wait for as long as a float can say
Values = Literal["lockstep", "all", "none"]


def witness(
    target: Any,
    *,
    epochs: int = 2,
    samples: int = 16,
    num_workers: int | None = None,
    start_method: str | None = None,
    persistent_workers: bool | None = None,
    before_1_9: bool = False,
    values: Values = "lockstep",
    runs: bool = True,
    seed: int = 0,
    timeout: float = 120.0,
    **arguments: Any,
) -> Testimony:
    """Run a loader and tell what its workers drew.

    Args:
        target: A ``torch.utils.data.DataLoader``; or a dataset, from which one is made with `arguments`; or a function
            without parameters that returns either, which is called anew for each run, after the seeds are set.
        epochs: Number of epochs of a run.
        samples: Number of samples that each worker makes in an epoch, at most; a batch is not cut. Twice as many where
            another worker makes none.
        num_workers: Instead of the loader's own number. 4 for a dataset.
        start_method: ``"fork"``, ``"spawn"`` or ``"forkserver"``, instead of the loader's own.
        persistent_workers: Instead of what the loader says.
        before_1_9: Show what PyTorch before 1.9 did: leave NumPy's global state as it is in a new worker. (Since 1.9
            `_worker_loop` of torch/utils/data/_utils/worker.py seeds it; that is switched off. Checked against a real
            1.8.1 in 126 scenarios: the same but for three that seed from the clock.)
        values: How to use what samples hold. ``"lockstep"``: in one more run every worker makes the same `samples`
            samples, each twice, which shows what is random and whether it is shared. ``"all"``: compare all that is
            returned, which is right where it is made of nothing but drawn numbers. ``"none"``: RNG states only.
        runs: Also run with equal and with other seeds, to tell if ``torch.manual_seed`` repeats the draws.
        seed: Base of the seeds. The caller's own RNG states do not matter and are left as they are.
        timeout: Seconds for all of it, after which every process is ended.

    Returns:
        What was seen. An error in a worker is part of it.

    Raises:
        TypeError: `target` is no loader whose workers can be recorded.
        ValueError: `timeout`, `num_workers` or another number is out of its range, or what ``DataLoader`` raises for
            `arguments`.
        TimeoutError: It took longer than `timeout`.
        ImportError: torch or NumPy is missing.
        RuntimeError: The program called ``sys.exit``, or what it raised is of a class whose module is not loaded here;
            then its kind is part of the message.
        Exception: What a function given as `target` raises.
    """
    if not timeout > 0:
        raise ValueError(f"timeout has to be positive, not {timeout:g}")
    if min(epochs, samples) < 1 or (num_workers or 0) < 0:
        raise ValueError("epochs and samples have to be positive, num_workers not negative")
    from reseed.witness.run import Plan
    from reseed.witness.session import Session

    timeout = min(timeout, _LONGEST)
    plan = Plan(
        epochs, samples, num_workers, start_method, persistent_workers, before_1_9, values != "none", timeout=timeout
    )
    return Session(target, arguments, plan, values, runs, seed).testify(timeout)


def assert_independent_workers(
    target: Any, *, epochs_may_repeat: bool = False, reproducible: bool = False, **options: Any
) -> None:
    """Fail unless every draw of the loader's workers is made once only.

    Args:
        target: As for `witness`.
        epochs_may_repeat: Allow an epoch to repeat an earlier one, as it does where samples are seeded by index.
        reproducible: Also fail where ``torch.manual_seed`` does not repeat a run, or does not change it.
        options: As for `witness`.

    Raises:
        AssertionError: Draws are duplicated, or a worker crashed. The message shows them.
        Exception: As `witness`.
    """
    __tracebackhide__ = True  # pytest shows the caller's line
    from reseed.witness.text import describe

    testimony = witness(target, runs=reproducible, **options)
    if faults := testimony.faults(epochs_may_repeat, reproducible):
        raise AssertionError("\n".join([*faults, "", *describe(testimony)]))
