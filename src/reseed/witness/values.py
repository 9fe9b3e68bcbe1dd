"""Fingerprints of what a dataset returns: one for each leaf of a sample."""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np
import torch

from reseed.witness.states import digest

_MOST_LEAVES = 64
_SHOWN = 8  # characters


def fingerprints(sample: Any) -> dict[str, tuple[str, str]]:
    """Give each leaf of `sample` by its place in it: a digest of the value, and the value itself if it is short."""
    leaves = islice(_leaves("", sample), _MOST_LEAVES)
    return {place: found for place, value in leaves if (found := _print(value))}


def rows(batch: Any, size: int) -> list[dict[str, tuple[str, str]]]:
    """Give the leaves of each sample of a collated batch; one that has not `size` rows belongs to the first sample."""
    found: list[dict[str, tuple[str, str]]] = [{} for _ in range(max(size, 1))]
    for place, value in islice(_leaves("", batch), _MOST_LEAVES):
        divisible = isinstance(value, (torch.Tensor, np.ndarray)) and value.ndim > 0 and len(value) == size
        for row, part in zip(found, value if divisible else [value], strict=False):
            if printed := _print(part):
                row[place] = printed
    return found


def _leaves(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _leaves(f"{place}[{key!r}]", part)
    elif isinstance(value, (list, tuple)):
        for index, part in enumerate(value):
            yield from _leaves(f"{place}[{index}]", part)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from _leaves(f"{place}.{field.name}", getattr(value, field.name, None))
    else:
        yield place, value


def _print(value: Any) -> tuple[str, str] | None:
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu()
        if value.layout is not torch.strided or value.is_quantized:
            return None
        plain = value.contiguous().reshape(-1).view(torch.uint8) if value.numel() else value
        return digest(plain.numpy().tobytes(), str(value.dtype)), _short(value.item()) if value.numel() == 1 else ""
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype != object:
        return digest(value.tobytes(), str(value.dtype)), _short(value.item()) if value.size == 1 else ""
    if isinstance(value, (bool, int, float, complex, str, bytes)):
        return digest(type(value).__name__, value), _short(value)
    tobytes = getattr(value, "tobytes", None)  # images of Pillow
    try:
        return digest(tobytes() if callable(tobytes) else pickle.dumps(value)), ""
    except Exception:  # whatever the object cannot do: its value is not comparable
        return None


def _short(value: object) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _SHOWN and text.isprintable() else ""
