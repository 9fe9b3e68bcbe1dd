"""Objects of libraries that draw from NumPy's global state: made and called in the libraries that are installed."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import warnings
from typing import Any

import pytest
from knowledge_support import evaluate, moves_numpy

from reseed.knowledge.library_rngs import LIBRARY_RNGS
from reseed.knowledge.numpy_classes import NUMPY_CLASSES
from reseed.knowledge.random_class import CALL, RandomClass
from reseed.knowledge.random_objects import RANDOM_CLASSES, random_class_of


def _same(**given: Any) -> dict[str, Any]:
    return given


# What objects are made with, where that is more than the chance to do something.
_MADE_WITH: dict[str, dict[str, Any]] = {
    "AdjustDuration": {"duration_samples": 10},
    "BlankRectangleTransform": {"rectangle_size": ((1, 3), (1, 3)), "rectangle_value": (0, 1), "num_rectangles": 1},
    "BlankSquareNoiseTransform": {"squre_size": 2, "channel_wise_n_val": True},
    "BrightnessGradientAdditiveTransform": {"scale": (1, 3)},
    "BrightnessTransform": {"mu": 0, "sigma": 1},
    "ChannelTranslation": {"max_shifts": {"x": 2, "y": 2, "z": 2}},
    "FancyColorTransform": {"U": "numpy.eye(3)", "s": "numpy.ones(3)"},
    "IlluminationTransform": {"white_rgb": [[0.1, 0.1, 0.1], [0.2, 0.2, 0.2]]},
    "LocalContrastTransform": {"scale": (1, 3)},
    "LocalGammaTransform": {"scale": (1, 3)},
    "LocalSmoothingTransform": {"scale": (1, 3)},
    "MedianFilterTransform": {"filter_size": (2, 4)},
    "OneOfTransform": {"list_of_transforms": [_same, _same]},
    "OneOfTransformPerSample": {"list_of_transforms": [_same, _same], "relevant_keys": ("data",)},
    "RandomCropTransform": {"crop_size": (4, 4)},
    "RandomShiftTransform": {"shift_mu": [0, 0], "shift_sigma": [1, 1], "p_per_channel": 1},
    "RndTransform": {"transform": _same},
    "Rot90Transform": {"axes": (0, 1)},
    "SegChannelRandomDuplicateTransform": {"axis": 0},
    "SegChannelRandomSwapTransform": {"axis1": 0, "axis2": 0},
    "SharpeningTransform": {"strength": (0.1, 0.5)},
    "SpatialTransform": {"patch_size": (12, 12)},
    "SpatialTransform_2": {"patch_size": (12, 12)},
    "TransposeAxesTransform": {"transpose_any_of_these": (0, 1)},
    "RandomApply": {"transforms": [lambda results: results]},
    "RandomChoice": {"transforms": [[lambda results: results], [lambda results: results]]},
    "RandomChoiceResize": {"scales": [(32, 32), (48, 48)]},
    "RandomFlip": {"prob": 0.5},
    "RandomResize": {"scale": (32, 32), "ratio_range": (0.5, 2.0)},
    "RandAugment": {"ops": [lambda image: image] * 3},
    "AugMixAugment": {"ops": [lambda image: image] * 3},
    "augment_and_mix_transform": {"config_str": "augmix-m3", "hparams": {}},
    "rand_augment_transform": {"config_str": "rand-m9", "hparams": {}},
    "create_transform": {"input_size": 32, "is_training": True, "auto_augment": "rand-m9-mstd0.5"},
    "VtlpAug": {"sampling_rate": 16000},
    "CropAug": {"sampling_rate": 16000},
    "PitchAug": {"sampling_rate": 16000},
    "ShiftAug": {"sampling_rate": 16000},
}
# MixUp and CutMix need a dataset of ultralytics' own, RandomShiftTransform an older NumPy.
_NOT_CALLED = {"CutMix", "MixUp", "RandomShiftTransform"}


def _made(row: RandomClass) -> Any:
    package, _, name = row.path.rpartition(".")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pytest.importorskip(row.path.split(".")[0], exc_type=Exception)
            module = importlib.import_module(package)
    except ImportError:
        pytest.skip(f"{package} is of an older version")
    if not hasattr(module, name):  # batchgenerators has its classes in modules below
        below = [importlib.import_module(f"{package}.{each.name}") for each in pkgutil.iter_modules(module.__path__)]
        module = next(each for each in below if hasattr(each, name))
    return getattr(module, name)


def _evaluated(value: Any) -> Any:
    return evaluate(value) if isinstance(value, str) and value.startswith("numpy.") else value


def _arguments(row: RandomClass) -> tuple[tuple[Any, ...], dict[str, Any]]:
    numpy = importlib.import_module("numpy")
    image = numpy.full((64, 64, 3), 100, numpy.uint8)
    root, _, name = row.path.rpartition(".")
    if root.startswith("audiomentations"):
        return (numpy.sin(numpy.arange(16000.0)).astype(numpy.float32), 16000), {}
    if root.startswith("batchgenerators"):
        images = (numpy.arange(1.0, 2 * 3 * 16 * 16 + 1) % 7).reshape(2, 3, 16, 16).astype(numpy.float32)
        return (), {"data": images, "seg": (images[:, :1] > 3).astype(numpy.float32)}
    if root.startswith("mmcv"):
        return ({"img": image, "img_shape": image.shape[:2]},), {}
    if root.startswith("ultralytics"):
        return ({"img": image},), {}
    if name == "Mixup":
        torch = importlib.import_module("torch")
        return (torch.ones(4, 3, 8, 8), torch.arange(4)), {}
    if name == "FastCollateMixup":
        return ([(numpy.ones((3, 8, 8), numpy.uint8), 1)] * 4,), {}
    if root.startswith("timm"):
        return (importlib.import_module("PIL.Image").fromarray(image),), {}
    if "spectrogram" in root:
        return (numpy.abs(numpy.sin(numpy.arange(12800.0))).reshape(128, 100),), {}
    if "audio" in root:
        return (numpy.sin(numpy.arange(32000.0)).astype(numpy.float32),), {}
    return ("the quick brown fox jumps over the lazy dog",), {}


@pytest.mark.parametrize("row", NUMPY_CLASSES, ids=lambda row: row.path)
def test_objects_move_the_state_when_called(row: RandomClass) -> None:
    make = _made(row)
    name = row.path.rpartition(".")[2]
    parameters = inspect.signature(make).parameters
    for needed in [row.chance, *row.needs]:
        assert needed is None or needed[0] in parameters
        positional = [each for each in parameters.values() if each.kind is not each.KEYWORD_ONLY]
        if needed is not None and needed[1] is not None:
            assert positional[needed[1]].name == needed[0]
    if name in _NOT_CALLED:
        pytest.skip("needs more than a picture")
    given = {key: _evaluated(value) for key, value in _MADE_WITH.get(name, {}).items()}
    if row.chance and row.kind == "always":
        given[row.chance[0]] = 1.0
    if name == "Sometimes":
        given["flow"] = [importlib.import_module("nlpaug.augmenter.char").RandomCharAug()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = make(**given)
        positional_arguments, keywords = _arguments(row)
        for method in row.methods:
            call = made if method == CALL else getattr(made, method)

            def several(call: Any = call) -> None:
                for _ in range(3):
                    call(*positional_arguments, **keywords)

            assert moves_numpy(several), method


@pytest.mark.parametrize("row", [row for row in NUMPY_CLASSES if row.chance], ids=lambda row: row.path)
def test_chance_that_is_not_given_is_what_the_row_says(row: RandomClass) -> None:
    assert row.chance is not None
    default = inspect.signature(_made(row)).parameters[row.chance[0]].default
    if row.kind == "always" and row.chance[2] > 0:
        assert default > 0  # it draws; how often is another matter
    elif default is not None and default is not inspect.Parameter.empty:
        assert default == row.chance[2]


def test_states_of_the_two_tables_are_apart() -> None:
    assert {row.state for row in NUMPY_CLASSES} == {"numpy-global"}
    assert not {row.state for row in RANDOM_CLASSES} & {"numpy-global"}
    assert "numpy-global" not in LIBRARY_RNGS
    assert len({row.path for row in (*NUMPY_CLASSES, *RANDOM_CLASSES)}) == len(NUMPY_CLASSES) + len(RANDOM_CLASSES)


@pytest.mark.parametrize(
    ("path", "drawn"),
    [
        ("audiomentations.augmentations.add_gaussian_noise.AddGaussianNoise()", True),
        ("audiomentations.Gain()", False),
        ("audiomentations.Compose()", False),
        ("batchgenerators.transforms.spatial_transforms.MirrorTransform()", True),
        ("batchgenerators.transforms.utility_transforms.NumpyToTensor()", False),
        ("nlpaug.augmenter.char.RandomCharAug()", False),
        ("nlpaug.augmenter.word.split.SplitAug()", True),
        ("timm.data.transforms_factory.create_transform()", True),
        ("timm.data.auto_augment.AutoAugment()", False),
        ("mmcv.transforms.processing.RandomFlip()", True),
        ("mmcv.transforms.RandomGrayscale()", False),
    ],
)
def test_paths_of_objects(path: str, drawn: bool) -> None:
    row = random_class_of(path)
    assert (row is not None and row.state == "numpy-global") is drawn


@pytest.mark.parametrize("name", ["AutoAugment", "RandomErasing"])
def test_other_transforms_of_timm_leave_the_state_alone(name: str) -> None:
    pytest.importorskip("timm", exc_type=Exception)
    augment = importlib.import_module("timm.data.auto_augment")
    erasing = importlib.import_module("timm.data.random_erasing")
    torch = importlib.import_module("torch")
    image = importlib.import_module("PIL.Image").new("RGB", (32, 32))
    if name == "AutoAugment":
        assert not moves_numpy(augment.auto_augment_transform("original", {}), image)
    else:
        assert not moves_numpy(erasing.RandomErasing(1.0, device="cpu"), torch.ones(3, 8, 8))


@pytest.mark.parametrize("name", ["Gain", "Shift", "TimeMask", "PitchShift", "PolarityInversion", "Clip", "Normalize"])
def test_other_transforms_of_audiomentations_leave_the_state_alone(name: str) -> None:
    audiomentations = pytest.importorskip("audiomentations")
    numpy = importlib.import_module("numpy")
    samples = numpy.sin(numpy.arange(16000.0)).astype(numpy.float32)
    assert not moves_numpy(getattr(audiomentations, name)(p=1.0), samples, 16000)
