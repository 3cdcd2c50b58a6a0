"""Malformed responses, each made from a good one: bodies, statuses and losses that no vendor documents."""

import json
from collections.abc import Callable, Mapping
from typing import TypeAlias

from attrs import evolve

from groupadd.sandbox import Fault, ServerResponse, faults

Mutation: TypeAlias = Callable[[ServerResponse], ServerResponse]

_HEADERS = {"Content-Type": "application/json"}
_BODIES: Mapping[str, bytes] = {
    "null": b"null",
    "true": b"true",
    "false": b"false",
    "a number": b"-0.5",
    "a float out of range": b"1e999",
    "an integer of 5000 digits": b"9" * 5000,
    "a text": b'"OK"',
    "an empty list": b"[]",
    "an empty object": b"{}",
    "a list of nulls": b"[null, null]",
    "lists in lists": b'[[[]], [{}], ["x", []]]',
    "100,000 nested lists": b"[" * 100_000,
    "invalid UTF-8": b'{"data": "\xff\xfe"}',
    "an error without a text": b'{"error": null}',
    "success without data": b'{"success": true, "data": null}',
    "failure without a reason": b'{"success": false}',
    "codes without names": b'[{"error": 200}, {"code": "200", "id": null}, {"jid": 7}]',
    "empty names": b'{"": {"code": 200}, "@": 403, "@lid": {}, "0": null}',
}
_STATUSES = (201, 204, 302, 400, 401, 403, 404, 408, 409, 418, 422, 500, 503, 504)


def unchanged(response: ServerResponse) -> ServerResponse:
    """Return the good response."""
    return response


def with_json(value: object, status: int = 200) -> Mutation:
    """Return a mutation that replaces the response by one with this JSON body."""
    return lambda _: ServerResponse(status, json.dumps(value).encode(), _HEADERS)


def with_fault(fault: Fault) -> Mutation:
    """Return a mutation that applies a fault of the sandbox; the request has taken effect."""
    return lambda response: fault.apply_to(evolve(response, status=fault.status or response.status))


def _with_body(body: bytes) -> Mutation:
    return lambda response: evolve(response, body=body)


def _with_status(status: int) -> Mutation:
    return lambda response: evolve(response, status=status)


def _without_body(status: int) -> Mutation:
    return lambda _: ServerResponse(status)


def _with_each_value(change: Callable[[object], object]) -> Mutation:
    """Return a mutation that changes each text, number, boolean and null in a JSON body."""

    def changed(value: object) -> object:
        match value:
            case dict():
                return {key: changed(inner) for key, inner in value.items()}
            case list():
                return [changed(inner) for inner in value]
        return change(value)

    def mutated(response: ServerResponse) -> ServerResponse:
        try:
            return evolve(response, body=json.dumps(changed(json.loads(response.body))).encode())
        except ValueError:  # the body is no JSON: there is no value to change
            return response

    return mutated


def _of_another_type(value: object) -> object:
    return [str(value)] if isinstance(value, bool | int | float) else 7 if value is None else {"value": value}


MALFORMED_RESPONSES: Mapping[str, Mutation] = {
    "a lost response": with_fault(faults.LOST_AFTER),
    "an HTML page": with_fault(faults.HTML),
    "half of the body": with_fault(faults.TRUNCATED),
    "an empty body": with_fault(faults.EMPTY),
    "a gateway's 502 page after the request took effect": with_fault(faults.GATEWAY_AFTER),
    "429": with_fault(faults.rate_limited(1)),
    "a redirect": lambda _: ServerResponse(308, b"", {"Location": "https://elsewhere.example/"}),
    "a firewall's 403 page": lambda _: ServerResponse(403, b"<!doctype html><title>Forbidden</title>"),
    "a web server's 404": lambda _: ServerResponse(404, b"404 page not found"),
    "each value null": _with_each_value(lambda _: None),
    "each value of another type": _with_each_value(_of_another_type),
    "each value an empty text": _with_each_value(lambda _: ""),
    **{name: _with_body(body) for name, body in _BODIES.items()},
    **{f"{status} with the same body": _with_status(status) for status in (201, 400, 409, 500)},
    **{f"{status} without a body": _without_body(status) for status in _STATUSES},
}
