"""Cassettes: files with a scenario and the HTTP exchanges that vcrpy recorded of it.

The first line names the date and the target of the recording. Then come a comment, which names the source of the wire
shapes, and the scenario, both written by hand. The recorded exchanges follow.

A recording is made on a target: the sandbox behind a real socket, or the live service. The file shows neither: it has
the vendor's public address, placeholder credentials, and the people of the example world.

A folder `program` holds recordings of the vendor's own program, which an earlier groupadd made with a fake WhatsApp
behind it. They cannot be made again. Where today's groupadd sends another request, its answer is lost in the replay.
"""

import asyncio
import logging
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cache
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any, Self, TypeAlias

from attrs import define, frozen
from cattrs import Converter

from groupadd.sandbox import VirtualClock
from groupadd.testing.scenarios import Scenario, ScenarioOutcome, run_scenario
from groupadd.testing.scrubbing import Scrubber
from groupadd.testing.targets import Target, build_provider, fictional_ids, placeholder_credentials
from groupadd.wire.driver import drive, drive_async
from groupadd.wire.messages import Flow, NoAnswer, Request, Response
from groupadd.wire.retry import map_requests
from groupadd.wire.transport import AsyncHttpTransport, HttpTransport

VCR: TypeAlias = Any  # any object of vcrpy, which has no types

MATCHED = ("method", "scheme", "host", "port", "path", "query", "headers", "body")
RESPONSE_HEADERS = frozenset({"content-type", "retry-after"})  # adapters read no others
HTTPX_HEADERS = frozenset({"accept", "accept-encoding", "connection", "content-length", "host", "user-agent"})

PROGRAM = "program"

_NOT_RECORDED = "CannotOverwriteExistingCassetteException"  # vcrpy's, which the transport names as the cause
_FIRST_LINE = re.compile(r"\A# Recorded on .*\n")
_DATE = re.compile(r"(?<=\A# Recorded on )\S+")
_TIMEOUT_S = 30.0


@frozen
class Replay:
    """What a run on recorded exchanges came to.

    Attributes:
        outcome: The scenario's outcome.
        unanswered: The requests without a recorded answer, as `METHOD /path/{template}`, each once, in order.
        unasked: The recorded requests that the run did not send, as `METHOD /path`, in order.
    """

    outcome: ScenarioOutcome
    unanswered: tuple[str, ...] = ()
    unasked: tuple[str, ...] = ()


@frozen
class Cassette:
    """A file with a scenario and its recording.

    Attributes:
        path: The file. Its folder is named as the provider's type, or is the folder `program` in that one.
        scenario: The scenario.
    """

    path: Path
    scenario: Scenario
    _head: str

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file, with or without a recording."""
        head = path.read_text("utf-8").partition("\ninteractions:")[0]
        scenario = _converter().structure(_yaml().safe_load(head)["scenario"], Scenario)
        return cls(path, scenario, _FIRST_LINE.sub("", head).strip())

    @property
    def type(self) -> str:
        """The provider's type."""
        return self.path.parent.parent.name if self.is_of_program else self.path.parent.name

    @property
    def is_of_program(self) -> bool:
        """Whether the recording is of the vendor's own program."""
        return self.path.parent.name == PROGRAM

    def response_bodies(self) -> tuple[str, ...]:
        """Return the bodies of the recorded responses, in order."""
        recorded = _yaml().safe_load(self.path.read_text("utf-8")).get("interactions", ())
        return tuple(exchange["response"]["body"]["string"] for exchange in recorded)

    def replay(self, *, is_async: bool = False) -> ScenarioOutcome:
        """Run the scenario on the recorded exchanges, without a network, and return its outcome.

        Args:
            is_async: Whether asyncio drives the run.

        Raises:
            AssertionError: The run and the recording differ in other requests than the scenario says.
        """
        played, scenario = self.play(is_async=is_async), self.scenario
        assert played.unanswered == scenario.unanswered, f"the recording does not answer {played.unanswered}"
        assert played.unasked == scenario.unasked, f"the run does not ask {played.unasked}"
        return played.outcome

    def play(self, *, is_async: bool = False) -> Replay:
        """Run the scenario on the recorded exchanges, and return its outcome and the requests that differ.

        Args:
            is_async: Whether asyncio drives the run.
        """
        clock = VirtualClock()
        recorded = Target("", _public_url(self.type), placeholder_credentials(self.type), clock)
        unanswered: list[str] = []
        with _vcr().use_cassette(str(self.path), record_mode="none") as exchanges:
            outcome = _run(self, recorded, unanswered, is_async=is_async)
            played = exchanges.play_counts
            unasked = [str(one.method + " " + one.path) for at, one in enumerate(exchanges.requests) if not played[at]]
        return Replay(outcome, tuple(dict.fromkeys(unanswered)), tuple(unasked))

    def record(self, target: Target, *, today: date | None = None) -> ScenarioOutcome:
        """Run the scenario on a target, write the scrubbed exchanges to the file, and return the outcome.

        The file stays as it is if nothing but the date differs.

        Args:
            target: The service to record.
            today: The date to write; None: the current date.

        Raises:
            ValueError: The recording contains a secret; the file is unchanged.
        """
        scrubber = _scrubber(self, target)
        recorder = _vcr(
            before_record_request=_request_scrubber(scrubber, target.base_url, _public_url(self.type)),
            before_record_response=_response_scrubber(scrubber),
            filter_sensitive_data={placeholder: known for known, placeholder in scrubber.placeholders.items()},
            filter_headers=["cookie", *HTTPX_HEADERS],
        )
        written = _InMemory()
        with _quiet(), recorder.use_cassette(str(self.path), record_mode="all", persister=written):
            outcome = _run(self, target, [], is_async=False)
        first_line = f"# Recorded on {today or datetime.now(UTC).date()} against {target.description}."
        text = f"{first_line}\n{self._head}\n\n{written.text}"
        for part in (text, *_texts(_yaml().safe_load(text))):
            scrubber.require_clean(part)
        if _DATE.sub("", text) != _DATE.sub("", self.path.read_text("utf-8")):
            self.path.write_text(text, "utf-8")
        return outcome


def _texts(value: object) -> Iterator[str]:
    """Yield every text in a value of YAML, keys included, as it is read: in the file it may be escaped or folded."""
    match value:
        case str():
            yield value
        case bytes():
            yield value.decode("utf-8", "replace")
        case dict():
            yield from chain.from_iterable(map(_texts, chain(value, value.values())))
        case list():
            yield from chain.from_iterable(map(_texts, value))


def _run(cassette: Cassette, target: Target, unanswered: list[str], *, is_async: bool) -> ScenarioOutcome:
    """Run a cassette's scenario on a target, and return its outcome; `unanswered` gets requests without a recording."""

    def noted(request: Request) -> Flow[Response]:
        try:
            return (yield request)
        except NoAnswer as lost:
            if _NOT_RECORDED in str(lost):
                unanswered.append(str(request))
            raise

    scenario, credentials = cassette.scenario, target.credentials
    provider = build_provider(cassette.type, {**credentials.fields, **scenario.fields, "base_url": target.base_url})
    flow = map_requests(run_scenario(scenario, provider, credentials), noted)
    return asyncio.run(_drive_async(flow, target)) if is_async else _drive(flow, target)


def _drive(flow: Flow[ScenarioOutcome], target: Target) -> ScenarioOutcome:
    transport = HttpTransport(target.base_url, _TIMEOUT_S)
    try:
        return drive(flow, transport, target.clock)
    finally:
        transport.close()


async def _drive_async(flow: Flow[ScenarioOutcome], target: Target) -> ScenarioOutcome:
    transport = AsyncHttpTransport(target.base_url, _TIMEOUT_S)
    try:
        return await drive_async(flow, transport, target.clock)
    finally:
        await transport.close()


def _public_url(type_: str) -> str:
    """Return the vendor's public address, which the file shows."""
    return build_provider(type_, placeholder_credentials(type_).fields).base_url


def _scrubber(cassette: Cassette, target: Target) -> Scrubber:
    """Return a scrubber that knows the target's credentials, group and people."""
    real, public = target.credentials, placeholder_credentials(cassette.type)
    known = {
        **{real.fields[name]: public.fields[name] for name in public.fields if name in real.fields},
        real.group.partition("@")[0]: public.group.partition("@")[0],
        **{real.people[name]: public.people[name] for name in real.people},
    }
    unknown_group = (cassette.scenario.group or "").partition("@")[0]
    return Scrubber({one: other for one, other in known.items() if one != other}, fictional_ids() | {unknown_group})


def _request_scrubber(scrubber: Scrubber, base_url: str, public_url: str) -> Callable[[VCR], VCR]:
    def scrubbed(request: VCR) -> VCR:
        request.uri = scrubber.scrub(request.uri.replace(base_url, public_url, 1))
        request.headers = {name: _scrubbed_header(scrubber, value) for name, value in request.headers.items()}
        request.body = request.body and scrubber.scrub(request.body.decode())
        return request

    return scrubbed


def _scrubbed_header(scrubber: Scrubber, value: str) -> str:
    """Return a scrubbed header value; Basic authentication has user and password in Base64."""
    scheme, space, credentials = value.partition(" ")
    if scheme != "Basic":
        return scrubber.scrub(value)
    return scheme + space + b64encode(scrubber.scrub(b64decode(credentials).decode()).encode()).decode()


def _response_scrubber(scrubber: Scrubber) -> Callable[[Mapping[str, VCR]], Mapping[str, VCR]]:
    def scrubbed(response: Mapping[str, VCR]) -> Mapping[str, VCR]:
        headers = {name: values for name, values in response["headers"].items() if name.lower() in RESPONSE_HEADERS}
        body = scrubber.scrub_response(response["body"]["string"].decode("utf-8", "replace"))
        return {"status": response["status"], "headers": headers, "body": {"string": body.encode()}}

    return scrubbed


@define
class _InMemory:
    """A persister for vcrpy that keeps the recording in memory."""

    text: str = ""

    def load_cassette(self, *_: VCR, **__: VCR) -> VCR:
        raise import_module("vcr.persisters.filesystem").CassetteNotFoundError

    def save_cassette(self, _: str, recorded: Mapping[str, VCR], serializer: VCR) -> None:
        serialize: Callable[..., str] = import_module("vcr.serialize").serialize
        self.text = serialize(recorded, serializer)


def _vcr(**settings: VCR) -> VCR:
    settings = {"filter_headers": HTTPX_HEADERS, "decode_compressed_response": True, **settings}
    return import_module("vcr").VCR(match_on=MATCHED, **settings)


def _yaml() -> VCR:
    return import_module("yaml")  # comes with vcrpy


@contextmanager
def _quiet() -> Generator[None]:
    """Keep vcrpy from logging requests and responses, which are not scrubbed yet."""
    logger = logging.getLogger("vcr")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


@cache
def _converter() -> Converter:
    converter = Converter(forbid_extra_keys=True)
    converter.register_structure_hook(ScenarioOutcome, lambda outcome, _: outcome)
    converter.register_structure_hook(bytes, lambda text, _: text.encode())
    return converter
