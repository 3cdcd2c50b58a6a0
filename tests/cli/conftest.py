"""Every test of the command line runs in a folder of its own."""

import pytest

from tests.support.cli import drip_served, own_folder, served

__all__ = ["drip_served", "own_folder", "served"]


@pytest.fixture(autouse=True)
def _own_folder(own_folder: None) -> None:
    """No test meets the machine's settings."""
