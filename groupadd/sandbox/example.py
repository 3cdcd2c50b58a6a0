"""The world that `groupadd demo` and `groupadd sandbox` show: one group, and six people with a story each."""

import json
from collections.abc import Mapping

from attrs import frozen

from groupadd.sandbox.people import Group, Human, Privacy
from groupadd.sandbox.world import RECENTLY_S, World
from groupadd.wire.driver import Clock, SystemClock

GROUP = "120363000000000042@g.us"

_US = Human("16175550100", "177005550000100", "You")
_ADA = Human("12025550143", "177005550000143", "Ada")
_BEN = Human("14155550126", "177005550000126", "Ben")
_CLEO = Human("13125550178", "177005550000178", "Cleo", Privacy.CONTACTS_ONLY)
_DAN = Human("16465550199", "177005550000199", "Dan", Privacy.NOT_ON_WHATSAPP)
_EVE = Human("15035550134", "177005550000134", "Eve")
_FINN = Human("17135550115", "177005550000115", "Finn", Privacy.BLOCKED_US)


def example_world(clock: Clock | None = None) -> World:
    """Return a world with one group of ours and six people whom somebody may want to add to it.

    Args:
        clock: The world's time; None for the machine's.
    """
    world = World(clock or SystemClock())
    account = world.open_account(_US)
    world.settle(_ADA, _BEN, _CLEO, _DAN, _EVE, _FINN)
    group = world.found(Group(GROUP, "Neighbours"), (_BEN, _EVE), admins=[account.human])
    group.put(_EVE.phone, None, world.now - 3600)
    return world


@frozen
class ExamplePerson:
    """Somebody who lives in a world, as seen from one of its groups.

    Attributes:
        name: The first name.
        phone: The number, with a plus.
        about: What there is to know before adding them.
    """

    name: str
    phone: str
    about: str


def example_people(world: World, group_jid: str = GROUP) -> tuple[ExamplePerson, ...]:
    """Return everybody in a world but ourselves, with what is true of them now."""
    group = world.groups[group_jid]
    others = (human for human in world.people.values() if human.phone not in world.accounts)
    return tuple(ExamplePerson(human.name, f"+{human.phone}", _about(world, group, human)) for human in others)


def _about(world: World, group: Group, human: Human) -> str:
    if world.is_member(group.jid, human.phone):
        return "is a member already"
    left_at = group.left_at(human.phone)
    if human.temper is Privacy.OPEN and left_at is not None and world.now - left_at < RECENTLY_S:
        return "has left the group a short while ago"
    return human.temper.value


def config_toml(providers: Mapping[str, Mapping[str, str]]) -> str:
    """Return a `groupadd.toml` with these providers, the first one as the default: their fields by name.

    Args:
        providers: What `Sandbox.config` returns, by the name to give each provider.
    """
    tables = [
        "\n".join([f"[providers.{name}]", *(f"{field} = {json.dumps(value)}" for field, value in fields.items())])
        for name, fields in providers.items()
    ]
    return "\n\n".join([f"provider = {json.dumps(next(iter(providers)))}", *tables]) + "\n"
