"""Fingerprints of what a dataset returns: one for each leaf of a sample."""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any

import numpy as np
import torch

from reseed.witness.states import digest

_MOST_LEAVES = 64
_SHOWN = 8  # characters


def fingerprints(sample: Any) -> dict[str, tuple[str, str]]:
    """Give each leaf of `sample` by its place in it: a digest of the value, and the value itself if it is short."""
    return {place: found for place, value in _some_leaves(sample) if (found := _print(value))}


def rows(batch: Any, size: int) -> list[dict[str, tuple[str, str]]]:
    """Give the leaves of each sample of a collated batch; one that has not `size` rows belongs to the first sample."""
    found: list[dict[str, tuple[str, str]]] = [{} for _ in range(max(size, 1))]
    for place, value in _some_leaves(batch):
        for row, part in zip(found, _divided(value, size), strict=False):
            if printed := _print(part):
                row[place] = printed
    return found


def _divided(value: Any, size: int) -> list[Any]:
    with suppress(Exception):  # a nested tensor has no length
        if _is(value, torch.Tensor, np.ndarray) and value.ndim > 0 and len(value) == size:
            return list(value)
    return [value]


def _is(value: Any, *kinds: type) -> bool:
    # `isinstance` would ask the object, and proxies answer with code of their own.
    return issubclass(type(value), kinds)


def _some_leaves(sample: Any) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    with suppress(Exception):  # what holds itself, or cannot be looked into, has no more leaves
        for leaf in islice(_leaves("", sample), _MOST_LEAVES):
            found.append(leaf)
    return found


def _leaves(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    if _is(value, Mapping):
        for key, part in value.items():
            yield from _leaves(f"{place}[{key!r}]", part)
    elif _is(value, list, tuple):
        for index, part in enumerate(value):
            yield from _leaves(f"{place}[{index}]", part)
    elif dataclasses.is_dataclass(type(value)):
        for field in dataclasses.fields(value):
            yield from _leaves(f"{place}.{field.name}", getattr(value, field.name, None))
    else:
        yield place, value


def _print(value: Any) -> tuple[str, str] | None:
    try:
        return _digest(value)
    except Exception:  # whatever the object cannot do: its value is not comparable
        return None


def _digest(value: Any) -> tuple[str, str] | None:
    if _is(value, torch.Tensor):
        value = value.detach().cpu()
        if value.layout is not torch.strided or value.is_quantized:
            return None
        for resolve in ("resolve_conj", "resolve_neg"):  # since PyTorch 1.10
            value = getattr(value, resolve, lambda value=value: value)()
        plain = value.contiguous().reshape(-1).view(torch.uint8) if value.numel() else value
        return digest(plain.numpy().tobytes(), str(value.dtype)), _short(value.item()) if value.numel() == 1 else ""
    if _is(value, np.ndarray, np.generic) and value.dtype != object:
        return digest(value.tobytes(), str(value.dtype)), _short(value.item()) if value.size == 1 else ""
    if _is(value, bool, int, float, complex, str, bytes):
        return digest(type(value).__name__, value), _short(value)
    tobytes = getattr(value, "tobytes", None) if not _is(value, np.ndarray) else None  # images of Pillow
    return digest(tobytes() if callable(tobytes) else pickle.dumps(value)), ""


def _short(value: object) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _SHOWN and text.isprintable() else ""
