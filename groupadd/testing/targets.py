"""Where a scenario is played and recorded: the sandbox behind a real socket, or a vendor's live service."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

import attrs
from attrs import frozen

from groupadd.config import registry
from groupadd.config.load import load
from groupadd.provider import GroupMembershipProvider
from groupadd.sandbox import Sandbox, VirtualClock, example_people, example_world
from groupadd.sandbox.example import GROUP
from groupadd.sandbox.server import SandboxServer
from groupadd.testing.scenarios import Credentials, Scenario, Setup
from groupadd.wire.driver import Clock, SystemClock

LIVE = "GROUPADD_LIVE_"


@frozen
class Target:
    """Where a recording is made.

    Attributes:
        against: What it is recorded against, in words.
        base_url: Where that is.
        cast: Who plays there.
        clock: Its time.
    """

    against: str
    base_url: str
    cast: Credentials
    clock: Clock


def town_people() -> Mapping[str, str]:
    """Return the phones of the town's people by name, digits only."""
    return {
        resident.name: resident.phone.removeprefix("+") for resident in example_people(example_world(VirtualClock()))
    }


def town_names() -> frozenset[str]:
    """Return every number, LID and group id of the town: all of them are fictional."""
    world = example_world(VirtualClock())
    names = {name for human in world.people.values() for name in (human.phone, human.lid)}
    return frozenset({*names, *(jid.partition("@")[0] for jid in world.groups)})


def fictional_cast(type_: str) -> Credentials:
    """Return the cast that every cassette is written for: the town, with credentials that are none."""
    fields = {name: f"SCRUBBED_{name.upper()}" for name in needed_fields(type_)}
    if "base_url" in fields:
        fields["base_url"] = f"https://{type_.replace('_', '-')}.example"
    return Credentials(fields, GROUP, town_people())


def needed_fields(type_: str) -> tuple[str, ...]:
    """Return a provider's fields that name an account or let somebody in: those that have no value by default."""
    return tuple(name for name, one in _fields(type_).items() if one.default in {attrs.NOTHING, None})


def _fields(type_: str) -> Mapping[str, "attrs.Attribute[Any]"]:
    kind: Any = registry.load(type_)
    return {one.alias: one for one in attrs.fields(attrs.resolve_types(kind))}


def provider(type_: str, fields: Mapping[str, str]) -> GroupMembershipProvider:
    """Build a provider as a config would, whatever the environment says.

    Raises:
        ConfigError: Its fields are wrong.
    """
    return load({"providers": {type_: {"type": type_, **fields}}}, environ={}).provider().provider


@contextmanager
def sandbox_stage(type_: str, setup: Setup) -> Generator[Target]:
    """Serve the town on loopback, changed as a scenario wants it."""
    world = example_world(VirtualClock())
    group, account = world.groups[GROUP], next(iter(world.accounts.values()))
    group.addressing = setup.addressing
    group.roster_view = attrs.evolve(group.roster_view, both_names=setup.both_names)
    group.members_may_add = group.approval = setup.approval
    group.set_role(account.person.phone, setup.role)
    group.pending.update(dict.fromkeys((town_people()[name] for name in setup.waiting), world.now))
    account.session = setup.session
    vendor: Any = Sandbox.for_vendor(type_, world).vendor
    credentials = {name: f"{name}-of-the-stage" for name in vendor.credentials()}
    sandbox = Sandbox(attrs.evolve(vendor, **credentials, **setup.vendor))
    for planned in setup.faults:
        sandbox.faults.plan(planned.fault, on=planned.route, times=planned.times)
    with SandboxServer(sandbox.handle) as server:
        cast = Credentials(sandbox.vendor.credentials(), GROUP, town_people())
        yield Target("the groupadd sandbox, not the vendor", server.url, cast, world.clock)


class NotLive(Exception):
    """A scenario cannot be recorded live; the text says why."""


def wants_live(type_: str, environ: Mapping[str, str]) -> bool:
    """Return whether the environment asks for live recordings of a provider."""
    return environ.get(f"{LIVE}{type_.upper()}", "") not in {"", "0"}


def live_stage(type_: str, environ: Mapping[str, str], scenario: Scenario, clock: Clock | None = None) -> Target:
    """Return the vendor's live service, with the account, group and people that the environment names.

    Args:
        type_: The provider's type.
        environ: `GROUPADD_LIVE_WASEND_API_KEY` and so on for each field, `…_GROUP`, and `…_ADA` and so on for people.
        scenario: What is to be played.
        clock: Time itself, for tests.

    Raises:
        NotLive: A field, the group or somebody is not named; or only a sandbox can be made to play this.
    """
    if scenario.setup != Setup():
        raise NotLive("a live service cannot be made to play this")
    prefix = f"{LIVE}{type_.upper()}_"
    named = {name.removeprefix(prefix).lower(): value for name, value in environ.items() if name.startswith(prefix)}
    if missing := [
        name for name in (*needed_fields(type_), "group", *map(str.lower, scenario.people)) if name not in named
    ]:
        raise NotLive(f"not set: {', '.join(prefix + name.upper() for name in missing)}")
    fields = {name: named[name] for name in _fields(type_) if name in named}
    people = {name: named[name.lower()].strip(" +") for name in town_people() if name.lower() in named}
    base_url = provider(type_, fields).base_url
    return Target(
        f"{type_}'s live service", base_url, Credentials(fields, named["group"], people), clock or SystemClock()
    )
