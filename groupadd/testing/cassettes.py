"""Cassettes: files that hold a scenario and the HTTP exchanges that vcrpy recorded of it.

A file begins with a line that says when it was recorded, and against what. A comment and the scenario follow, written
by hand: what it shows, where its shapes come from, what is asked, and what becomes of everyone. Then what was recorded.

A recording is made at a stage: the sandbox behind a real socket, or the live service. Either way it is written
as if it had been played by the town's people at the vendor's own address, with credentials that are none.
"""

import asyncio
import logging
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Self, TypeAlias

from attrs import define, frozen
from cattrs import Converter

from groupadd.sandbox import VirtualClock
from groupadd.testing.scenarios import Scenario, Told, play
from groupadd.testing.scrubbing import Scrubber
from groupadd.testing.targets import Target, fictional_cast, provider, town_names
from groupadd.wire.driver import drive, drive_async
from groupadd.wire.messages import Flow
from groupadd.wire.transport import AsyncHttpTransport, HttpTransport

VCR: TypeAlias = Any  # anything of vcrpy's, which has no types

MATCHED = ("method", "scheme", "host", "port", "path", "query", "headers", "body")
ANSWER_HEADERS = frozenset({"content-type", "retry-after"})  # adapters read no others
HTTPX_HEADERS = frozenset({"accept", "accept-encoding", "connection", "content-length", "host", "user-agent"})

_FIRST_LINE = re.compile(r"\A# Recorded on .*\n")
_DATE = re.compile(r"(?<=\A# Recorded on )\S+")
_TIMEOUT_S = 30.0


@frozen
class Cassette:
    """A file of a scenario and its recording.

    Attributes:
        path: The file; its folder is named for the provider's type.
        scenario: The scenario.
    """

    path: Path
    scenario: Scenario
    _head: str

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file, which need not have been recorded yet."""
        head = path.read_text("utf-8").partition("\ninteractions:")[0]
        yaml: VCR = import_module("yaml")  # comes with vcrpy
        scenario = _converter().structure(yaml.safe_load(head)["scenario"], Scenario)
        return cls(path, scenario, _FIRST_LINE.sub("", head).strip())

    @property
    def type(self) -> str:
        """The provider's type."""
        return self.path.parent.name

    def answers(self) -> tuple[str, ...]:
        """Return the bodies of the answers that were recorded."""
        yaml: VCR = import_module("yaml")
        recorded = yaml.safe_load(self.path.read_text("utf-8")).get("interactions", ())
        return tuple(exchange["response"]["body"]["string"] for exchange in recorded)

    def replay(self, *, is_async: bool = False) -> Told:
        """Play the scenario from the file alone, and tell what became of it.

        Args:
            is_async: Whether it is driven by asyncio.

        Raises:
            AssertionError: Something that was recorded was not asked for. Where something is asked for that was not
                recorded, vcrpy raises an exception of its own.
        """
        public = Target("", _public_url(self.type), fictional_cast(self.type), VirtualClock())
        with _vcr().use_cassette(str(self.path), record_mode="none") as tape:
            told = _played(self, public, is_async=is_async)
            assert tape.all_played, f"{tape.play_count} of {len(tape)} recorded exchanges were asked for"
        return told

    def record(self, stage: Target, *, today: date | None = None) -> Told:
        """Play the scenario at a stage, write down what was exchanged, scrubbed, and tell what became of it.

        A recording that differs from the file's in nothing but its date leaves it as it is.

        Args:
            stage: Where it is played.
            today: The date to write; the day's if left out.

        Raises:
            ValueError: Something secret would have been written; nothing was.
        """
        scrubber = _scrubber(self, stage)
        recorder = _vcr(
            before_record_request=_request_scrubber(scrubber, stage.base_url, _public_url(self.type)),
            before_record_response=_answer_scrubber(scrubber),
            filter_sensitive_data={stand_in: known for known, stand_in in scrubber.stand_ins.items()},
            filter_headers=["cookie", *HTTPX_HEADERS],
        )
        written = _Written()
        with _quiet(), recorder.use_cassette(str(self.path), record_mode="all", persister=written):
            told = _played(self, stage, is_async=False)
        first_line = f"# Recorded on {today or datetime.now(UTC).date()} against {stage.against}."
        text = f"{first_line}\n{self._head}\n\n{written.text}"
        scrubber.require_clean(text)
        if _DATE.sub("", text) != _DATE.sub("", self.path.read_text("utf-8")):
            self.path.write_text(text, "utf-8")
        return told


def _played(cassette: Cassette, stage: Target, *, is_async: bool) -> Told:
    scenario = cassette.scenario
    actor = provider(cassette.type, {**stage.cast.fields, **scenario.fields, "base_url": stage.base_url})
    flow = play(scenario, actor, stage.cast)
    return asyncio.run(_driven_async(flow, stage)) if is_async else _driven(flow, stage)


def _driven(flow: Flow[Told], stage: Target) -> Told:
    transport = HttpTransport(stage.base_url, _TIMEOUT_S)
    try:
        return drive(flow, transport, stage.clock)
    finally:
        transport.close()


async def _driven_async(flow: Flow[Told], stage: Target) -> Told:
    transport = AsyncHttpTransport(stage.base_url, _TIMEOUT_S)
    try:
        return await drive_async(flow, transport, stage.clock)
    finally:
        await transport.close()


def _public_url(type_: str) -> str:
    """Return the vendor's own address, under which everything is written down."""
    return provider(type_, fictional_cast(type_).fields).base_url


def _scrubber(cassette: Cassette, stage: Target) -> Scrubber:
    """Return a scrubber that knows the stage's credentials, group and people."""
    here, there = stage.cast, fictional_cast(cassette.type)
    known = {
        **{here.fields[name]: there.fields[name] for name in there.fields if name in here.fields},
        here.group.partition("@")[0]: there.group.partition("@")[0],
        **{here.people[name]: there.people[name] for name in here.people},
    }
    also = (cassette.scenario.group or "").partition("@")[0]
    return Scrubber({one: other for one, other in known.items() if one != other}, town_names() | {also})


def _request_scrubber(scrubber: Scrubber, base_url: str, public_url: str) -> Callable[[VCR], VCR]:
    def scrubbed(request: VCR) -> VCR:
        request.uri = scrubber.scrub(request.uri.replace(base_url, public_url, 1))
        request.headers = {name: _scrubbed_header(scrubber, value) for name, value in request.headers.items()}
        request.body = request.body and scrubber.scrub(request.body.decode())
        return request

    return scrubbed


def _scrubbed_header(scrubber: Scrubber, value: str) -> str:
    """Return a header field's value, scrubbed; user and password of basic authentication hide behind Base64."""
    scheme, space, credentials = value.partition(" ")
    if scheme != "Basic":
        return scrubber.scrub(value)
    return scheme + space + b64encode(scrubber.scrub(b64decode(credentials).decode()).encode()).decode()


def _answer_scrubber(scrubber: Scrubber) -> Callable[[Mapping[str, VCR]], Mapping[str, VCR]]:
    def scrubbed(answer: Mapping[str, VCR]) -> Mapping[str, VCR]:
        headers = {name: values for name, values in answer["headers"].items() if name.lower() in ANSWER_HEADERS}
        body = scrubber.scrub_answer(answer["body"]["string"].decode("utf-8", "replace"))
        return {"status": answer["status"], "headers": headers, "body": {"string": body.encode()}}

    return scrubbed


@define
class _Written:
    """Takes from vcrpy, as its persister, what it would write to a file."""

    text: str = ""

    def load_cassette(self, *_: VCR, **__: VCR) -> VCR:
        raise import_module("vcr.persisters.filesystem").CassetteNotFoundError

    def save_cassette(self, _: str, recorded: Mapping[str, VCR], serializer: VCR) -> None:
        serialize: Callable[..., str] = import_module("vcr.serialize").serialize
        self.text = serialize(recorded, serializer)


def _vcr(**settings: VCR) -> VCR:
    return import_module("vcr").VCR(match_on=MATCHED, **{"filter_headers": HTTPX_HEADERS, **settings})


@contextmanager
def _quiet() -> Generator[None]:
    """Keep vcrpy from logging requests and answers before they are scrubbed."""
    loud = logging.getLogger("vcr")
    level = loud.level
    loud.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        loud.setLevel(level)


@cache
def _converter() -> Converter:
    converter = Converter(forbid_extra_keys=True)
    converter.register_structure_hook(Told, lambda told, _: told)
    converter.register_structure_hook(bytes, lambda text, _: text.encode())
    return converter
