"""A testimony as a picture: one row an epoch, one column a draw, equal draws in equal colours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reseed.witness.verdict import Source, Testimony

_UNIQUE = "#e8e8e8"
_MOST_DRAWS = 16  # of a worker


class NothingDrawn(ValueError):
    """No worker drew anything that could be shown."""


def check(path: str | Path) -> None:
    """Raise ValueError for a suffix of a file that no picture is drawn into, ImportError without matplotlib."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    suffix = Path(path).suffix
    known: Any = FigureCanvasAgg.get_supported_filetypes()
    if suffix.removeprefix(".").lower() not in known:
        raise ValueError(f"the suffix is {suffix or 'missing'}, and has to be one of {', '.join(sorted(known))}")


def plot(testimony: Testimony, path: str | Path) -> None:
    """Draw each source of `testimony` into the file `path`, whose suffix is the format.

    Raises what `check` does, NothingDrawn, and OSError.
    """
    check(path)
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    sources = [source for source in testimony.sources if any(worker for epoch in source.epochs for worker in epoch)]
    if not sources:
        raise NothingDrawn("there is no picture, for nothing random was seen in workers")
    heights = [len(source.epochs) + 1.6 for source in sources]
    figure = Figure(figsize=(9.0, 0.42 * sum(heights) + 0.5), layout="constrained")
    canvas: Any = FigureCanvasAgg(figure)
    axes: Any = figure.subplots(len(sources), squeeze=False, height_ratios=heights)
    figure.suptitle(_title(testimony), fontsize=10)
    for source, axis in zip(sources, axes[:, 0], strict=True):
        _draw(axis, source)
    canvas.print_figure(path, dpi=150, metadata={"Software": None} if str(path).endswith(".png") else None)


def _draw(axis: Any, source: Source) -> None:
    import matplotlib
    from matplotlib.patches import Rectangle

    colours = matplotlib.colormaps["tab20"]
    workers = max(len(epoch) for epoch in source.epochs)
    wide = min(max(len(worker) for epoch in source.epochs for worker in epoch), _MOST_DRAWS)
    for row, epoch in enumerate(source.epochs):
        for worker, draws in enumerate(epoch):
            for column, draw in enumerate(draws[:_MOST_DRAWS]):
                colour = colours((draw.same - 1) % 20) if draw.same else _UNIQUE
                left = worker * (wide + 0.6) + column
                axis.add_patch(Rectangle((left, row), 0.94, 0.88, facecolor=colour))
                if draw.text:
                    place = left + 0.47, row + 0.44
                    axis.text(*place, draw.text, ha="center", va="center", fontsize=6.5, parse_math=False)
    axis.set_xlim(0, workers * (wide + 0.6) - 0.6)
    axis.set_ylim(len(source.epochs), 0)
    axis.set_yticks([row + 0.44 for row in range(len(source.epochs))])
    axis.set_yticklabels([f"epoch {row + 1}" for row in range(len(source.epochs))], fontsize=8)
    axis.set_xticks([worker * (wide + 0.6) + wide / 2 for worker in range(workers)])
    axis.set_xticklabels([f"worker {worker}" for worker in range(workers)], fontsize=8)
    axis.xaxis.tick_top()
    axis.tick_params(length=0)
    axis.set_frame_on(False)
    faults = source.faults()
    title = "\n".join(faults) if faults else f"{source.name}: every draw was made once"
    axis.set_title(title, fontsize=8, loc="left", parse_math=False)  # the name of an attribute may hold a $


def _title(testimony: Testimony) -> str:
    behaving = " behaving as before 1.9" if testimony.before_1_9 else ""
    workers = f"{testimony.workers} workers"
    return f"torch {testimony.torch}{behaving}, {workers}: one box a draw, equal colours are equal draws"
