"""What draws from Python's and torch's global RNG states, which PyTorch seeds in every worker.

A finding only where a seeder undoes that. Left out are methods of tensors that come from elsewhere
(``x.normal_()``), of which the path does not tell the class.
"""

from __future__ import annotations

_PYTHON = """
    betavariate binomialvariate choice choices expovariate gammavariate gauss getrandbits lognormvariate normalvariate
    paretovariate randbytes randint random randrange sample shuffle triangular uniform vonmisesvariate weibullvariate
"""
PYTHON_DRAWS: frozenset[str] = frozenset(f"random.{name}" for name in _PYTHON.split())
"""Functions of the module ``random``. Source: measured: Python 3.11 (each called, the state compared)."""

_TORCH = "bernoulli binomial multinomial normal poisson rand rand_like randint randint_like randn randn_like randperm"
_INIT = (
    "kaiming_normal_ kaiming_uniform_ normal_ orthogonal_ sparse_ trunc_normal_ uniform_ xavier_normal_ xavier_uniform_"
)
TORCH_DRAWS: frozenset[str] = frozenset(
    [f"torch.{name}" for name in _TORCH.split()]
    + [f"torch.nn.init.{name}" for name in _INIT.split()]
    + ["torch.nn.functional.gumbel_softmax"]
)
"""Functions of torch, if they are given no ``generator=``. Source: measured: torch 2.13.0."""

TENSOR_DRAWS: frozenset[str] = frozenset(
    ["bernoulli_", "cauchy_", "exponential_", "geometric_", "log_normal_", "normal_", "random_", "uniform_"]
)
"""Methods by which a tensor fills itself. Source: measured: torch 2.13.0."""

_TRANSFORMS = """
    AugMix AutoAugment ColorJitter CutMix ElasticTransform GaussianBlur MixUp RandAugment RandomAdjustSharpness
    RandomAffine RandomApply RandomAutocontrast RandomCrop RandomEqualize RandomErasing RandomGrayscale
    RandomHorizontalFlip RandomInvert RandomPerspective RandomPosterize RandomResizedCrop RandomRotation RandomSolarize
    RandomVerticalFlip TrivialAugmentWide
"""
TRANSFORMS: frozenset[str] = frozenset(_TRANSFORMS.split())
"""Transforms of torchvision that draw from torch's state when they are called.

Source: measured: torchvision 0.28.0 (each called, both states compared). Early versions drew from ``random``.
"""


def state_drawn(path: str) -> str | None:
    """Return the state that calling `path` draws from, ``python-global`` or ``torch-global``, or None."""
    root, _, rest = path.partition(".")
    if root == "random":
        return "python-global" if path in PYTHON_DRAWS else None
    if root == "torch":
        return "torch-global" if path in TORCH_DRAWS or _is_of_tensor(rest) or _is_sample(rest) else None
    return "torch-global" if root == "torchvision" and _is_transform(rest) else None


def _is_of_tensor(path: str) -> bool:
    made, _, name = path.rpartition(".")
    return made.endswith("()") and name in TENSOR_DRAWS and not made.startswith("Generator")


def _is_sample(path: str) -> bool:
    return path.startswith("distributions.") and path.endswith(("().sample", "().rsample"))


def _is_transform(path: str) -> bool:
    if not path.startswith("transforms."):
        return False
    name = path.removesuffix(".get_params").rpartition(".")[2]
    return name.removesuffix("()") in TRANSFORMS and (path.endswith("()") or path.endswith(".get_params"))
