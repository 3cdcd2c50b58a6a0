"""What passes between a client and a sandbox: a call that has found its route, and the answer."""

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import ClassVar, Literal, Protocol, TypeAlias, cast
from urllib.parse import parse_qsl, unquote

from attrs import field, frozen

from groupadd.sandbox.people import Account
from groupadd.sandbox.world import World

KEY = "sandbox-key-0123456789"  # the credential that every dialect takes unless it is told another

Lost: TypeAlias = Literal["refused", "reset"]


@frozen
class Answer:
    """One HTTP answer, or none.

    Attributes:
        status: The HTTP status.
        body: The body, in bytes.
        headers: Header fields.
        delay_s: Seconds until its last byte, or until the connection breaks.
        lost: `refused`: the request was surely never received; `reset`: the connection breaks without an answer.
        drips: What the delay is spread over, a byte at a time: the body, or all of it; None: it all comes at the end.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(factory=dict[str, str])
    delay_s: float = 0.0
    lost: Lost | None = None
    drips: Literal["body", "all"] | None = None


def say(data: object, status: int = 200) -> Answer:
    """Return an answer in JSON."""
    return Answer(status, json.dumps(data).encode(), {"Content-Type": "application/json"})


@frozen
class Call:
    """A request that has found its route.

    Attributes:
        route: The route's name, such as `add`.
        params: What stands in the path for the route's `{names}`.
        query: The query string; the last of equal names wins.
        headers: Header fields, names in lower case.
        json: The JSON object that the body holds; empty where it holds none.
    """

    route: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    json: Mapping[str, object]


class Vendor(Protocol):
    """A vendor's wire format over a world: one file each in `vendors/`, named as the provider's `type`.

    It also has one method for each of its routes, named `on_` and the route: a `Call` goes in, an `Answer` comes out.

    Attributes:
        name: The provider's `type` in the config.
        routes: The vendor's `METHOD /path/{name}` by route name. The same things are named alike by all vendors: `add`,
            `list`, `invite`, `send`, `check`, `lid`, `session`.
    """

    name: ClassVar[str]
    routes: ClassVar[Mapping[str, str]]

    @property
    def world(self) -> World:
        """What it speaks of."""
        ...

    @property
    def account(self) -> Account:
        """Our account behind its session."""
        ...

    def credentials(self) -> Mapping[str, str]:
        """Return the provider's config fields that this sandbox expects, `base_url` aside."""
        ...

    def guard(self, call: Call) -> Answer | None:
        """Return why a call may not pass: credentials, or a session that is down; None where it may."""
        ...

    def error(self, status: int, text: str) -> Answer:
        """Return an error in the vendor's words."""
        ...


def items(data: object) -> Sequence[object]:
    """Return the items of a JSON list, none for anything else."""
    return cast("list[object]", data) if isinstance(data, list) else ()


def route(routes: Mapping[str, str], method: str, target: str, headers: Mapping[str, str], body: bytes) -> Call | int:
    """Return the call that a request is; 404 where no route has its path, 405 where none has its method."""
    path, _, search = target.partition("?")
    found = 404
    for name, pattern in routes.items():
        its_method, _, template = pattern.partition(" ")
        match = _paths(template).fullmatch(path)
        if match and its_method == method:
            params = {key: unquote(value) for key, value in match.groupdict().items()}
            query = dict(parse_qsl(search, keep_blank_values=True))
            return Call(name, params, query, {key.lower(): value for key, value in headers.items()}, _object(body))
        found = 405 if match else found
    return found


@cache
def _paths(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template))


def _object(body: bytes) -> Mapping[str, object]:
    try:
        data: object = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return cast("Mapping[str, object]", data) if isinstance(data, dict) else {}
