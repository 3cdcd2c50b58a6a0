"""Answers that no vendor's page shows, and that every vendor gives some day: each is what becomes of a good one."""

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
    "a number beyond all bounds": b"1e999",
    "an integer beyond all bounds": b"9" * 5000,
    "a text": b'"OK"',
    "an empty list": b"[]",
    "an empty object": b"{}",
    "a list of nulls": b"[null, null]",
    "lists in lists": b'[[[]], [{}], ["x", []]]',
    "nested beyond all bounds": b"[" * 100_000,
    "no UTF-8": b'{"data": "\xff\xfe"}',
    "an error without a text": b'{"error": null}',
    "success and nothing else": b'{"success": true, "data": null}',
    "refusal and nothing else": b'{"success": false}',
    "codes for nobody": b'[{"error": 200}, {"code": "200", "id": null}, {"jid": 7}]',
    "empty names": b'{"": {"code": 200}, "@": 403, "@lid": {}, "0": null}',
}
_STATUSES = (201, 204, 302, 400, 401, 403, 404, 408, 409, 418, 422, 500, 503, 504)


def unchanged(answer: ServerResponse) -> ServerResponse:
    """Return the good answer."""
    return answer


def saying(value: object, status: int = 200) -> Mutation:
    """Return what puts another JSON in an answer's place."""
    return lambda _: ServerResponse(status, json.dumps(value).encode(), _HEADERS)


def befallen(fault: Fault) -> Mutation:
    """Return what a fault of the sandbox makes of an answer to a request that has taken effect."""
    return lambda answer: fault.apply_to(evolve(answer, status=fault.status or answer.status))


def _with_body(body: bytes) -> Mutation:
    return lambda answer: evolve(answer, body=body)


def _with_status(status: int) -> Mutation:
    return lambda answer: evolve(answer, status=status)


def _bare(status: int) -> Mutation:
    return lambda _: ServerResponse(status)


def _rewritten(change: Callable[[object], object]) -> Mutation:
    """Return what changes every value in an answer that is neither an object nor a list."""

    def rewrite(value: object) -> object:
        match value:
            case dict():
                return {key: rewrite(inner) for key, inner in value.items()}
            case list():
                return [rewrite(inner) for inner in value]
        return change(value)

    def twisted(answer: ServerResponse) -> ServerResponse:
        try:
            return evolve(answer, body=json.dumps(rewrite(json.loads(answer.body))).encode())
        except ValueError:  # there is nothing in it to change
            return answer

    return twisted


def _other_type(value: object) -> object:
    return [str(value)] if isinstance(value, bool | int | float) else 7 if value is None else {"value": value}


MALFORMED_ANSWERS: Mapping[str, Mutation] = {
    "lost": befallen(faults.LOST_AFTER),
    "a page in HTML": befallen(faults.HTML),
    "cut in the middle": befallen(faults.TRUNCATED),
    "nothing": befallen(faults.EMPTY),
    "a gateway's page, after it was applied": befallen(faults.GATEWAY_AFTER),
    "patience asked for": befallen(faults.rate_limited(1)),
    "its values null": _rewritten(lambda _: None),
    "its values of another type": _rewritten(_other_type),
    "its values empty texts": _rewritten(lambda _: ""),
    **{name: _with_body(body) for name, body in _BODIES.items()},
    **{f"{status} with the same body": _with_status(status) for status in (201, 400, 409, 500)},
    **{f"{status} without a body": _bare(status) for status in _STATUSES},
}
