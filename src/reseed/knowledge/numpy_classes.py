"""Classes of libraries whose objects draw from NumPy's global state when they are called.

Left out, because they draw from elsewhere (Python's `random`, torch's state): all other transforms of these libraries,
among them the pipelines themselves, nlpaug's augmenters of text but one, timm's AutoAugment, ultralytics' Mosaic and
RandomFlip. Left out as well:
- Augmentor's pipelines, whose operations are added one call at a time;
- albumentations before 1.2.0, some of whose transforms do: see `reseed.knowledge.random_objects.drew_from_numpy`;
- the transforms of mmdet, mmseg and their kind, which are made from settings.
"""

from __future__ import annotations

from reseed.knowledge.random_class import CALL, Kind, RandomClass

_STATE = "numpy-global"

_AUDIOMENTATIONS = (
    "AddColorNoise AddGaussianNoise AddGaussianSNR AdjustDuration AirAbsorption BandPassFilter BandStopFilter "
    "HighPassFilter HighShelfFilter LowPassFilter LowShelfFilter PeakingFilter SevenBandParametricEQ"
)
# Those that have a p_per_sample, and those that draw each time.
_B_SOMETIMES = (
    "BlankRectangleTransform BlankSquareNoiseTransform BrightnessGradientAdditiveTransform "
    "BrightnessMultiplicativeTransform BrightnessTransform ContrastAugmentationTransform GammaTransform "
    "GaussianBlurTransform GaussianNoiseTransform LocalContrastTransform LocalGammaTransform LocalSmoothingTransform "
    "MedianFilterTransform MirrorTransform RandomShiftTransform ResampleTransform RicianNoiseTransform Rot90Transform "
    "SharpeningTransform SimulateLowResolutionTransform TransposeAxesTransform"
)
_B_ALWAYS = (
    "ChannelTranslation FancyColorTransform IlluminationTransform MisalignTransform OneOfTransform "
    "OneOfTransformPerSample RandomCropTransform SegChannelRandomDuplicateTransform SegChannelRandomSwapTransform "
    "SpatialTransform SpatialTransform_2"
)
_NLPAUG = {
    "audio": "CropAug LoudnessAug MaskAug NoiseAug NormalizeAug PitchAug PolarityInverseAug ShiftAug SpeedAug VtlpAug",
    "spectrogram": "FrequencyMaskingAug LoudnessAug TimeMaskingAug",
    "word": "SplitAug",
}
_ULTRALYTICS = ("ultralytics.data.augment", "ultralytics.yolo.data.augment")


def _always(
    path: str, source: str, *methods: str, chance: tuple[str, int | None, float] | None = None, varies: bool = True
) -> RandomClass:
    # What does not vary is random by its chance alone.
    kind: Kind = "always" if varies else "never"
    return RandomClass(path, _STATE, kind, frozenset(methods or {CALL}), source, chance)


def _timm(path: str, *needs: tuple[str, int | None, tuple[str | bool, ...]]) -> RandomClass:
    return RandomClass(
        f"timm.data.{path}",
        _STATE,
        "always",
        frozenset({CALL}),
        "measured: timm 1.0.31; 0.1.30 to 0.6.13, timm/data/auto_augment.py and mixup.py",
        needs=needs,
    )


def _mmcv(name: str, chance: tuple[str, int | None, float] | None = None) -> RandomClass:
    source = "measured: mmcv-lite 2.2.0"
    return _always(f"mmcv.transforms.{name}", source, CALL, "transform", chance=chance, varies=chance is None)


_BATCHGENERATORS = "measured: batchgenerators 0.25.5; 0.19 to 0.24, batchgenerators/transforms"
_NLP = "measured: nlpaug 1.1.11"
_YOLO = "measured: ultralytics 8.4.190; 8.0.0 and 8.2.0, data/augment.py"

NUMPY_CLASSES: tuple[RandomClass, ...] = (
    *[
        _always(
            f"audiomentations.{name}",
            "measured: audiomentations 0.43.1; 0.7.0 to 0.36.0, audiomentations/augmentations",
            chance=("p", None, 0.5),
        )
        for name in _AUDIOMENTATIONS.split()
    ],
    *[
        _always(f"batchgenerators.transforms.{name}", _BATCHGENERATORS, chance=("p_per_sample", None, 1.0))
        for name in _B_SOMETIMES.split()
    ],
    *[_always(f"batchgenerators.transforms.{name}", _BATCHGENERATORS) for name in _B_ALWAYS.split()],
    _always("batchgenerators.transforms.RndTransform", _BATCHGENERATORS, chance=("prob", 1, 0.5), varies=False),
    *[
        _always(f"nlpaug.augmenter.{kind}.{name}", _NLP, "augment")
        for kind, names in _NLPAUG.items()
        for name in names.split()
    ],
    _always("nlpaug.flow.Sometimes", _NLP, "augment"),
    _mmcv("RandomApply", ("prob", 1, 0.5)),
    _mmcv("RandomChoice"),
    _mmcv("RandomChoiceResize"),
    _mmcv("RandomFlip", ("prob", 0, 0.5)),
    _mmcv("RandomResize"),
    _timm("RandAugment"),
    _timm("auto_augment.AugMixAugment"),
    _timm("auto_augment.augment_and_mix_transform"),
    _timm("auto_augment.rand_augment_transform"),
    _timm("create_transform", ("is_training", 1, (True,)), ("auto_augment", None, ("augmix", "rand"))),
    _timm("FastCollateMixup"),
    _timm("Mixup"),
    *[_always(f"{package}.RandomHSV", _YOLO) for package in _ULTRALYTICS],
    *[_always(f"{package}.MixUp", _YOLO, chance=("p", 2, 0.0)) for package in _ULTRALYTICS],
    _always("ultralytics.data.augment.CutMix", "measured: ultralytics 8.4.190", chance=("p", 2, 0.0)),
)
