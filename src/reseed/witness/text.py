"""A testimony as text: for each source a table of workers and samples, in which equal draws have equal letters."""

from __future__ import annotations

from collections.abc import Iterator

from reseed.witness.verdict import Draw, Source, Testimony

_MOST_DRAWS = 8  # of a worker in one line
_UNIQUE = "."
_BOLD, _DIM, _RED, _GREEN, _OFF = "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[0m"
_PALETTE = [f"\x1b[30;48;5;{color}m" for color in (216, 153, 157, 229, 183, 223, 116, 218, 186, 147, 151, 180)]
_REPEATABLE = {
    "yes": "repeats under torch.manual_seed",
    "all-seeds": "repeats only if NumPy and random are seeded as well as torch",
    "no": "repeats under no seed",
    None: "",
}


def describe(testimony: Testimony, color: bool = False) -> Iterator[str]:
    """Yield the lines of a report. `color` marks equal draws by background, with ANSI escapes."""
    yield _head(testimony)
    states = any(source.kind == "state" for source in testimony.sources)
    for source in testimony.sources:
        if source.kind == "value" and states and not source.faults():
            continue
        yield ""
        yield from _table(source, color)
    if not testimony.sources and testimony.samples and not testimony.crash:
        yield ""
        yield "No RNG state was moved by worker code, and no value of a sample changes: nothing random was seen."
    if testimony.crash and testimony.crash.traceback:
        yield ""
        yield from testimony.crash.traceback.splitlines()
    yield ""
    faults = testimony.faults()
    for fault in faults:
        yield f"{_RED}{fault}{_OFF}" if color else fault
    yield _verdict(testimony, bool(faults), color)


def _head(testimony: Testimony) -> str:
    behaving = ", behaving as before 1.9" if testimony.before_1_9 else ""
    if testimony.start_method:
        persistent = "persistent " if testimony.persistent_workers else ""
        workers = f"{_count(testimony.workers, f'{persistent}worker')} ({testimony.start_method})"
    else:
        workers = "no workers"
    made = f"{_count(testimony.epochs, 'epoch')}, {_count(testimony.samples, 'sample')}"
    return f"torch {testimony.torch}{behaving}, NumPy {testimony.numpy}: {workers}, {made}"


def _table(source: Source, color: bool) -> Iterator[str]:
    title = f"{_BOLD}{source.name}{_OFF}" if color else source.name
    lockstep = "of samples that every worker makes twice" if source.unit == "lockstep" else ""
    notes = [lockstep, _REPEATABLE[source.repeatable], "ignores every seed" if source.ignores_seed else ""]
    yield ", ".join([title, *filter(None, notes)])
    workers = max((len(epoch) for epoch in source.epochs), default=0)
    texts = [[[_text(draw) for draw in worker[:_MOST_DRAWS]] for worker in epoch] for epoch in source.epochs]
    width = max((len(text) for epoch in texts for worker in epoch for text in worker), default=1)
    shown = max((len(worker) for epoch in texts for worker in epoch), default=0)
    column = max(shown * (width + 1) - 1, len("worker 0"))
    yield f"{'':9}  " + "  ".join(f"worker {worker}".ljust(column) for worker in range(workers)).rstrip()
    for number, epoch in enumerate(source.epochs):
        cells = []
        for worker, draws in enumerate(epoch):
            line = " ".join(_cell(draw, width, color) for draw in draws[:_MOST_DRAWS])
            plain = max(len(draws[:_MOST_DRAWS]) * (width + 1) - 1, 0)
            cells.append(line + " " * (column - plain if worker < len(epoch) - 1 else 0))
        yield f"epoch {number + 1:<3}  " + "  ".join(cells)


def _text(draw: Draw) -> str:
    return draw.text or (_letters(draw.same) if draw.same else _UNIQUE)


def _cell(draw: Draw, width: int, color: bool) -> str:
    text = _text(draw).rjust(width)
    if not color:
        return text
    return f"{_PALETTE[draw.same % len(_PALETTE)]}{text}{_OFF}" if draw.same else f"{_DIM}{text}{_OFF}"


def _letters(number: int) -> str:
    # a, b, ..., z, aa, ab, ...
    text = ""
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(ord("a") + rest) + text
    return text


def _verdict(testimony: Testimony, faulty: bool, color: bool) -> str:
    if testimony.crash:
        text = "FAILED: a worker crashed"
    elif faulty:
        text = "FAILED: draws are not independent" if testimony.samples else "FAILED: there is nothing to see"
    elif testimony.sampling < 2:
        text = "PASSED, but no two workers made samples, so that none could draw what another does"
    elif not testimony.sources:
        text = "PASSED, but nothing random was seen"
    else:
        text = "PASSED: every draw was made once"
    return f"{_BOLD}{_RED if faulty else _GREEN}{text}{_OFF}" if color else text


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")
