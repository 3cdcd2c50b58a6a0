"""A small WhatsApp of our own, to try groupadd without an account, and to test it against the truth."""

from groupadd.sandbox.clock import VirtualClock
from groupadd.sandbox.exchange import Answer
from groupadd.sandbox.faults import Fault, FaultPlan
from groupadd.sandbox.people import Account, Group, Human, Shown, Temper
from groupadd.sandbox.service import Sandbox, dialect_names, side_by_side
from groupadd.sandbox.town import Resident, config_toml, residents, small_town
from groupadd.sandbox.world import Code, World

__all__ = [
    "Account",
    "Answer",
    "Code",
    "Fault",
    "FaultPlan",
    "Group",
    "Human",
    "Resident",
    "Sandbox",
    "Shown",
    "Temper",
    "VirtualClock",
    "World",
    "config_toml",
    "dialect_names",
    "residents",
    "side_by_side",
    "small_town",
]
