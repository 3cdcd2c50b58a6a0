"""What each adapter says of its endpoints agrees with what it sends, and with what was recorded."""

import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

import pytest
from attrs import evolve

from groupadd import provider
from groupadd.cli.provider_info import provider_info
from groupadd.sandbox import ServerResponse, vendor_names
from groupadd.testing.harness import Operation, RecordingTransport
from groupadd.wire.endpoint import Endpoint, Source
from tests.providers.test_conformance import CASSETTES, built_in

OPERATIONS = [operation for type_ in vendor_names() for operation in built_in(type_).abilities()]


def declared(operation: Operation) -> set[str]:
    (method,) = (name for name in vars(getattr(provider, operation.name)) if name in endpoints(operation))
    return {str(endpoint) for endpoint in endpoints(operation)[method]}


def endpoints(operation: Operation) -> provider.Endpoints:
    found: provider.Endpoints = getattr(type(operation.adapter.provider), "endpoints", {})
    return found


def sent_after_a_missing_route(operation: Operation) -> set[str]:
    """Return the kinds of requests that follow where one kind is answered as a route that an old server lacks."""
    asked: set[str] = set()
    for kind in operation.request_kinds():
        transport = RecordingTransport(operation, kind, missing_route)
        transport.outcome()
        asked |= set(map(str, transport.requests))
    return asked


def missing_route(response: ServerResponse) -> ServerResponse:
    return evolve(response, status=404, body=b'{"message": "Cannot GET /api/x", "statusCode": 404}')


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: f"{operation.adapter.name}-{operation.name}")
def test_an_ability_declares_the_endpoints_that_its_method_asks(operation: Operation) -> None:
    asked = set(operation.request_kinds())
    assert asked
    assert asked <= declared(operation) <= asked | sent_after_a_missing_route(operation)


@pytest.mark.parametrize("type_", vendor_names())
def test_adding_and_every_ability_have_a_source(type_: str) -> None:
    info = provider_info(type_)
    assert info.rests_on
    assert [name for name, sources in info.rests_on.items() if not sources] == []


@pytest.mark.parametrize("type_", vendor_names())
def test_an_endpoint_is_called_live_if_and_only_if_a_live_recording_asks_it(type_: str) -> None:
    live = [text for text in recordings(type_, "*.yaml") if "'s live service." in text.partition("\n")[0]]
    asked = [(method, path) for text in live for method, path, _ in exchanges(text)]
    assert cited(type_, Source.LIVE) == {one for one in all_endpoints(type_) if any(is_of(one, *two) for two in asked)}


@pytest.mark.parametrize("type_", vendor_names())
def test_an_endpoint_cites_the_vendors_program_if_and_only_if_a_recording_of_it_answers_it(type_: str) -> None:
    found = [one for text in recordings(type_, "program/*.yaml") for one in exchanges(text)]
    answered = [(method, path) for method, path, body in found if f"Cannot {method} " not in body]
    assert cited(type_, Source.PROGRAM) == {
        one for one in all_endpoints(type_) if any(is_of(one, *two) for two in answered)
    }


def cited(type_: str, source: Source) -> set[Endpoint]:
    return {endpoint for endpoint in all_endpoints(type_) if source in endpoint.sources}


def all_endpoints(type_: str) -> set[Endpoint]:
    by_method = endpoints(next(built_in(type_).abilities()))
    return {endpoint for asked in by_method.values() for endpoint in asked}


def is_of(endpoint: Endpoint, method: str, path: str) -> bool:
    asked, _, template = str(endpoint).partition(" ")
    return asked == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path) is not None


def recordings(type_: str, pattern: str) -> Iterator[str]:
    return (path.read_text("utf-8") for path in (CASSETTES / type_).glob(pattern))


def exchanges(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield method, path and the text of the response of each recorded exchange."""
    for one in text.split("\n- request:\n")[1:]:
        method, uri = (re.findall(rf"^    {key}: (\S+)$", one, re.MULTILINE)[0] for key in ("method", "uri"))
        yield method, unquote(urlsplit(uri).path), one.partition("  response:\n")[2]
