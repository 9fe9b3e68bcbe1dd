"""Top-level packages that nobody means a folder of their own by.

A folder ``tests/torch`` full of tests is common, and a script beside it that imports torch means the library. Names
that projects do give to their own folders (``datasets``, ``streaming``) are left out: there the file that is really
found decides.
"""

from __future__ import annotations

LIBRARY_ROOTS = frozenset(
    {"PIL", "accelerate", "albumentations", "cv2", "dgl", "fastai", "imgaug", "imageio", "jax", "keras", "kornia"}
    | {"lightning", "lightning_fabric", "matplotlib", "monai", "nibabel", "nltk", "numba", "numpy", "paddle", "pandas"}
    | {"pytorch_lightning", "requests", "scipy", "setuptools", "skimage", "sklearn", "spacy", "tensorboard"}
    | {"tensorboardX", "tensorflow", "torch", "torch_geometric", "torchaudio", "torchdata", "torchtext", "torchvision"}
    | {"tqdm", "transformers", "wandb", "yaml"}
)
