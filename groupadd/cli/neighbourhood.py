"""The sandbox as a server on this machine: what `groupadd sandbox` prints, and how it waits for Ctrl-C."""

import threading
from collections.abc import Sequence
from contextlib import suppress

import attrs
from rich.table import Table
from rich.text import Text

from groupadd.cli.ending import Exit
from groupadd.cli.screen import Screen
from groupadd.cli.tables import indented
from groupadd.errors import ConfigError, UnknownProvider
from groupadd.plugins import listed, nearest
from groupadd.sandbox import Resident, Sandbox, config_toml, dialect_names, residents, side_by_side, small_town
from groupadd.sandbox.server import SandboxServer
from groupadd.sandbox.town import GROUP

TELLS_MUCH, TELLS_NOTHING = "wasend", "wawp"  # two that do not speak alike: whom a newcomer meets first


def serve(screen: Screen, *, port: int, provider: str | None) -> Exit:
    """Serve the small town until Ctrl-C.

    Args:
        screen: Where its config and its people are told.
        port: Where to listen; 0 for any free port.
        provider: The only wire format to speak; None for all.

    Raises:
        UnknownProvider: The sandbox does not speak that provider's wire format.
        ConfigError: The port cannot be had.
    """
    known = tuple(dict.fromkeys((TELLS_MUCH, TELLS_NOTHING, *dialect_names())))
    if provider is not None and provider not in known:
        hint = f"{nearest(provider, known)} (it speaks {listed(known)})"
        raise UnknownProvider(f"the sandbox does not speak {provider}{hint}")
    world = small_town()
    spoken = {name: Sandbox.speaking(name, world) for name in ([provider] if provider else known)}
    try:
        server = SandboxServer(side_by_side(spoken), port)
    except OSError as error:
        raise ConfigError(f"port {port} cannot be had: {error.strerror}") from None
    with server, suppress(KeyboardInterrupt):
        config = {name: one.config(f"{server.url}/{name}") for name, one in spoken.items()}
        people = residents(world)
        data = {"url": server.url, "providers": config, "group": GROUP, "people": [attrs.asdict(one) for one in people]}
        screen.show(data, config_toml(config).rstrip())
        _welcome(screen, server.url, people, tuple(spoken))
        threading.Event().wait()
    return Exit.EVERYONE_IN


def neighbours(people: Sequence[Resident]) -> Table:
    """Return the table of who lives there."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for one in people:
        table.add_row(one.name, one.phone, Text(one.about, "dim"))
    return table


def _welcome(screen: Screen, url: str, people: Sequence[Resident], spoken: Sequence[str]) -> None:
    numbers = " ".join(one.phone for one in people[:2])
    screen.say(f"\nA small WhatsApp listens at {url} until Ctrl-C. In it there is one group, {GROUP}")
    screen.say("of which we are an admin, and these people:\n")
    screen.say(indented(neighbours(people)))
    screen.say("\nSave the lines above as groupadd.toml, and in another terminal, in that folder, try:\n")
    screen.say(f"  groupadd add {GROUP} {numbers}")
    if len(spoken) > 1:
        screen.say(f"  groupadd check {GROUP} {numbers} --provider {spoken[1]}")
