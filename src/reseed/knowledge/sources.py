"""Where the items of a stream come from: what is the same in every process that opens or copies it, and what is not."""

from __future__ import annotations

from reseed.knowledge.spelling import spellings

# What gives the items of its arguments: in the same order, in another one, or some of them.
PASSING: frozenset[str] = frozenset(
    [f"builtins.{name}" for name in ("enumerate", "iter", "list", "tuple", "set", "sorted", "reversed", "zip")]
    + [f"itertools.{name}" for name in ("chain", "chain.from_iterable", "cycle", "islice", "zip_longest", "batched")]
    + ["tqdm.tqdm", "tqdm.auto.tqdm", "copy.copy", "copy.deepcopy", "collections.deque"]
)
"""Calls that go through their arguments. ``islice(items, 2, None, 3)`` has the same items in every worker, too."""

APPLYING: frozenset[str] = frozenset(
    ["builtins.map", "builtins.filter", "itertools.starmap", "itertools.takewhile", "itertools.dropwhile"]
)
"""The same of all arguments but the first, a function."""

COUNTING: frozenset[str] = frozenset({"builtins.range", "itertools.count", "itertools.repeat"})
"""Calls that give numbers, which are data only where something is looked up by them."""

# Files and folders, tables and arrays, a program's arguments. Not: standard input, devices, queues, servers, and
# Hugging Face's streams, which split themselves (datasets 5.2.0, iterable_dataset.py).
_COPIED = (
    "builtins.open",
    "argparse.ArgumentParser()",
    *(
        f"{module}."
        for module in ("bz2", "codecs", "csv", "fileinput", "glob", "gzip", "h5py", "json", "lzma", "numpy")
    ),
    *(f"{module}." for module in ("pandas", "pathlib", "pickle", "pyarrow.parquet", "tarfile", "yaml", "zipfile")),
    *(f"os.{name}" for name in ("environ", "listdir", "path.", "scandir", "walk")),
    *(f"torch.{name}" for name in ("arange", "linspace", "load", "ones", "randperm", "tensor", "zeros")),
)


def is_copied(path: str) -> bool:
    """Say whether the value at an external path is data that each worker gets a whole copy of.

    A choice at random is no whole copy, a permutation is one.
    """
    drawn = ".random." in path and not path.removesuffix("()").endswith(("permutation", "permuted"))
    return not drawn and any(spelling.startswith(_COPIED) for spelling in spellings(path))


def is_copied_loader(path: str) -> bool:
    """Say whether the loader class at `path` gives the whole of an iterable dataset to each of its workers.

    Source: torch 2.13.0, torch/utils/data/_utils/fetch.py; torchdata 0.11.0, stateful_dataloader/worker.py;
    torch_geometric 2.8.1, loader/dataloader.py (a subclass of PyTorch's).
    """
    return path.split(".")[0] in ("torch", "torchdata", "torch_geometric")
