"""One file a rule: its name, its documentation, and what it finds in a program.

Nothing is imported here: findings that an earlier run kept are read by `reseed.rules.finding` alone.
"""
