"""Tests that start processes, build packages or open networks; all of them are slow."""

from tests.support.cli import own_folder, served

__all__ = ["own_folder", "served"]
