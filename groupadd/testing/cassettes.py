"""Cassettes: files with a scenario and the HTTP exchanges that vcrpy recorded of it.

The first line names the date and the target of the recording. Then come a comment, which names the source of the wire
shapes, and the scenario, both written by hand. The recorded exchanges follow.

A recording is made on a target: the sandbox behind a real socket, or the live service. The file shows neither: it has
the vendor's public address, placeholder credentials, and the people of the example world.
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
from groupadd.wire.messages import Flow, Request, Response
from groupadd.wire.retry import map_requests
from groupadd.wire.transport import AsyncHttpTransport, HttpTransport

VCR: TypeAlias = Any  # any object of vcrpy, which has no types

MATCHED = ("method", "scheme", "host", "port", "path", "query", "headers", "body")
RESPONSE_HEADERS = frozenset({"content-type", "retry-after"})  # adapters read no others
HTTPX_HEADERS = frozenset({"accept", "accept-encoding", "connection", "content-length", "host", "user-agent"})

_FIRST_LINE = re.compile(r"\A# Recorded on .*\n")
_DATE = re.compile(r"(?<=\A# Recorded on )\S+")
_TIMEOUT_S = 30.0


@frozen
class Cassette:
    """A file with a scenario and its recording.

    Attributes:
        path: The file. Its folder is named as the provider's type.
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
        return self.path.parent.name

    def response_bodies(self) -> tuple[str, ...]:
        """Return the bodies of the recorded responses, in order."""
        recorded = _yaml().safe_load(self.path.read_text("utf-8")).get("interactions", ())
        return tuple(exchange["response"]["body"]["string"] for exchange in recorded)

    def replay(self, *, is_async: bool = False) -> ScenarioOutcome:
        """Run the scenario on the recorded exchanges, without a network, and return its outcome.

        Args:
            is_async: Whether asyncio drives the run.

        Raises:
            AssertionError: The run sent a request without a recording, or did not use every recorded exchange.
        """
        recorded = Target("", _public_url(self.type), placeholder_credentials(self.type), VirtualClock())
        requests: list[Request] = []
        with _vcr().use_cassette(str(self.path), record_mode="none") as exchanges:
            outcome = _run(self, recorded, requests, is_async=is_async)
            used = f"{exchanges.play_count} of {len(exchanges)} recorded exchanges"
            assert len(requests) == exchanges.play_count, f"{len(requests)} requests of the run used {used}"
            assert exchanges.all_played, f"the run used {used}"
        return outcome

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


def _run(cassette: Cassette, target: Target, requests: list[Request], *, is_async: bool) -> ScenarioOutcome:
    """Run a cassette's scenario on a target, and return its outcome; `requests` gets the requests that were sent."""

    def noted(request: Request) -> Flow[Response]:
        requests.append(request)
        return (yield request)

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
