"""`groupadd sandbox`: the sandbox as a server on this machine, until Ctrl-C."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.table import Table
from rich.text import Text

from groupadd.cli.exit_codes import Exit
from groupadd.cli.options import Json
from groupadd.cli.output import Output
from groupadd.cli.tables import indented
from groupadd.config.suggestions import listed, nearest
from groupadd.errors import CannotListen, UnknownProvider
from groupadd.model.json_form import to_json
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
from groupadd.sandbox.server import HOST, SandboxServer

REPORTING, ACCEPTING = "wasend", "wawp"  # the newcomer's two providers: one reports each person, one only accepts


def serve(output: Output, *, port: int, provider: str | None) -> Exit:
    """Serve the example world until Ctrl-C.

    Args:
        output: The output for the config and the people.
        port: The port to listen on; 0: any free port.
        provider: The only wire format to serve; None: all.

    Raises:
        UnknownProvider: The sandbox does not have that provider's wire format.
        CannotListen: The port cannot be opened.
    """
    known = tuple(dict.fromkeys((REPORTING, ACCEPTING, *vendor_names())))
    if provider is not None and provider not in known:
        raise UnknownProvider(f"the sandbox has no {provider}{nearest(provider, known)} (it has {listed(known)})")
    world = example_world()
    sandboxes = {name: Sandbox.for_vendor(name, world) for name in ([provider] if provider else known)}
    try:
        server = SandboxServer(mount(sandboxes), port)
    except OSError as error:
        raise CannotListen(f"the sandbox cannot listen on {HOST}:{port}: {error.strerror}") from None
    with server, suppress(KeyboardInterrupt):
        config = {name: one.config(f"{server.url}/{name}") for name, one in sandboxes.items()}
        people = example_people(world)
        form = {"url": server.url, "providers": config, "group": GROUP, "people": [to_json(one) for one in people]}
        output.show(form, config_toml(config).rstrip())
        _welcome(output, server.url, people, tuple(sandboxes))
        threading.Event().wait()
    return Exit.EVERYONE_IN


def people_table(people: Sequence[ExamplePerson]) -> Table:
    """Return the table of the example world's people."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for person in people:
        table.add_row(person.name, person.phone, Text(person.about, "dim"))
    return table


def _welcome(output: Output, url: str, people: Sequence[ExamplePerson], names: Sequence[str]) -> None:
    numbers = " ".join(person.phone for person in people[:2])
    output.info(f"\nA small WhatsApp listens at {url} until Ctrl-C.")
    output.info(f"It has one group, {GROUP}. Our account is its admin. It has these people:\n")
    output.info(indented(people_table(people)))
    output.info("\nSave the lines above as groupadd.toml. Then, in that folder and in another terminal, try:\n")
    output.info(f"  groupadd add {GROUP} {numbers}")
    if len(names) > 1:
        output.info(f"  groupadd check {GROUP} {numbers} --provider {names[1]}")


def sandbox(
    *,
    port: Annotated[int, Parameter(validator=Number(gte=0, lte=65535))] = 0,
    provider: str | None = None,
    json: Json = False,
) -> Exit:
    """Serve a small WhatsApp on this machine, with the providers' wire formats, until Ctrl-C.

    Args:
        port: The port to listen on; 0: any free port.
        provider: Serve only this provider's wire format.
        json: Print one JSON object.
    """
    return serve(Output(json=json), port=port, provider=provider)
