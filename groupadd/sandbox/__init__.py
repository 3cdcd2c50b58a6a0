"""A small WhatsApp of our own, to try groupadd without an account, and to test it against the truth."""

from groupadd.sandbox.clock import VirtualClock
from groupadd.sandbox.example import ExamplePerson, config_toml, example_people, example_world
from groupadd.sandbox.faults import Fault, FaultPlan
from groupadd.sandbox.messages import Answer
from groupadd.sandbox.people import Account, Group, Human, Privacy, RosterView
from groupadd.sandbox.service import Sandbox, side_by_side, vendor_names
from groupadd.sandbox.world import Code, World

__all__ = [
    "Account",
    "Answer",
    "Code",
    "ExamplePerson",
    "Fault",
    "FaultPlan",
    "Group",
    "Human",
    "Privacy",
    "RosterView",
    "Sandbox",
    "VirtualClock",
    "World",
    "config_toml",
    "example_people",
    "example_world",
    "side_by_side",
    "vendor_names",
]
