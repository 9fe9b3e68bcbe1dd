"""Has tox find every Python that pyenv has installed, not only those that are switched on."""

import os
from pathlib import Path

_VERSIONS = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"

# Last, so that it decides nothing but where a name like python3.12 leads to if it leads nowhere else.
os.environ["PATH"] = os.pathsep.join([os.environ.get("PATH", os.defpath), *map(str, sorted(_VERSIONS.glob("3.*/bin")))])
