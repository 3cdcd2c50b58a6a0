"""A simulated WhatsApp: try groupadd without an account, and test outcomes against the known truth."""

from groupadd.sandbox.answers import Code
from groupadd.sandbox.clock import VirtualClock
from groupadd.sandbox.example import ExamplePerson, config_toml, example_people, example_world
from groupadd.sandbox.faults import Fault, FaultPlan
from groupadd.sandbox.messages import ServerResponse
from groupadd.sandbox.people import Account, Group, Privacy, RosterView, SandboxPerson
from groupadd.sandbox.service import Sandbox, mount, vendor_names
from groupadd.sandbox.world import World

__all__ = [
    "Account",
    "Code",
    "ExamplePerson",
    "Fault",
    "FaultPlan",
    "Group",
    "Privacy",
    "RosterView",
    "Sandbox",
    "SandboxPerson",
    "ServerResponse",
    "VirtualClock",
    "World",
    "config_toml",
    "example_people",
    "example_world",
    "mount",
    "vendor_names",
]
