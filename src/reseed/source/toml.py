"""TOML reading on every Python that is supported, imported only where there is a file to read."""

from __future__ import annotations

import sys
from typing import Any

if sys.version_info >= (3, 11):
    from tomllib import TOMLDecodeError, loads
else:
    from tomli import TOMLDecodeError, loads


def load(text: str) -> dict[str, Any]:
    """Parse TOML. Raises TOMLDecodeError."""
    return loads(text)


__all__ = ["TOMLDecodeError", "load"]
