"""`./run test AREA`: the tests of one area of the field, or, as `derived`, what holds for every entity, on SQLite.

Tests of an area's rules lie in ``tests/acts/AREA/``, beside the path of its models and acts. The files below stand
elsewhere. A derived test asks something of every entity of the registry, so a new one is asked with the others.
"""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
DERIVED = "derived"
FILES: dict[str, tuple[str, ...]] = {
    "register": (
        "resolvers/test_filing.py", "resolvers/test_filing_effects.py", "resolvers/test_court_notices.py",
        "resolvers/test_studios.py", "resolvers/test_veiled_documents.py", "resolvers/test_commands_rules.py",
    ),
    "cases": ("resolvers/test_cases.py",),
    "places": (
        "resolvers/test_regions.py", "resolvers/test_region_days.py", "resolvers/test_region_files.py",
        "resolvers/test_region_lists.py", "resolvers/test_file_tables.py", "resolvers/test_nation.py",
    ),
    "people": ("resolvers/test_reveal.py", "resolvers/test_one_hand.py"),
    "system": (
        "resolvers/test_accounts.py", "resolvers/test_ceilings.py", "resolvers/test_limits_of_grants.py",
        "permissions/test_accounts.py", "permissions/test_own_account.py",
    ),
    DERIVED: (
        "schema", "resolvers/test_absence.py", "resolvers/test_conditional_grants.py", "resolvers/test_followed.py",
        "resolvers/test_groups_reference.py", "resolvers/test_no_committee.py", "resolvers/test_reference.py",
        "resolvers/test_written_scope.py", "permissions/test_explain.py", "permissions/test_matrix_document.py",
        "admin/test_matrix.py", "admin/test_tables.py", "db/test_door.py", "test_making.py", "test_layers.py",
        "test_layout.py",
    ),
}  # fmt: skip


def names() -> list[str]:
    """What can be asked for: the areas of the models, and the derived tests."""
    models = TESTS.parent / "db" / "models"
    return [*sorted(f.name for f in models.iterdir() if (f / "__init__.py").is_file()), DERIVED]


def belongs(file: Path, area: str) -> bool:
    """Whether a file of tests is one of the area."""
    at = file.relative_to(TESTS)
    listed = any(at == Path(name) or Path(name) in at.parents for name in FILES.get(area, ()))
    return listed or at.parts[:2] == ("acts", area)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--area", choices=names(), help="only the tests of one area; derived: of every entity, on SQLite")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Files of others are not even imported."""
    area = config.getoption("--area")
    other = area is not None and collection_path.suffix == ".py" and not belongs(collection_path, area)
    return True if other and collection_path.name != "__init__.py" else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--area") == DERIVED:
        kept = [item for item in items if not _elsewhere(item)]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
        items[:] = kept


def _elsewhere(item: pytest.Item) -> bool:
    """Whether a test asks PostgreSQL, or a browser."""
    drawn = item.callspec.params.values() if hasattr(item, "callspec") else ()
    fixtures = {"postgres_server", "chromium", "browser"} & set(getattr(item, "fixturenames", ()))
    return bool({"postgresql", "walled"} & {value for value in drawn if isinstance(value, str)} or fixtures)
