"""The seedings that a repair writes: of which states, and how."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

NUMPY_GLOBAL = "numpy-global"
WORKER_SEED = "torch.initial_seed"
"""The worker's seed, unless the seeder has given torch another one before."""
INFO = "torch.utils.data.get_worker_info"
"""What knows the worker's seed whatever the seeder has done before."""


SET_RND = "monai.data.utils.set_rnd"


@dataclass(frozen=True, slots=True)
class Written:
    """How a state is seeded: by a call of `function`, with a seed below `modulus` (as text).

    Without a modulus `function` takes the dataset and the whole seed, and seeds what it finds in the dataset.
    """

    function: str
    modulus: str

    def call(self, spell: Callable[[str], str], seed: str) -> str:
        """The call, with the expression `seed` for the worker's seed."""
        if self.modulus:
            return f"{spell(self.function)}({seed} % {self.modulus})"
        return f"{spell(self.function)}({spell(INFO)}().dataset, {seed})"


@dataclass(frozen=True, slots=True, order=True)
class Held:
    """An object to seed: its state, and the attributes that lead to it from the dataset that a worker has."""

    state: str
    chain: str

    def call(self, spell: Callable[[str], str], info: str, rng: str) -> str:
        """The call that seeds it, with the names of a worker's info and of a ``random.Random``.

        Albumentations' own ``set_random_seed`` would give every transform of a pipeline the same seed, so that one
        flips whenever another does (measured: albumentations 2.0.8). MONAI's ``set_random_state`` gives each its own
        (monai 1.6.1, monai/transforms/compose.py).
        """
        made = f"{info}.dataset.{self.chain}"
        if self.state == "torch.Generator":
            return f"{made}.manual_seed({rng}.getrandbits(63))"
        if self.state == "monai":
            return f"{made}.set_random_state(seed={rng}.getrandbits(32))"
        generators = (f"{spell(path)}({rng}.getrandbits(64))" for path in ("numpy.random.default_rng", "random.Random"))
        return f"{made}.set_random_state({', '.join(generators)})"


WRITTEN: Mapping[str, Written] = {
    NUMPY_GLOBAL: Written("numpy.random.seed", "2**32"),
    "cv2": Written("cv2.setRNGSeed", "2**31"),
    "imgaug": Written("imgaug.seed", "2**31"),
    "monai": Written(SET_RND, ""),
}
"""The states that a repair seeds. PyTorch seeds torch and `random` itself.

Measured: opencv-python-headless 5.0.0.93 and opencv-python 4.8.1.78 raise ValueError from 2**31 on ("integer won't fit
into a C int"); numpy 2.4.6 takes 32 bits; imgaug 0.4.0 takes what NumPy does. MONAI's `set_rnd` looks into attributes
and lists of the dataset, and has the seed made small enough itself; where objects refer to one another it does not end,
so that it is for MONAI's own datasets alone (monai 1.6.1, monai/data/utils.py).
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
