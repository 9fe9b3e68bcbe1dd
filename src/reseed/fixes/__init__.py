"""Repairs: what ``reseed fix`` and the codemod do to a file's text."""

from __future__ import annotations

from reseed.fixes.repair import Repair, repair

__all__ = ["Repair", "repair"]
