"""Programs with libraries' objects that draw from NumPy's global state, and what is told of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reseed.check import Shared, check_text

HEAD = """import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset
"""

PROGRAMS = {
    "timm in a dataset of torchvision": """from torchvision.datasets import ImageFolder
from timm.data import create_transform
def make():
    t = create_transform(224, is_training=True, auto_augment="rand-m9-mstd0.5-inc1")
    return DataLoader(ImageFolder("x", transform=t), num_workers=4)  # RNG201
""",
    "an option decides": """from torchvision.datasets import ImageFolder
from timm.data import create_transform
def make(args):
    t = create_transform(224, is_training=True, auto_augment=args.aa)
    return DataLoader(ImageFolder("x", transform=t), num_workers=4)
""",
    "for evaluation": """from torchvision.datasets import ImageFolder
from timm.data import create_transform
def make(args):
    t = create_transform(224, is_training=False, auto_augment="rand-m9")
    return DataLoader(ImageFolder("x", transform=t), num_workers=4)
""",
    "inside a pipeline of torchvision": """from torchvision import transforms as T
from torchvision.datasets import CIFAR10
from timm.data.auto_augment import rand_augment_transform
def make():
    t = T.Compose([T.RandomCrop(32), rand_augment_transform("rand-m9", {}), T.ToTensor()])
    return DataLoader(CIFAR10("x", transform=t), num_workers=4)  # RNG201
""",
    "the same in a dataset of one's own": """from torchvision import transforms as T
from timm.data.auto_augment import rand_augment_transform
class D(Dataset):
    def __init__(self, t): self.t = t
    def __getitem__(self, i): return self.t(i)  # RNG101
def make():
    t = T.Compose([T.RandomCrop(32), rand_augment_transform("rand-m9", {}), T.ToTensor()])
    return DataLoader(D(t), num_workers=4)  # RNG201
""",
    "collate_fn": """from timm.data import FastCollateMixup
class D(Dataset):
    def __getitem__(self, i): return i
def make():
    return DataLoader(D(), num_workers=4, collate_fn=FastCollateMixup(num_classes=4))  # RNG201
""",
    "mixed in the main program": """from timm.data import Mixup
class D(Dataset):
    def __getitem__(self, i): return i
def train():
    mixup = Mixup(num_classes=4)
    for x, y in DataLoader(D(), num_workers=4):
        x, y = mixup(x, y)
""",
    "pipelines within pipelines": """import audiomentations as AM
class D(Dataset):
    def __init__(self):
        self.t = AM.OneOf([AM.Gain(), AM.Compose([AM.HighPassFilter()])])
    def __getitem__(self, i): return self.t(i, sample_rate=1)  # RNG101
def make(): return DataLoader(D(), num_workers=4)  # RNG201
""",
    "a list of transforms, by a longer path": """
from audiomentations.augmentations.add_gaussian_noise import AddGaussianNoise as Noise
class D(Dataset):
    def __init__(self):
        self.t = [Noise(p=.3)]
    def __getitem__(self, i):
        for t in self.t:
            i = t(i, 16000)  # RNG101
        return i
def make(): return DataLoader(D(), num_workers=4)  # RNG201
""",
    "seeded before": """from audiomentations import AddGaussianNoise
class D(Dataset):
    def __init__(self):
        self.t = AddGaussianNoise(p=.3)
    def __getitem__(self, i):
        np.random.seed(i)
        return self.t(i, 16000)
def make(): return DataLoader(D(), num_workers=4)
""",
    "a constant seed": """from audiomentations import AddGaussianNoise
class D(Dataset):
    def __init__(self):
        self.t = AddGaussianNoise(p=.3)
    def __getitem__(self, i):
        return self.t(i, 16000)  # RNG101
def seed(i): np.random.seed(42)
def make(): return DataLoader(D(), num_workers=4, worker_init_fn=seed)  # RNG212
""",
    "made for each item": """from audiomentations import AddGaussianNoise
class D(Dataset):
    def __getitem__(self, i):
        return AddGaussianNoise(p=.3)(i, 16000)  # RNG101
def make(): return DataLoader(D(), num_workers=4)  # RNG201
""",
    "spawned workers": """from audiomentations import AddGaussianNoise
class D(Dataset):
    def __init__(self):
        self.t = AddGaussianNoise(p=.3)
    def __getitem__(self, i):
        return self.t(i, 16000)
def make(): return DataLoader(D(), num_workers=4, multiprocessing_context="spawn")
""",
    "a corruption by a name that is not seen": """from imagecorruptions import corrupt, get_corruption_names
class D(Dataset):
    def __init__(self, name): self.name = name
    def __getitem__(self, i):
        return corrupt(i, severity=1, corruption_name=self.name)
def make(n): return DataLoader(D(n), num_workers=4)
""",
    "corruptions by name": """from imagecorruptions import corrupt
import imagecorruptions.corruptions as C
class D(Dataset):
    def __init__(self, name): self.name = name
    def __getitem__(self, i):
        i = C.gaussian_noise(i, 2)  # RNG101
        i = corrupt(i, 3, "jpeg_compression")
        return corrupt(i, severity=1, corruption_name=self.name)  # RNG101
def make(): return DataLoader(D("fog"), num_workers=4)  # RNG201
""",
    "called by the main program": """from batchgenerators.transforms.noise_transforms import GaussianNoiseTransform
class D(Dataset):
    def __getitem__(self, i): return i
def make():
    t = GaussianNoiseTransform()
    for x in DataLoader(D(), num_workers=4):
        t(data=x)
""",
    "nothing random": """from batchgenerators.transforms.abstract_transforms import Compose
from batchgenerators.transforms.utility_transforms import NumpyToTensor, RenameTransform
from batchgenerators.transforms.noise_transforms import GaussianNoiseTransform
class D(Dataset):
    def __init__(self):
        self.t = Compose([NumpyToTensor(), RenameTransform("a", "b"), GaussianNoiseTransform(p_per_sample=0)])
    def __getitem__(self, i): return self.t(data=i)
def make(): return DataLoader(D(), num_workers=4)
""",
    "flows of nlpaug": """import nlpaug.augmenter.char as nac, nlpaug.augmenter.word as naw
import nlpaug.flow as naf
class D(Dataset):
    def __init__(self):
        self.a = naf.Sequential([nac.KeyboardAug(), naw.SplitAug()])
        self.b = naf.Sequential([nac.KeyboardAug(), naw.SpellingAug()])
        self.c = naf.Sometimes([nac.KeyboardAug()])
    def __getitem__(self, i):
        x = self.a.augment("a b")  # RNG101
        y = self.b.augment("a b")
        return x, y, self.c.augment("a")  # RNG101
def make(): return DataLoader(D(), num_workers=4)  # RNG201
""",
    "certain and impossible flips": """from mmcv.transforms import Compose, RandomFlip, Resize, RandomApply
class D(Dataset):
    def __init__(self):
        self.a = Compose([RandomFlip(prob=0.5), Resize((3, 3))])
        self.b = Compose([RandomFlip(prob=1.0), Resize((3, 3))])
        self.c = RandomFlip(0.)
        self.d = RandomApply([Resize((3, 3))], prob=.3)
    def __getitem__(self, i):
        x = self.a(i)  # RNG101
        y = self.b(i)
        z = self.c.transform(i)
        return x, y, z, self.d.transform(i)  # RNG101
def make(): return DataLoader(D(), num_workers=4)  # RNG201
""",
    "ultralytics": """from ultralytics.data.augment import MixUp, RandomHSV, RandomFlip, Compose
class D(Dataset):
    def __init__(self):
        self.a = MixUp(self)
        self.b = MixUp(self, p=0.5)
        self.c = Compose([RandomFlip()])
    def __getitem__(self, i):
        x = self.a(i)
        y = self.c(i)
        return self.b(i)  # RNG101
def make(): return DataLoader(D(), num_workers=4)  # RNG201
""",
    "other objects of the same class": """from audiomentations import AddGaussianNoise, Compose
class D(Dataset):
    def __init__(self, t=None): self.t = t
    def __getitem__(self, i):
        return self.t(samples=i, sample_rate=3) if self.t else i
class E(Dataset):
    def __getitem__(self, i): return i
aug = Compose([AddGaussianNoise()])
def make():
    out = aug(samples=3, sample_rate=4)
    return DataLoader(D(), num_workers=4), DataLoader(E(), num_workers=2), out
""",
    "no workers": """from audiomentations import AddGaussianNoise
class D(Dataset):
    def __init__(self): self.t = AddGaussianNoise()
    def __getitem__(self, i): return self.t(i, 3)
def make(): return DataLoader(D(), num_workers=0)
""",
    "no loader is seen": """from audiomentations import AddGaussianNoise
class D(Dataset):
    def __init__(self): self.t = AddGaussianNoise()
    def __getitem__(self, i): return self.t(i, 3)  # RNG101
""",
}


def _rows(path: str, text: str) -> set[tuple[int, str]]:
    shared = Shared()
    return {(found.span.line, found.code) for found in check_text(path, text, project=shared.project())}


def _expected(text: str) -> set[tuple[int, str]]:
    return {
        (number, code)
        for number, line in enumerate(text.splitlines(), 1)
        for code in re.findall(r"RNG\d{3}", line.partition("#")[2])
    }


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(name: str) -> None:
    text = HEAD + PROGRAMS[name]
    assert _rows("program.py", text) == _expected(text)


def test_a_transform_that_another_file_makes(tmp_path: Path) -> None:
    (tmp_path / "augment.py").write_text(
        "from nlpaug.augmenter.audio import MaskAug\ndef build():\n    return MaskAug()\n"
    )
    text = HEAD + (
        "from augment import build\n"
        "class D(Dataset):\n"
        "    def __init__(self):\n"
        "        self.mask = build()\n"
        "    def __getitem__(self, index):\n"
        "        return self.mask.augment(index)  # RNG101\n"
        "loader = DataLoader(D(), num_workers=2)  # RNG201\n"
    )
    (tmp_path / "data.py").write_text(text)
    assert _rows(str(tmp_path / "data.py"), text) == _expected(text)


ALBUMENTATIONS = """
import albumentations as A
class D(Dataset):
    def __init__(self):
        self.transform = A.Compose([{}])
    def __getitem__(self, index):
        return self.transform(image=index)["image"]
loader = DataLoader(D(), num_workers=2)
"""


@pytest.mark.parametrize(
    ("declared", "transforms", "told"),
    [
        ("albumentations==0.5.2", "A.GlassBlur()", True),
        ("albumentations==1.0.3", "A.MultiplicativeNoise(), A.Cutout()", True),
        ("albumentations<1.2", "A.Perspective()", True),
        ("albumentations==1.1.*", "A.Superpixels(p=0.1)", True),
        ("albumentations==1.0.3", "A.MultiplicativeNoise(p=0)", False),
        ("albumentations==1.0.3", "A.HorizontalFlip(), A.ShiftScaleRotate()", False),
        ("albumentations==0.4.6", "A.GlassBlur()", False),
        ("albumentations<=1.2", "A.GlassBlur()", False),
        ("albumentations==1.3.1", "A.GlassBlur()", False),
        ("albumentations==2.0.8", "A.GlassBlur()", False),
        ("albumentations>=1.0", "A.GlassBlur()", False),
        ("albumentations", "A.GlassBlur()", False),
        ("numpy", "A.GlassBlur()", False),
    ],
)
def test_albumentations_that_the_project_declares(tmp_path: Path, declared: str, transforms: str, told: bool) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "requirements.txt").write_text(f"{declared}\n")
    codes = {code for _, code in _rows(str(tmp_path / "data.py"), HEAD + ALBUMENTATIONS.format(transforms))}
    assert codes - {"RNG112"} == ({"RNG101", "RNG201"} if told else set())


def test_an_object_by_its_line_is_what_a_loader_is_told_for() -> None:
    text = HEAD + PROGRAMS["timm in a dataset of torchvision"]
    (found,) = check_text("program.py", text)
    assert "`create_transform(...)` on line 7" in found.message
