"""One file a rule: its name, its documentation, and what it finds in a program."""

from reseed.rules.base import Rule, all_rules

__all__ = ["Rule", "all_rules"]
