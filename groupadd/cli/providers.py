"""`groupadd providers`: the installed provider types, and what each can do."""

from groupadd.cli import tables
from groupadd.cli.exit_codes import Exit
from groupadd.cli.options import Json
from groupadd.cli.output import Output
from groupadd.cli.provider_info import installed, provider_info


def providers(name: str | None = None, /, *, json: Json = False) -> Exit:
    """List the installed provider types and what each can do.

    Args:
        name: A type: show its abilities, its sources and its config fields.
        json: Print one JSON object.
    """
    output = Output(json=json)
    if name is None:
        types = installed()
        output.show({"providers": [one.as_dict() for one in types]}, tables.providers(types))
    else:
        info = provider_info(name)
        output.show(info.as_dict_in_full(), tables.provider(info))
    return Exit.EVERYONE_IN
