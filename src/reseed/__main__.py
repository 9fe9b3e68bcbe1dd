"""``python -m reseed`` is the command `reseed`."""

from __future__ import annotations

import sys

from reseed.cli import main

if __name__ == "__main__":
    sys.exit(main())
