"""Filters for your own vcrpy cassettes: what vcrpy records of groupadd's requests holds keys, unless it is filtered."""

import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, TypeAlias
from urllib.parse import unquote, unquote_plus

import attrs

from groupadd.model.masking import Secret
from groupadd.provider import GroupMembershipProvider
from groupadd.testing.scrubbing import INVITE, Scrubber

VCR: TypeAlias = Any  # any object of vcrpy, which has no types

KEY = "SCRUBBED_KEY"

# Where the built-in providers send credentials. A test reads each table against the requests of every provider.
HEADERS = frozenset({"authorization", "apikey", "x-api-key", "access-token", "token", "client-token", "admintoken"})
NAMES = ("access_token", "apikey", "token")  # of query parameters and of fields in JSON
PATHS = (
    re.compile(r"(/waInstance[^/]+/\w+/)([^/?#]+)"),  # GREEN-API
    re.compile(r"(/api/[^/]+/)([^/?#]+)(?=/generate-token)"),  # WPPConnect
    re.compile(r"(/instances/[^/]+/token/)([^/?#]+)"),  # Z-API
)
_QUERY = re.compile(rf"([?&](?:{'|'.join(NAMES)})=)([^&#]*)")
_FIELD = re.compile(rf'("(?:{"|".join(NAMES)})"\s*:\s*)("(?:[^"\\]|\\.)*")')
_LINK = re.compile(r"(chat\.whatsapp\.com/(?:invite/)?)[\w-]{10,40}")
_SHORTEST_ECHO = 8  # characters of a credential that is looked for in answers; shorter ones would be found by chance


def vcr_filters(*providers: GroupMembershipProvider) -> dict[str, Any]:
    """Return arguments for `vcr.VCR`, or for the fixture `vcr_config` of pytest-recording.

    Credentials are found where the built-in providers send them, and are replaced wherever they are; so are the tokens
    and invite links of answers. A cassette replays with other credentials. Numbers and names stay.

    Args:
        *providers: Providers of plugins: their secrets are replaced as well.
    """
    scrubber = Scrubber(dict.fromkeys((secret for provider in providers for secret in _secrets(provider)), KEY))
    return {
        "before_record_request": _request_filter(scrubber),
        "before_record_response": _response_filter(scrubber),
        "decode_compressed_response": True,
    }


def _secrets(provider: GroupMembershipProvider) -> list[str]:
    provider_class: Any = type(provider)
    values = [getattr(provider, one.name) for one in attrs.fields(provider_class)]
    return [value.reveal() for value in values if isinstance(value, Secret)]


def _request_filter(scrubber: Scrubber) -> Callable[[VCR], VCR]:
    def filtered(request: VCR) -> VCR:
        body = _text(request.body)
        sent = filter(lambda credential: len(credential) >= _SHORTEST_ECHO, _credentials(request, body))
        scrubber.placeholders.update(dict.fromkeys(sent, KEY))
        request.uri = scrubber.without_known(_without_keys(request.uri))
        for name, value in [*request.headers.items()]:
            request.headers[name] = KEY if name.lower() in HEADERS else scrubber.without_known(value)
        body = _LINK.sub(rf"\g<1>{INVITE}", _FIELD.sub(rf'\g<1>"{KEY}"', body))
        request.body = scrubber.without_known(body) if body else request.body
        return request

    return filtered


def _credentials(request: VCR, body: str) -> Iterator[str]:
    """Yield the credentials in a request, so that they are found in its answer, too."""
    yield from (unquote(found) for pattern in PATHS for _, found in pattern.findall(request.uri))
    yield from (unquote_plus(found) for _, found in _QUERY.findall(request.uri))
    for found in (found for _, found in _FIELD.findall(body)):
        with suppress(ValueError):  # no groupadd's request
            yield json.loads(found)
    for name, value in request.headers.items():
        scheme, _, credential = value.rpartition(" ") if name.lower() in HEADERS else ("", "", "")
        with suppress(ValueError):
            yield b64decode(credential).decode().partition(":")[2] if scheme == "Basic" else credential


def _without_keys(url: str) -> str:
    for pattern in (*PATHS, _QUERY):
        url = pattern.sub(rf"\g<1>{KEY}", url)
    return url


def _response_filter(scrubber: Scrubber) -> Callable[[Mapping[str, VCR]], Mapping[str, VCR]]:
    def filtered(response: Mapping[str, VCR]) -> Mapping[str, VCR]:
        body = _text(response["body"]["string"])
        scrubber.learn(body)
        headers = {name: values for name, values in response["headers"].items() if name.lower() != "set-cookie"}
        clean = scrubber.without_known(body).encode() if body else response["body"]["string"]
        return {**response, "headers": headers, "body": {"string": clean}}

    return filtered


def _text(body: object) -> str:
    """Return a body as text; an empty one for a body that is no text, and stays as it is."""
    with suppress(UnicodeDecodeError):
        return body.decode() if isinstance(body, bytes) else ""
    return ""
