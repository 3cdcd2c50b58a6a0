"""The example world of `groupadd demo` and `groupadd sandbox`: one group, and six people who differ in privacy."""

import json
from collections.abc import Mapping

from attrs import frozen

from groupadd.sandbox.people import Group, Privacy, SandboxPerson
from groupadd.sandbox.world import RECENTLY_S, World
from groupadd.wire.driver import Clock, SystemClock

GROUP = "120363000000000042@g.us"

_US = SandboxPerson("16175550100", "177005550000100", "You")
_ADA = SandboxPerson("12025550143", "177005550000143", "Ada")
_BEN = SandboxPerson("14155550126", "177005550000126", "Ben")
_CLEO = SandboxPerson("13125550178", "177005550000178", "Cleo", Privacy.CONTACTS_ONLY)
_DAN = SandboxPerson("16465550199", "177005550000199", "Dan", Privacy.NOT_ON_WHATSAPP)
_EVE = SandboxPerson("15035550134", "177005550000134", "Eve")
_FINN = SandboxPerson("17135550115", "177005550000115", "Finn", Privacy.BLOCKED_US)


def example_world(clock: Clock | None = None) -> World:
    """Return a world with one group, one account of ours that is its admin, and six people to add.

    Args:
        clock: The world's clock; None: the machine's.
    """
    world = World(clock or SystemClock())
    account = world.open_account(_US)
    world.add_people(_ADA, _BEN, _CLEO, _DAN, _EVE, _FINN)
    group = world.create_group(Group(GROUP, "Choir"), (_BEN, _EVE), admins=[account.person])
    group.set_role(_EVE.phone, None, world.now - 3600)
    return world


@frozen
class ExamplePerson:
    """A person of a world, described for users.

    Attributes:
        name: The display name.
        phone: The number, with a plus.
        about: What decides the outcome of an add, such as "is a member already".
    """

    name: str
    phone: str
    about: str


def example_people(world: World, group_jid: str = GROUP) -> tuple[ExamplePerson, ...]:
    """Describe the people of a world as they are now, without our own accounts.

    Returns:
        One row for each person, in the order in which the world got them.
    """
    group = world.groups[group_jid]
    others = (person for person in world.people.values() if person.phone not in world.accounts)
    return tuple(ExamplePerson(person.name, f"+{person.phone}", _about(world, group, person)) for person in others)


def _about(world: World, group: Group, person: SandboxPerson) -> str:
    if world.is_member(group.jid, person.phone):
        return "is a member already"
    left_at = group.left_at(person.phone)
    if person.privacy is Privacy.OPEN and left_at is not None and world.now - left_at < RECENTLY_S:
        return "has left the group a short while ago"
    return person.privacy.value


def config_toml(providers: Mapping[str, Mapping[str, str]]) -> str:
    """Return the text of a `groupadd.toml`; its default provider is the first one.

    Args:
        providers: The config fields of each provider, as `Sandbox.config` returns them, by the provider's name.
    """
    tables = [
        "\n".join([f"[providers.{name}]", *(f"{field} = {json.dumps(value)}" for field, value in fields.items())])
        for name, fields in providers.items()
    ]
    return "\n\n".join([f"provider = {json.dumps(next(iter(providers)))}", *tables]) + "\n"
