"""Tests mirror the source: tests/db, tests/permissions, … Helpers are imported as `from tests.NAME import …`.

A package on purpose: a dependency installs a top-level `tests` too, and a folder without this file would lose to it.
"""
