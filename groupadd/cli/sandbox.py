"""The sandbox as a server on this machine: what `groupadd sandbox` prints, and how it waits for Ctrl-C."""

import threading
from collections.abc import Sequence
from contextlib import suppress

import attrs
from rich.table import Table
from rich.text import Text

from groupadd.cli.exit_codes import Exit
from groupadd.cli.output import Output
from groupadd.cli.tables import indented
from groupadd.config.suggestions import listed, nearest
from groupadd.errors import ConfigError, UnknownProvider
from groupadd.sandbox import (
    ExamplePerson,
    Sandbox,
    config_toml,
    example_people,
    example_world,
    mount,
    vendor_names,
)
from groupadd.sandbox.example import GROUP
from groupadd.sandbox.server import SandboxServer

TELLS_MUCH, TELLS_NOTHING = "wasend", "wawp"  # two that do not speak alike: whom a newcomer meets first


def serve(screen: Output, *, port: int, provider: str | None) -> Exit:
    """Serve the small town until Ctrl-C.

    Args:
        screen: Where its config and its people are told.
        port: Where to listen; 0 for any free port.
        provider: The only wire format to speak; None for all.

    Raises:
        UnknownProvider: The sandbox does not speak that provider's wire format.
        ConfigError: The port cannot be had.
    """
    known = tuple(dict.fromkeys((TELLS_MUCH, TELLS_NOTHING, *vendor_names())))
    if provider is not None and provider not in known:
        hint = f"{nearest(provider, known)} (it speaks {listed(known)})"
        raise UnknownProvider(f"the sandbox does not speak {provider}{hint}")
    world = example_world()
    spoken = {name: Sandbox.for_vendor(name, world) for name in ([provider] if provider else known)}
    try:
        server = SandboxServer(mount(spoken), port)
    except OSError as error:
        raise ConfigError(f"port {port} cannot be had: {error.strerror}") from None
    with server, suppress(KeyboardInterrupt):
        config = {name: one.config(f"{server.url}/{name}") for name, one in spoken.items()}
        people = example_people(world)
        data = {"url": server.url, "providers": config, "group": GROUP, "people": [attrs.asdict(one) for one in people]}
        screen.show(data, config_toml(config).rstrip())
        _welcome(screen, server.url, people, tuple(spoken))
        threading.Event().wait()
    return Exit.EVERYONE_IN


def sandboxes(people: Sequence[ExamplePerson]) -> Table:
    """Return the table of who lives there."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for one in people:
        table.add_row(one.name, one.phone, Text(one.about, "dim"))
    return table


def _welcome(screen: Output, url: str, people: Sequence[ExamplePerson], spoken: Sequence[str]) -> None:
    numbers = " ".join(one.phone for one in people[:2])
    screen.info(f"\nA small WhatsApp listens at {url} until Ctrl-C. In it there is one group, {GROUP}")
    screen.info("of which we are an admin, and these people:\n")
    screen.info(indented(sandboxes(people)))
    screen.info("\nSave the lines above as groupadd.toml, and in another terminal, in that folder, try:\n")
    screen.info(f"  groupadd add {GROUP} {numbers}")
    if len(spoken) > 1:
        screen.info(f"  groupadd check {GROUP} {numbers} --provider {spoken[1]}")
