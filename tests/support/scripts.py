"""Flows without a network: a provider that answers from a script, and a clock that moves only by waiting."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias, TypeVar

from attrs import define, field

from groupadd.provider import Secret
from groupadd.providers.wasend import Wasend
from groupadd.providers.wawp import Wawp
from groupadd.wire.driver import drive, drive_async
from groupadd.wire.messages import Flow, NoAnswer, Request, Response

T = TypeVar("T")
Answer: TypeAlias = Response | BaseException

WASEND = Wasend("s1", Secret("the-key"))
WAWP = Wawp("i1", Secret("the-token"))

WASEND_ADD = "POST /{session}/groups/{group}/participants/add"
WASEND_LIST = "GET /{session}/groups/{group}/participants"
WASEND_SESSION = "GET /sessions/{session}"
WASEND_INVITE = "GET /{session}/groups/{group}/invite-code"
WASEND_SEND = "POST /sendText"
WASEND_CHECK = "GET /contacts/check-exists"

WAWP_ADD = "POST /v2/groups/{group}/participants/add"
WAWP_LIST = "GET /v2/groups/{group}/participants"
WAWP_SESSION = "POST /v2/session/info"
WAWP_LID = "GET /v2/lids/pn/{number}"
WAWP_CHECK = "GET /v2/contacts/check-exists"

GROUP = "1203630000@g.us"
ME = "12025550199"


@define
class FakeClock:
    """A clock on which nothing takes time but waiting."""

    time: float = 1000.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    async def sleep_async(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.time += seconds


@define
class Script:
    """A transport that answers each `METHOD /path` with what is written down for it, in order, and nothing else.

    An answer may be an exception, which is raised; `asked` and `at_s` tell what was asked for, and when.
    """

    answers: Mapping[str, Sequence[Answer]]
    clock: FakeClock = field(factory=FakeClock)
    requests: list[Request] = field(factory=list)
    at_s: list[float] = field(factory=list)

    @property
    def asked(self) -> list[str]:
        return [str(request) for request in self.requests]

    def __call__(self, request: Request) -> Response:
        turn = self.asked.count(str(request))
        self.requests.append(request)
        self.at_s.append(self.clock.time - 1000.0)
        answers = self.answers.get(str(request), ())
        assert turn < len(answers), f"nothing is written down for {request} number {turn + 1}"
        answer = answers[turn]
        if isinstance(answer, Response):
            return answer
        raise answer

    async def answer_async(self, request: Request) -> Response:
        await asyncio.sleep(0)
        return self(request)

    def run(self, flow: Flow[T]) -> T:
        """Drive the flow over this script, and require that every answer of the script was asked for."""
        value = drive(flow, self, self.clock)
        unasked = {name: len(answers) - self.asked.count(name) for name, answers in self.answers.items()}
        assert not any(unasked.values()), f"written down, but not asked for: {unasked}"
        return value

    def run_async(self, flow: Flow[T]) -> T:
        return asyncio.run(drive_async(flow, self.answer_async, self.clock))


def says(value: object, status: int = 200, **headers: str) -> Response:
    """Return an answer with this JSON; header names are written with underscores."""
    names = {name.replace("_", "-"): text for name, text in headers.items()}
    return Response(status, json.dumps(value).encode(), names)


def lost(*, maybe_sent: bool = True) -> NoAnswer:
    return NoAnswer("ReadTimeout", maybe_sent=maybe_sent)


def roster(*phones: str) -> Response:
    """Return a roster of plain rows, our own account among them."""
    return says([{"jid": f"{phone}@s.whatsapp.net"} for phone in (ME, *phones)])


def lid_roster(*lids: str) -> Response:
    """Return a roster that shows a LID for everyone, and a phone for our own account alone."""
    own = {"jid": "77770001@lid", "phoneNumber": f"{ME}@s.whatsapp.net"}
    return says([own, *({"jid": f"{lid}@lid"} for lid in lids)])


def session() -> Response:
    return says({"status": "WORKING", "me": {"id": f"{ME}@c.us"}})


def words(**reasons: str) -> Response:
    """Return Wasend's documented answer: `p15550100="SUCCESS"` is a row for that number, in its own list."""
    rows = [{"id": f"{name[1:]}@s.whatsapp.net", "reason": reason} for name, reason in reasons.items()]
    added = [row for row in rows if row["reason"] == "SUCCESS"]
    failed = [row for row in rows if row["reason"] != "SUCCESS"]
    return says({"success": True, "data": {"added": added, "failed": failed}})


def revealed(value: object) -> object:
    """Return what stands on the wire, secrets and all."""
    if isinstance(value, Mapping):
        return {key: revealed(inner) for key, inner in value.items()}
    return value.reveal() if isinstance(value, Secret) else value
