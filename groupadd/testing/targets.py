"""Where a scenario runs and is recorded: the sandbox behind a real socket, or a vendor's live service."""

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
    """A service to run scenarios on.

    Attributes:
        description: The service in words, for the first line of a recording.
        base_url: The service's address.
        credentials: The account, the group and the people there.
        clock: The clock of the run.
    """

    description: str
    base_url: str
    credentials: Credentials
    clock: Clock


def example_phones() -> Mapping[str, str]:
    """Return the phones of the example world's people by name, digits only."""
    people = example_people(example_world(VirtualClock()))
    return {person.name: person.phone.removeprefix("+") for person in people}


def fictional_ids() -> frozenset[str]:
    """Return every phone, LID and group id of the example world, digits only. All of them are fictional."""
    world = example_world(VirtualClock())
    names = {name for person in world.people.values() for name in (person.phone, person.lid)}
    return frozenset({*names, *(jid.partition("@")[0] for jid in world.groups)})


def placeholder_credentials(type_: str) -> Credentials:
    """Return the credentials in every cassette: placeholders for the fields, and the example world's people."""
    fields = {name: f"SCRUBBED_{name.upper()}" for name in required_fields(type_)}
    if "base_url" in fields:
        fields["base_url"] = f"https://{type_.replace('_', '-')}.example"
    return Credentials(fields, GROUP, example_phones())


def required_fields(type_: str) -> tuple[str, ...]:
    """Return the names of a provider's fields that have no default, or None as the default."""
    return tuple(name for name, one in _fields(type_).items() if one.default in {attrs.NOTHING, None})


def _fields(type_: str) -> Mapping[str, "attrs.Attribute[Any]"]:
    provider_class: Any = registry.load(type_)
    return {one.alias: one for one in attrs.fields(attrs.resolve_types(provider_class))}


def build_provider(type_: str, fields: Mapping[str, str]) -> GroupMembershipProvider:
    """Build a provider from config fields, without the environment.

    Raises:
        ConfigError: A field is missing, unknown or of the wrong type.
    """
    return load({"providers": {type_: {"type": type_, **fields}}}, environ={}).provider().provider


@contextmanager
def sandbox_target(type_: str, setup: Setup) -> Generator[Target]:
    """Serve the example world on loopback with a scenario's setup, and yield it as a target."""
    world = example_world(VirtualClock())
    group, account = world.groups[GROUP], next(iter(world.accounts.values()))
    group.addressing = setup.addressing
    group.roster_view = attrs.evolve(group.roster_view, both_names=setup.both_names)
    group.members_may_add = group.approval = setup.approval
    group.set_role(account.person.phone, setup.role)
    group.pending.update(dict.fromkeys((example_phones()[name] for name in setup.waiting), world.now))
    account.session = setup.session
    vendor: Any = Sandbox.for_vendor(type_, world).vendor
    fields = {name: f"{name}-of-the-sandbox" for name in vendor.credentials()}
    sandbox = Sandbox(attrs.evolve(vendor, **fields, **setup.vendor))
    for planned in setup.faults:
        sandbox.faults.plan(planned.fault, on=planned.route, times=planned.times)
    with SandboxServer(sandbox.handle) as server:
        credentials = Credentials(sandbox.vendor.credentials(), GROUP, example_phones())
        yield Target("the groupadd sandbox, not the vendor", server.url, credentials, world.clock)


class NotLive(Exception):
    """A scenario cannot be recorded live; the text says why."""


def wants_live(type_: str, environ: Mapping[str, str]) -> bool:
    """Return whether the environment asks for live recordings of a provider."""
    return environ.get(f"{LIVE}{type_.upper()}", "") not in {"", "0"}


def live_target(type_: str, environ: Mapping[str, str], scenario: Scenario, clock: Clock | None = None) -> Target:
    """Return the vendor's live service, with the account, group and people in the environment.

    Args:
        type_: The provider's type.
        environ: `GROUPADD_LIVE_WASEND_API_KEY` and so on for each field, `…_GROUP`, and `…_ADA` and so on for people.
        scenario: The scenario to run.
        clock: The clock of the run; None: the machine's.

    Raises:
        NotLive: A field, the group or a person is missing in the environment; or the scenario needs a setup.
    """
    if scenario.setup != Setup():
        raise NotLive("its `setup` needs the sandbox")
    prefix = f"{LIVE}{type_.upper()}_"
    given = {name.removeprefix(prefix).lower(): value for name, value in environ.items() if name.startswith(prefix)}
    wanted = (*required_fields(type_), "group", *map(str.lower, scenario.people))
    if missing := [name for name in wanted if name not in given]:
        raise NotLive(f"not set: {', '.join(prefix + name.upper() for name in missing)}")
    fields = {name: given[name] for name in _fields(type_) if name in given}
    people = {name: given[name.lower()].strip(" +") for name in example_phones() if name.lower() in given}
    return Target(
        f"{type_}'s live service",
        build_provider(type_, fields).base_url,
        Credentials(fields, given["group"], people),
        clock or SystemClock(),
    )
