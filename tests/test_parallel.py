"""Files checked by several processes: the same rows in the same order, and no process left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from reseed import parallel
from reseed.parallel import in_order
from reseed.runs import check_paths
from reseed.settings import Settings

FIXTURES = Path(__file__).parent.parent / "fixtures"


@pytest.mark.parametrize("start_method", ["fork", "spawn"])
def test_the_number_of_processes_changes_nothing(start_method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "_START_METHOD", start_method)
    paths = [str(FIXTURES / name) for name in ("linked", "workers", "loaders")]
    alone, *others = [check_paths(paths, Settings(torch_version="any"), jobs=jobs) for jobs in (1, 2, 5)]
    assert len(alone.findings) > 50
    for other in others:
        assert (other.findings, other.problems, other.files) == (alone.findings, alone.problems, alone.files)
        assert list(other.texts) == list(alone.texts)


def _squared(numbers: Sequence[int]) -> list[int]:
    if 7 in numbers and os.getpid() != PARENT:
        os._exit(3)
    return [number**2 for number in numbers]


PARENT = os.getpid()


@pytest.mark.parametrize("count", [0, 1, 3, 4, 6, 40])
@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_results_come_in_order_also_where_a_process_dies(count: int, jobs: int) -> None:
    assert list(in_order(_squared, range(count), jobs, bool)) == [number**2 for number in range(count)]


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_an_interrupt_leaves_no_process_behind(tmp_path: Path) -> None:
    code = (
        "import signal, sys, time, reseed.check\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # shells ignore it for what runs behind them
        "reseed.check.check_text = lambda *_, **__: time.sleep(60)\n"
        "from reseed.cli import main\nsys.exit(main(['check', '--no-cache', '-j', '2', sys.argv[1]]))\n"
    )
    command = [sys.executable, "-c", code, str(FIXTURES / "workers")]
    with subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE, text=True) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        deadline = time.monotonic() + 60
        while len(children.read_text().split()) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        pids = children.read_text().split()
        os.killpg(process.pid, signal.SIGINT)
        try:
            _, err = process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    assert (len(pids), process.returncode) == (2, 130), err
    assert "Traceback" not in err
    while any(Path(f"/proc/{pid}").exists() for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
