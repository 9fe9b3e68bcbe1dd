"""The tables of libraries' own RNGs against the libraries, where those are installed."""

from __future__ import annotations

import inspect
import random
import warnings

import pytest
from knowledge_support import evaluate

from reseed.knowledge import random_objects
from reseed.knowledge.library_draws import draw_of
from reseed.knowledge.library_rngs import LIBRARY_RNGS, RNG_CALLS, rng_call_of
from reseed.knowledge.loaders import LOADERS
from reseed.knowledge.random_objects import RANDOM_CLASSES, draws_through, imports_other_versions, random_class_of

GIVEN = {"faker.Faker()": "faker.Faker()", "PIL.Image.Image()": "PIL.Image.Image"}


@pytest.mark.parametrize("row", RNG_CALLS, ids=lambda row: row.path)
def test_function_is_there_and_takes_what_silences_it(row) -> None:
    pytest.importorskip(row.path.split(".")[0])
    if "*" in row.path:
        pytest.skip("a family of methods")
    function = evaluate(row.path.replace("()", ""))
    assert callable(function)
    for name, position in row.unless:
        names = [each for each in inspect.signature(function).parameters if each != "self"]
        assert names[position] == name


@pytest.mark.parametrize("row", RANDOM_CLASSES, ids=lambda row: row.path)
def test_class_is_there_and_has_its_chance(row) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip(row.path.split(".")[0], exc_type=Exception)
    if row.path.endswith(("albumentations.Flip", ".Scale", ".ContrastNormalization")):
        pytest.skip("of an older version")
    path = row.path.replace("albumentations.ToTensorV2", "albumentations.pytorch.ToTensorV2")
    parameters = inspect.signature(evaluate(path).__init__).parameters
    if row.chance:
        name, position, default = row.chance
        assert parameters[name].default == default
        assert position in (None, [each for each in parameters if each != "self"].index(name))
    assert row.steady is None or row.steady in parameters


def test_monai_random_transforms_are_those_with_an_rng() -> None:
    transforms = pytest.importorskip("monai.transforms")
    for name in dir(transforms):
        cls = getattr(transforms, name)
        row = random_class_of(f"monai.transforms.{name}")
        if row is None or not inspect.isclass(cls):
            continue
        assert issubclass(cls, transforms.Randomizable), name
        if row.chance:
            assert row.chance[0] in inspect.signature(cls.__init__).parameters, name
    assert random_class_of("monai.transforms.spatial.array.RandFlip") is not None
    assert random_class_of("monai.transforms.RandIdentity") is None
    assert random_class_of("monai.transforms.Compose") is None


def test_every_state_is_described_and_none_is_numpys() -> None:
    states = {row.state for row in (*RNG_CALLS, *RANDOM_CLASSES)} | {"monai"}
    assert states == set(LIBRARY_RNGS)
    assert not any(draw_of(row.path.replace("*", "name")) for row in RNG_CALLS)


@pytest.mark.parametrize(
    ("path", "state"),
    [
        ("cv2.randn", "cv2"),
        ("PIL.Image.open().convert().resize().effect_spread", "PIL"),
        ("PIL.ImageFilter.open().effect_spread", None),
        ("trimesh.load_mesh().sample", "trimesh"),
        ("trimesh.base.Trimesh().sample", "trimesh"),
        ("trimesh.load_path().sample", None),
        ("faker.Faker().name", "faker"),
        ("faker.proxy.Faker().unique.first_name", "faker"),
        ("faker.Faker().add_provider", None),
        ("faker.Faker().unique.clear", None),
        ("faker.Faker", None),
        ("numpy.random.rand", None),
    ],
)
def test_paths_of_calls(path: str, state: str | None) -> None:
    row = rng_call_of(path)
    assert (row.state if row else None) == state


@pytest.mark.parametrize(
    ("path", "state"),
    [
        ("albumentations.augmentations.crops.transforms.RandomCrop()", "albumentations"),
        ("albumentations.pytorch.transforms.ToTensorV2", "albumentations"),
        ("albumentations.BboxParams", None),
        ("imgaug.augmenters.pillike.EnhanceSharpness", None),
        ("imgaug.augmenters.flip.Fliplr", "imgaug"),
        ("scipy.stats.qmc.Sobol()", "scipy-qmc"),
        ("mimesis.Person", "mimesis"),
        ("monai.transforms.RandAffined", "monai"),
        ("monai.transforms.SpatialPadd", None),
        ("torchvision.transforms.RandomCrop", None),
    ],
)
def test_paths_of_classes(path: str, state: str | None) -> None:
    row = random_class_of(path)
    assert (row.state if row else None) == state


def test_methods_that_draw() -> None:
    person, augmenter = random_class_of("mimesis.Person"), random_class_of("imgaug.augmenters.Fliplr")
    assert person is not None and augmenter is not None
    assert draws_through(person, "full_name") and not draws_through(person, "reseed")
    assert draws_through(augmenter, "augment_images") and not draws_through(augmenter, "localize_random_state")


@pytest.mark.parametrize(
    ("module", "name", "other"),
    [
        ("albumentations", "HorizontalFlip", False),
        ("albumentations", "RandomBrightness", True),
        ("albumentations", None, False),
        ("albumentations", "functional", False),
        ("albumentations.pytorch", "ToTensorV2", False),
        ("albumentations.pytorch", "ToTensor", True),
        ("albumentations.pytorch.functional", "img_to_tensor", True),
        ("albumentations.core.transforms_interface", "DualTransform", False),
        ("albumentations_extra", "X", False),
    ],
)
def test_imports_of_other_versions(module: str, name: str | None, other: bool) -> None:
    assert imports_other_versions(module, name) is other


def test_no_own_albumentations_is_taken_for_another_version() -> None:
    albumentations = pytest.importorskip("albumentations", "2.0.8")
    for name in dir(albumentations):
        if inspect.isclass(getattr(albumentations, name)):
            assert not imports_other_versions("albumentations", name), name
    assert random_objects.is_of_other_versions("albumentations.Cutout()")


def test_only_loaders_with_a_seeder_of_their_own_seed_states() -> None:
    assert all(row.own_seeder for row in LOADERS if row.seeds)


def test_only_one_way_to_seed_albumentations_keeps_its_transforms_apart() -> None:
    albumentations = pytest.importorskip("albumentations")
    numpy = pytest.importorskip("numpy")
    flips = albumentations.Compose([albumentations.HorizontalFlip(p=0.5), albumentations.VerticalFlip(p=0.5)])
    image = numpy.arange(4, dtype=numpy.uint8).reshape(2, 2, 1)

    def outcomes() -> int:
        return len({flips(image=image)["image"].tobytes() for _ in range(100)})

    flips.set_random_seed(5)
    assert outcomes() == 2  # both flips or none
    flips.set_random_state(numpy.random.default_rng(5), random.Random(5))
    assert outcomes() == 4
