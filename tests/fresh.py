"""Imported by a forkserver before it serves: its processes need not import PyTorch again.

A process that is not forked has NumPy's global state from the system, since it imports NumPy itself. Those of this
server get one of their own as well. (Python's `random` is seeded anew in every fork.)
"""

import os

import numpy as np
import torch  # noqa: F401

os.register_at_fork(after_in_child=np.random.seed)
