"""Tests that start processes, build packages or open networks; all of them are slow."""

from tests.support.cli import drip_served, own_folder, served

__all__ = ["drip_served", "own_folder", "served"]
