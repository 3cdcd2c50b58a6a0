"""HTTP requests and responses on the server's side, and the protocol that each simulated vendor implements."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import ClassVar, Literal, Protocol, TypeAlias, cast
from urllib.parse import parse_qsl, unquote

from attrs import field, frozen

from groupadd.model.identity import Identity, identity
from groupadd.sandbox.people import Account
from groupadd.sandbox.world import World

KEY = "sandbox-key-0123456789"  # every vendor's default credential

Disconnect: TypeAlias = Literal["refused", "reset"]
Trickle: TypeAlias = Literal["body", "all"]


@frozen
class ServerResponse:
    """One HTTP response, or a broken connection instead of one.

    Attributes:
        status: The HTTP status.
        body: The body.
        headers: Header fields.
        delay_s: Seconds until the last byte arrives, or until the connection breaks.
        disconnect: `refused`: the server never received the request. `reset`: the connection breaks before the
            response. None: the response arrives.
        trickle: The part that arrives byte by byte over the delay: the body, or status line and headers too. None:
            everything arrives at the end of the delay.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(factory=dict[str, str])
    delay_s: float = 0.0
    disconnect: Disconnect | None = None
    trickle: Trickle | None = None


Handler: TypeAlias = Callable[[str, str, Mapping[str, str], bytes], ServerResponse]
"""A service: method, raw path with query, header fields and body in; the response out."""


def json_response(data: object, status: int = 200, *, delay_s: float = 0.0) -> ServerResponse:
    """Return a response with a JSON body, which arrives after a delay in seconds."""
    return ServerResponse(status, json.dumps(data).encode(), {"Content-Type": "application/json"}, delay_s)


@frozen
class ServerRequest:
    """A request that matched a route.

    Attributes:
        route: The route's name, such as `add`.
        params: The values of the `{names}` in the route's path.
        query: The query string; the last of equal names wins.
        headers: Header fields, names in lower case.
        json: The JSON object in the body; empty if the body holds none.
    """

    route: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    json: Mapping[str, object]


class Vendor(Protocol):
    """A vendor's wire format over a world. Each file of `vendors/` holds one, named as the provider's `type`.

    A vendor also has one method `on_ROUTE` for each route: a `ServerRequest` in, a `ServerResponse` out.

    Attributes:
        name: The provider's `type` in the config.
        routes: The vendor's `METHOD /path/{name}` by route name. All vendors use the same route names: `add`, `list`,
            `invite`, `send`, `check`, `lid`, `session`.
    """

    name: ClassVar[str]
    routes: ClassVar[Mapping[str, str]]

    @property
    def world(self) -> World:
        """The world that requests read and change."""
        ...

    @property
    def account(self) -> Account:
        """Our account behind the vendor's session."""
        ...

    def credentials(self) -> Mapping[str, str]:
        """Return the provider's config fields that this vendor accepts, without `base_url`."""
        ...

    def guard(self, request: ServerRequest) -> ServerResponse | None:
        """Return the refusal of a request with wrong credentials or without a working session; None if it may pass."""
        ...

    def error(self, status: int, text: str) -> ServerResponse:
        """Return an error in the vendor's shape."""
        ...


def list_items(data: object) -> Sequence[object]:
    """Return the items of a JSON list; empty for any other value."""
    return cast("list[object]", data) if isinstance(data, list) else ()


def read_names(values: Iterable[object]) -> Sequence[Identity]:
    """Return the participants' names, in order; empty if one of the values is unreadable."""
    names = [identity(value) for value in values]
    return [name for name in names if name is not None] if None not in names else ()


def match_route(
    routes: Mapping[str, str], method: str, target: str, headers: Mapping[str, str], body: bytes
) -> ServerRequest | int:
    """Return the matched request; 404 if no route has the path, 405 if none of the path's routes has the method."""
    path, _, search = target.partition("?")
    status = 404
    for name, pattern in routes.items():
        its_method, _, template = pattern.partition(" ")
        match = _path_pattern(template).fullmatch(path)
        if match and its_method == method:
            params = {key: unquote(value) for key, value in match.groupdict().items()}
            query = dict(parse_qsl(search, keep_blank_values=True))
            fields = {key.lower(): value for key, value in headers.items()}
            return ServerRequest(name, params, query, fields, _json_object(body))
        status = 405 if match else status
    return status


@cache
def _path_pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template))


def _json_object(body: bytes) -> Mapping[str, object]:
    try:
        data: object = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return cast("Mapping[str, object]", data) if isinstance(data, dict) else {}
