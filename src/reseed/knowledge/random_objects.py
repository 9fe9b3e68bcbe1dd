"""Classes of libraries whose objects draw, when they are called, from an RNG that the library keeps.

Those that draw from NumPy's global state stand in `reseed.knowledge.numpy_classes`.

Whether an object draws numbers that matter is a question of how it was made: ``Resize(32, 32)`` does not,
``HorizontalFlip(p=1)`` does not either, ``HorizontalFlip()`` does. Classes that no row names are taken to be quiet.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from reseed.knowledge.numpy_classes import NUMPY_CLASSES
from reseed.knowledge.random_class import ANY_METHOD, CALL, Kind, RandomClass
from reseed.knowledge.spelling import find, spellings

_ALBUMENTATIONS = "measured: albumentations 2.0.8"
_IMGAUG = "measured: imgaug 0.4.0"
_MONAI = "measured: monai 1.6.1"
_MIMESIS = "mimesis 22.2.0, mimesis/providers/base.py"
_SCIPY = "measured: scipy 1.17.1"

# What differs from call to call at p=1: by its nature, and as long as its arguments are ranges (a single number means
# one, too).
_A_ALWAYS = (
    "AdditiveNoise AtLeastOneBBoxRandomCrop BBoxSafeRandomCrop ChannelDropout ChannelShuffle CoarseDropout "
    "CropNonEmptyMaskIfExists D4 ElasticTransform Erasing FancyPCA GaussNoise GlassBlur GridDistortion GridDropout "
    "HEStain ISONoise MaskDropout MultiplicativeNoise PiecewiseAffine PixelDropout PlasmaBrightnessContrast "
    "PlasmaShadow RandomCrop RandomCropFromBorders RandomFog RandomGridShuffle RandomRain RandomResizedCrop "
    "RandomRotate90 RandomShadow RandomSizedBBoxSafeCrop RandomSizedCrop RandomSunFlare SaltAndPepper ShotNoise "
    "Spatter SquareSymmetry Superpixels ThinPlateSpline OneOf SomeOf RandomOrder OneOrOther"
)
_A_UNLESS_FIXED = (
    "AdvancedBlur Blur ChromaticAberration ColorJitter Defocus Emboss FrequencyMasking GaussianBlur HueSaturationValue "
    "Illumination ImageCompression MedianBlur MotionBlur OpticalDistortion Perspective PlanckianJitter RGBShift "
    "RandomBrightnessContrast RandomGamma RandomScale RandomSnow RandomToneCurve RingingOvershoot Rotate SafeRotate "
    "Sharpen ShiftScaleRotate TimeMasking UnsharpMask ZoomBlur"
)
_A_RANGES = "Affine CropAndPad Downscale Posterize RandomGravel Solarize XYMasking"
_A_NEVER = (
    "AutoContrast CLAHE CenterCrop Crop Equalize Flip FromFloat HorizontalFlip InvertImg Lambda LongestMaxSize "
    "Morphological Normalize Pad PadIfNeeded Resize SmallestMaxSize TimeReverse ToFloat ToGray ToRGB ToSepia Transpose "
    "VerticalFlip Compose ReplayCompose Sequential SelectiveChannelTransform ToTensorV2"
)
# Of no consequence here, but there: a pipeline with any other name runs with a version that has no RNG of its own.
_A_OTHERS = (
    "BaseCompose BasicTransform BboxParams CenterCrop3D CoarseDropout3D ConstrainedCoarseDropout CubicSymmetry "
    "DualTransform FDA GridElasticDeform HistogramMatching ImageOnlyTransform KeypointParams MixUp Mosaic NoOp "
    "OverlayElements Pad3D PadIfNeeded3D PixelDistributionAdaptation RandomCrop3D RandomCropNearBBox TemplateTransform "
    "TextImage ToTensor3D Transform3D ToTensor3D"
)
# Without a `p` they do what they do every time.
_A_CERTAIN = (
    "AtLeastOneBBoxRandomCrop BBoxSafeRandomCrop CenterCrop Compose Crop CropAndPad CropNonEmptyMaskIfExists D4 "
    "FromFloat Lambda LongestMaxSize Normalize Pad PadIfNeeded RandomCrop RandomCropFromBorders RandomOrder "
    "RandomResizedCrop RandomRotate90 RandomSizedBBoxSafeCrop RandomSizedCrop ReplayCompose Resize "
    "SelectiveChannelTransform SmallestMaxSize SomeOf SquareSymmetry ToFloat ToRGB ToTensorV2"
)
_A_P_FIRST = (
    "ChannelShuffle D4 HorizontalFlip InvertImg RandomRotate90 SquareSymmetry TimeReverse ToSepia Transpose "
    "VerticalFlip"
)

_I_ALWAYS = (
    "AdditiveGaussianNoise AdditiveLaplaceNoise AdditivePoissonNoise ChannelShuffle Clouds CoarseDropout CoarsePepper "
    "CoarseSalt CoarseSaltAndPepper Dropout Dropout2d ElasticTransformation Fog ImpulseNoise Jigsaw OneOf Pepper "
    "PerspectiveTransform PiecewiseAffine Rain RandAugment Salt SaltAndPepper Snowflakes SomeOf UniformVoronoi"
)
_I_UNLESS_GIVEN = (
    "Add AddElementwise AddToBrightness AddToHue AddToHueAndSaturation AddToSaturation Affine AllChannelsCLAHE "
    "AverageBlur AveragePooling BilateralBlur CLAHE Canny Cartoon ChangeColorTemperature Crop CropAndPad Cutout "
    "DirectedEdgeDetect EdgeDetect Emboss FastSnowyLandscape GammaContrast GaussianBlur JpegCompression "
    "KMeansColorQuantization LinearContrast LogContrast MaxPooling MeanShiftBlur MedianBlur MedianPooling MinPooling "
    "MotionBlur Multiply MultiplyAndAddToBrightness MultiplyBrightness MultiplyElementwise MultiplyHue "
    "MultiplyHueAndSaturation MultiplySaturation Pad Posterize RegularGridVoronoi RelativeRegularGridVoronoi Rotate "
    "ScaleX ScaleY Sharpen ShearX ShearY SigmoidContrast Solarize TranslateX TranslateY UniformColorQuantization"
)
_I_RANGES = "AffineCv2 ContrastNormalization Grayscale Resize Scale Superpixels"
_MIMESIS_CLASSES = (
    "Address BinaryFile Choice Code Cryptographic Datetime Development Field Fieldset File Finance Food Generic "
    "Hardware Internet Numeric Path Payment Person Science Text Transport"
)
_I_METHODS = frozenset(
    {CALL, "augment", "augment_batch", "augment_batch_", "augment_batches", "augment_bounding_boxes", "augment_image"}
    | {"augment_heatmaps", "augment_images", "augment_keypoints", "augment_polygons", "augment_segmentation_maps"}
    | {"draw_grid", "to_deterministic"}
)


def _albumentations(kind: Kind, names: str) -> list[RandomClass]:
    return [
        RandomClass(
            f"albumentations.{name}",
            "albumentations",
            kind,
            frozenset({CALL}),
            _ALBUMENTATIONS,
            ("p", 0 if name in _A_P_FIRST.split() else None, 1.0 if name in _A_CERTAIN.split() else 0.5),
        )
        for name in names.split()
    ]


def _imgaug(kind: Kind, names: str, chance: tuple[str, int | None, float] | None = None) -> list[RandomClass]:
    return [
        RandomClass(f"imgaug.augmenters.{name}", "imgaug", kind, _I_METHODS, _IMGAUG, chance) for name in names.split()
    ]


RANDOM_CLASSES: tuple[RandomClass, ...] = (
    *_albumentations("always", _A_ALWAYS),
    *_albumentations("unless-fixed", _A_UNLESS_FIXED),
    *_albumentations("ranges", _A_RANGES),
    *_albumentations("never", _A_NEVER),
    *_imgaug("always", _I_ALWAYS),
    *_imgaug("unless-given", _I_UNLESS_GIVEN),
    *_imgaug("ranges", _I_RANGES),
    *_imgaug("never", "Fliplr Flipud Sometimes", ("p", 0, 1.0)),
    *[
        RandomClass(
            f"scipy.stats.qmc.{name}", "scipy-qmc", "always", frozenset({"integers", "random"}), _SCIPY, None, off
        )
        for name, off in (
            ("Halton", "scramble"),
            ("LatinHypercube", None),
            ("MultinomialQMC", None),
            ("MultivariateNormalQMC", None),
            ("PoissonDisk", None),
            ("Sobol", "scramble"),
        )
    ],
    *[
        RandomClass(f"mimesis.{name}", "mimesis", "always", frozenset({CALL, ANY_METHOD}), _MIMESIS)
        for name in _MIMESIS_CLASSES.split()
    ],
)

_METHODS = frozenset({CALL, "randomize"})
_MONAI_RANDOM = re.compile(r"monai\.transforms\.(?:(?:Signal)?Rand[A-Z]\w*|RandomOrder|OneOf|SomeOf)")
_MONAI_QUIET = re.compile(r"Rand(?:CuCIM|Identity|Mark|RangePop|RangePush|TorchIO|TorchVision)")
_MONAI_CERTAIN = re.compile(r"^(?!Rand(?!om))|Crop|Grid(?!Distortion)")
_QUIET_METHODS = frozenset({"reseed", "get_current_locale", "override_locale", "add_provider", "add_providers"})

MONAI_BASES = frozenset({"monai.transforms.Randomizable", "monai.transforms.RandomizableTransform"})
"""Classes whose `R` is the RNG that subclasses draw from. Source: monai 1.6.1, monai/transforms/transform.py."""

NUMPY_SINCE, NUMPY_BEFORE = "0.5.0", "1.2.0"
"""The versions of albumentations some of whose transforms draw from NumPy's global state, the second left out.

Source: measured: albumentations 0.5.2, 1.0.3 and 1.1.0, which do, 1.2.0 and 1.3.1, which do not. Left out is what does
so for some arguments alone: CropAndPad and Downscale.
"""
_NUMPY_TRANSFORMS = frozenset(
    f"albumentations.{name}"
    for name in ("GaussianBlur", "GlassBlur", "MultiplicativeNoise", "Perspective", "RandomToneCurve", "Superpixels")
)
_GONE = (
    "albumentations.augmentations.dropout.cutout",
    "albumentations.imgaug",
    "albumentations.pytorch.functional",
    "albumentations.random_utils",
)
_BY_PATH: Mapping[str, RandomClass] = {row.path: row for row in (*RANDOM_CLASSES, *NUMPY_CLASSES)}
_ROOTS = frozenset({"monai", *(path.partition(".")[0] for path in _BY_PATH)})
_KNOWN_TRANSFORMS = frozenset(
    f"albumentations.{name}" for name in [*_A_OTHERS.split(), *(row.path.split(".", 1)[1] for row in RANDOM_CLASSES)]
)


def random_class_of(path: str) -> RandomClass | None:
    """Return the row of the class at `path`, or of its instance (``()``), None where calling it draws nothing known."""
    root = path.partition(".")[0]
    if root not in _ROOTS:
        return None
    path = path.removesuffix("()")
    return _monai_class(path) if root == "monai" else find(_BY_PATH, path)


def draws_through(row: RandomClass, method: str) -> bool:
    """Say whether calling `method` of an object draws."""
    if method in row.methods:
        return True
    return ANY_METHOD in row.methods and not method.startswith("_") and method not in _QUIET_METHODS


def drew_from_numpy(path: str) -> bool:
    """Say whether the albumentations transform at `path` drew from NumPy's global state before `NUMPY_BEFORE`."""
    path = path.removesuffix("()")
    return path.startswith("albumentations.") and any(name in _NUMPY_TRANSFORMS for name in spellings(path))


def is_of_other_versions(path: str) -> bool:
    """Say whether `path` is an albumentations transform that the versions with an RNG of their own do not have.

    Source: albumentations 1.4.21 and 2.0.8, every subclass of BasicTransform.
    """
    path = path.removesuffix("()")
    return path.startswith("albumentations.") and not any(name in _KNOWN_TRANSFORMS for name in spellings(path))


def imports_other_versions(module: str, name: str | None) -> bool:
    """Say whether an import cannot be answered by the versions of albumentations that have an RNG of their own.

    Source: albumentations 1.3.1, 1.4.21 and 2.0.8, the modules, and the classes that the packages themselves have.
    """
    if module in ("albumentations", "albumentations.pytorch"):
        return name is not None and name[:1].isupper() and is_of_other_versions(f"{module}.{name}")
    return module.startswith(_GONE)


def _monai_class(path: str) -> RandomClass | None:
    for spelling in spellings(path):
        name = spelling.rpartition(".")[2]
        if _MONAI_RANDOM.fullmatch(spelling) and not _MONAI_QUIET.match(name):
            flips = re.fullmatch(r"RandFlip(?:d|D|Dict)?", name) is not None
            steady = "random_center" if "SpatialCrop" in name or "ScaleCrop" in name else None
            position = (0 if name == "RandFlip" else 1) if flips else None
            chance = ("prob", position, 0.1) if not _MONAI_CERTAIN.search(name) else None
            return RandomClass(spelling, "monai", "never" if flips else "always", _METHODS, _MONAI, chance, steady)
    return None
