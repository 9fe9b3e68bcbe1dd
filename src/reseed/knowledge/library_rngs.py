"""Libraries with an RNG of their own, which PyTorch reseeds in no worker, and the functions that draw from it.

Objects that carry such an RNG about (transforms, augmenters, engines) have rows in `reseed.knowledge.random_objects`.
Left out, because measured or read to be sound or to belong elsewhere: OpenCV's RANSAC (a constant seed of its own);
libraries that draw from NumPy's global state (`reseed.knowledge.library_draws`); what asks the operating system
for a seed in every process (numba's compiled ``np.random``, scikit-image's ``random_noise``, networkx's generators).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from reseed.knowledge.spelling import find, spellings

Seeded = Literal["never", "globally", "through the dataset", "by object"]


@dataclass(frozen=True, slots=True)
class LibraryRng:
    """An RNG state of a library, by the name that draws and seedings give it: `state`.

    `distributions` are the names under which a project declares the library, `forks` those of others that are imported
    by its name and seed their workers. Workers draw the same numbers with its
    versions from `since` to `until`, both included, None for no bound. `spawned` says that they do so under spawn and
    forkserver, too, wherever the RNG is held.
    """

    state: str
    told: str
    distributions: tuple[str, ...]
    since: str | None
    until: str | None
    spawned: bool
    source: str
    forks: tuple[str, ...] = ()
    seeded: Seeded = "never"

    @property
    def versions(self) -> str:
        """The affected versions in words, empty where all are."""
        if self.since is None and self.until is None:
            return ""
        name = self.distributions[0]
        if self.until is None:
            return f"{name} since {self.since}"
        return f"{name} {self.since} to {self.until}" if self.since else f"{name} up to {self.until}"


_OPENCV = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)

_CV2 = "measured: opencv-python-headless 5.0.0.93"
_IMGAUG = "measured: imgaug 0.4.0, numpy 1.23.5"

LIBRARY_RNGS: Mapping[str, LibraryRng] = {
    row.state: row
    for row in (
        LibraryRng("cv2", "OpenCV", _OPENCV, None, None, True, _CV2, seeded="globally"),
        LibraryRng("imgaug", "imgaug", ("imgaug",), None, None, False, _IMGAUG, seeded="globally"),
        LibraryRng(
            "albumentations",
            "albumentations",
            ("albumentations",),
            "1.4.21",
            "2.0.8",
            False,
            "measured: albumentations 2.0.8; 1.4.20 and 1.4.21, core/composition.py",
            ("albumentationsx",),
            "by object",
        ),
        LibraryRng("monai", "MONAI", ("monai",), None, None, False, "measured: monai 1.6.1", (), "through the dataset"),
        LibraryRng("PIL", "Pillow (the C library's `rand`)", ("pillow",), None, None, True, "measured: pillow 13.0.0"),
        LibraryRng(
            "trimesh",
            "trimesh",
            ("trimesh",),
            "5.0.0",
            None,
            False,
            "measured: trimesh 5.2.0; 4.4.0, trimesh/sample.py",
        ),
        LibraryRng("faker", "Faker", ("faker",), None, None, False, "measured: Faker 40.54.0"),
        LibraryRng("mimesis", "mimesis", ("mimesis",), None, None, False, "measured: mimesis 22.2.0"),
        LibraryRng("scipy-qmc", "a SciPy QMC engine", ("scipy",), None, None, False, "measured: scipy 1.17.1"),
    )
}
"""Every such state. PyTorch seeds none of them in a worker (torch 2.13.0, utils/data/_utils/worker.py)."""


@dataclass(frozen=True, slots=True)
class RngCall:
    """A function or method that draws from the state `state` when it is called.

    It does not where one of the parameters `unless` is given (name, and index from 0 or None) and is not None. Where
    `needs` names a parameter, it draws only if that has one of the values: external paths or constants.
    A ``*`` in `path` stands for one name.
    """

    path: str
    state: str
    source: str
    unless: tuple[tuple[str, int | None], ...] = ()
    needs: tuple[str, int, tuple[object, ...]] | None = None


def _cv2(name: str) -> RngCall:
    return RngCall(f"cv2.{name}", "cv2", _CV2)


def _trimesh(path: str, *unless: tuple[str, int | None]) -> RngCall:
    return RngCall(f"trimesh.{path}", "trimesh", "measured: trimesh 5.2.0", unless)


def _faker(path: str) -> RngCall:
    return RngCall(f"faker.Faker().{path}", "faker", "measured: Faker 40.54.0")


RNG_CALLS: tuple[RngCall, ...] = (
    _cv2("randn"),
    _cv2("randu"),
    _cv2("randShuffle"),
    RngCall(
        "cv2.kmeans",
        "cv2",
        "measured: opencv-python-headless 5.0.0.93",
        needs=("flags", 5, ("cv2.KMEANS_RANDOM_CENTERS", "cv2.KMEANS_PP_CENTERS", 0, 2)),
    ),
    RngCall("PIL.Image.effect_noise", "PIL", "measured: pillow 13.0.0"),
    RngCall("PIL.Image.Image().effect_spread", "PIL", "measured: pillow 13.0.0"),
    _trimesh("sample.sample_surface", ("seed", 5)),
    _trimesh("sample.sample_surface_even", ("seed", 3)),
    _trimesh("sample.sample_surface_sphere", ("seed", 1)),
    _trimesh("sample.volume_mesh", ("seed", 2)),
    _trimesh("sample.volume_rectangular", ("seed", 3)),
    _trimesh("transformations.random_quaternion", ("rand", 0), ("seed", 2)),
    _trimesh("transformations.random_rotation_matrix", ("rand", 0), ("seed", 3)),
    _trimesh("transformations.random_vector", ("seed", 1)),
    _trimesh("creation.random_soup", ("seed", 1)),
    _trimesh("Trimesh().sample", ("seed", 4)),
    _faker("*"),
    _faker("unique.*"),
    _faker("optional.*"),
)

_QUIET = frozenset(
    {"add_provider", "add_arguments", "del_arguments", "get_arguments", "get_formatter", "get_providers", "items"}
    | {"provider", "seed_instance", "seed_locale", "set_arguments", "set_formatter", "unique.clear"}
)
"""Methods of Faker that draw nothing. Source: Faker 40.54.0, faker/generator.py and faker/proxy.py."""

_IMAGE_MAKERS = "blend fromarray frombytes merge new open"
_IMAGE_METHODS = (
    "convert copy crop effect_spread filter quantize reduce remap_palette resize rotate transform transpose"
)
_MESHES = "annulus axis box capsule cone cylinder extrude_polygon icosahedron icosphere torus uv_sphere"

RETURNS: Mapping[str, str] = {
    **{f"PIL.Image.{name}": "PIL.Image.Image" for name in _IMAGE_MAKERS.split()},
    **{f"PIL.Image.Image().{name}": "PIL.Image.Image" for name in _IMAGE_METHODS.split()},
    **{f"trimesh.{name}": "trimesh.Trimesh" for name in ("load", "load_mesh")},
    **{f"trimesh.creation.{name}": "trimesh.Trimesh" for name in _MESHES.split()},
    "trimesh.Trimesh().copy": "trimesh.Trimesh",
}
"""The class of what a call returns, for the calls that lead to a row above.

Source: measured: pillow 13.0.0, trimesh 5.2.0.
"""

_BY_PATH = {row.path: row for row in RNG_CALLS if "*" not in row.path}
_ROOTS = frozenset(row.path.partition(".")[0] for row in RNG_CALLS)
_BY_PATTERN = [
    (re.compile(re.escape(row.path).replace(r"\*", r"[a-z]\w*")), row) for row in RNG_CALLS if "*" in row.path
]


def rng_call_of(path: str) -> RngCall | None:
    """Return the row that says from which library's RNG calling `path` draws, or None."""
    if path.partition(".")[0] not in _ROOTS:
        return None
    path = _follow_calls(path)
    row = find(_BY_PATH, path)
    if row is not None or not path.startswith("faker."):
        return row
    for spelling in spellings(path):
        for pattern, row in _BY_PATTERN:
            if pattern.fullmatch(spelling) and spelling.removeprefix("faker.Faker().") not in _QUIET:
                return row
    return None


def _follow_calls(path: str) -> str:
    called, *rest = path.split("()")
    for part in rest:
        called = f"{find(RETURNS, called) or called}(){part}"
    return called
