"""What holds for every test: how much Hypothesis tries, and which tests need what this machine may not have."""

import os

import pytest
from hypothesis import HealthCheck, settings

from tests.support.ledgers import POSTGRES

settings.register_profile("quick", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("nightly", parent=settings.get_profile("quick"), max_examples=5000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what starts processes as slow, and skip what needs a PostgreSQL server where there is none."""
    for item in items:
        if item.path.parent.name == "e2e":
            item.add_marker("slow")
        if POSTGRES is None and item.get_closest_marker("postgres"):
            item.add_marker(pytest.mark.skip(reason="GROUPADD_TEST_POSTGRES names no PostgreSQL server"))
