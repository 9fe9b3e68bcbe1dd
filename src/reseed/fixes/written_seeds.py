"""The seedings that a repair writes: of which states, and how."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

NUMPY_GLOBAL = "numpy-global"
WORKER_SEED = "torch.initial_seed"
"""The worker's seed, unless the seeder has given torch another one before."""
INFO = "torch.utils.data.get_worker_info"
"""What knows the worker's seed whatever the seeder has done before."""


@dataclass(frozen=True, slots=True)
class Written:
    """How a state is seeded: by a call of `function`, with a seed below `modulus` (as text)."""

    function: str
    modulus: str


WRITTEN: Mapping[str, Written] = {
    NUMPY_GLOBAL: Written("numpy.random.seed", "2**32"),
    "cv2": Written("cv2.setRNGSeed", "2**31"),
    "imgaug": Written("imgaug.seed", "2**31"),
}
"""The states that a repair seeds. PyTorch seeds torch and `random` itself.

Measured: opencv-python-headless 5.0.0.93 and opencv-python 4.8.1.78 raise ValueError from 2**31 on ("integer won't fit
into a C int"); numpy 2.4.6 takes 32 bits; imgaug 0.4.0 takes what NumPy does.
"""


def writable(states: Iterable[str]) -> list[str]:
    """Those of `states` that a repair can seed, in the order in which it writes them."""
    return [state for state in WRITTEN if state in set(states)]


def modulus_for(states: Iterable[str]) -> str:
    """What a seed for all of `states` is divided by; empty where it is taken whole."""
    wanted = set(states)
    if wanted <= {"python-global", "torch-global"}:
        return ""
    return "2**31" if wanted & {"cv2", "imgaug"} else "2**32"
