"""The conformance kit: a class of tests that hold for every adapter, to inherit.

    class TestPigeon(Conformance):
        adapters = (
            AdapterUnderTest(Pigeon("roof", Secret("tweet-tweet-tweet"), "https://pigeon.example"), post_office),
        )

The provider's abilities decide which tests run. With Hypothesis installed, the kit also tries random JSON responses.
"""

import inspect
import json
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from typing import Any, ClassVar, NoReturn

import attrs
import pytest

from groupadd.errors import Unsupported
from groupadd.model.identity import GroupId, parse_participants
from groupadd.model.masking import Secret
from groupadd.model.outcome import AddOutcome, Status
from groupadd.provider import AddReply, GroupMembershipProvider, Meaning
from groupadd.sandbox import ServerResponse
from groupadd.sandbox.example import GROUP
from groupadd.testing.cassettes import Cassette
from groupadd.testing.harness import (
    INVITE_CODE,
    PHONES,
    WHOLE_ADD,
    AdapterUnderTest,
    Failed,
    Operation,
    RecordingTransport,
)
from groupadd.testing.leaks import detect_leaks
from groupadd.testing.malformed import MALFORMED_RESPONSES, Mutation, with_json
from groupadd.wire.messages import NoAnswer, Request

_SHORTEST_SECRET = 12  # characters; shorter texts occur by chance
_IN = {Status.ADDED, Status.ALREADY_MEMBER}
_RUNS = 25  # examples of Hypothesis for each operation


class Conformance:
    """Tests for adapters. Inherit it, and name the adapters.

    Attributes:
        adapters: The adapters to test.
    """

    adapters: ClassVar[tuple[AdapterUnderTest, ...]] = ()

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Parametrize each test by its argument's name: adapters, operations or cassettes."""
        arguments: Mapping[str, Callable[[AdapterUnderTest], Iterable[object]]] = {
            "adapter": lambda adapter: [adapter],
            "ability": AdapterUnderTest.abilities,
            "sending": AdapterUnderTest.sending_abilities,
            "operation": AdapterUnderTest.operations,
            "cassette": _cassettes,
        }
        for name, values_of in arguments.items():
            if name in metafunc.fixturenames:
                metafunc.parametrize(name, [*chain.from_iterable(map(values_of, self.adapters))], ids=_test_id)

    def test_the_class_is_a_frozen_table_of_config_fields(self, adapter: AdapterUnderTest) -> None:
        """A provider keeps no state, has its credentials as secrets, and declares `reports_each_person`."""
        assert isinstance(adapter.provider, GroupMembershipProvider)
        provider: Any = adapter.provider
        assert isinstance(provider.reports_each_person, bool)
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            provider.base_url = provider.base_url
        assert all(len(secret) >= _SHORTEST_SECRET for secret in adapter.secrets().values())

    def test_credentials_in_the_address_are_masked(self, adapter: AdapterUnderTest) -> None:
        """The provider keeps no user, password or query of its `base_url`; `groupadd.provider.masked_url` does that."""
        provider: Any = adapter.provider
        if not any(one.name == "base_url" for one in attrs.fields(type(provider))):
            pytest.skip("the provider's address is no field")
        provider = attrs.evolve(provider, base_url=f"https://me:{INVITE_CODE}@api.example/?key={INVITE_CODE}")
        assert INVITE_CODE not in provider.base_url

    @pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
    def test_a_cassette_replays_to_its_declared_outcome(self, cassette: Cassette, *, is_async: bool) -> None:
        """The run sends the recorded requests again: all of them, and no others."""
        assert cassette.replay(is_async=is_async) == cassette.scenario.outcome

    def test_every_word_is_shown_or_listed_as_unproven(self, adapter: AdapterUnderTest) -> None:
        """Cassettes or the service show each word of the provider's tables; `unproven` lists the rest."""
        shown = "\n".join(_response_bodies(adapter))
        unproven = [word for word in _words(adapter) if json.dumps(word) not in shown]
        assert sorted(map(str, unproven)) == sorted(map(str, adapter.unproven))

    def test_notify_is_honoured_or_refused_before_anything_is_sent(self, adapter: AdapterUnderTest) -> None:
        """The requests for yes and no differ, or both raise `Unsupported` before a request."""
        loud, quiet = (_sent(adapter, notify=notify) for notify in (True, False))
        assert (loud is None) is (quiet is None)
        assert loud is None or loud != quiet

    def test_a_malformed_response_gives_an_outcome_or_a_groupadd_error(self, operation: Operation) -> None:
        """No malformed response makes a person `added` without a name, or sends an add twice."""
        for request_kind in operation.request_kinds():
            for name, mutation in MALFORMED_RESPONSES.items():
                with _noted(name, request_kind):
                    _require_an_end(operation, request_kind, mutation)

    def test_random_json_gives_an_outcome_or_a_groupadd_error(self, operation: Operation) -> None:
        """The same holds for random JSON responses."""
        hypothesis, st = pytest.importorskip("hypothesis"), pytest.importorskip("hypothesis.strategies")
        keys = st.sampled_from(["data", "success", "error", "code", "status", "message", "response", "results", "id"])
        words = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8) | keys
        data = st.recursive(words, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4))

        def run(request_kind: str, data: object, status: int) -> None:
            _require_an_end(operation, request_kind, with_json(data, status))

        given = hypothesis.given(
            st.sampled_from(operation.request_kinds()), data, st.sampled_from([200, 201, 400, 404, 409, 500])
        )
        hypothesis.settings(max_examples=_RUNS, deadline=None)(given(run))()

    def test_nothing_leaks(self, ability: Operation) -> None:
        """No log, repr or exception shows a secret, a whole number or an invite code."""
        secrets = ability.adapter.secrets()
        echo = f"+{PHONES[0]}, {PHONES[1]}@c.us: {' '.join(secrets.values())} https://chat.whatsapp.com/{INVITE_CODE}"
        body = dict.fromkeys(("message", "error", "status", "code", "reason"), echo)
        echoes = {f"{status} with an echo": with_json(body, status) for status in (200, 400, 401, 404, 422, 500)}
        with detect_leaks(secrets, PHONES) as detector:
            detector.capture(ability.adapter.provider)
            assert not detector.leaks, "the provider's repr shows a secret"
            for request_kind in ability.request_kinds():
                for name, mutation in {**MALFORMED_RESPONSES, **echoes}.items():
                    transport = RecordingTransport(ability, request_kind, mutation)
                    detector.captured.clear()
                    detector.capture_call(transport.run)
                    detector.captured += map(repr, transport.requests)
                    assert not detector.leaks, f"response to {request_kind}: {name}"

    def test_sync_equals_async(self, ability: Operation) -> None:
        """Blocking and asyncio runs send the same requests and end with the same outcome."""
        for request_kind in ability.request_kinds():
            for name, mutation in MALFORMED_RESPONSES.items():
                blocking = RecordingTransport(ability, request_kind, mutation)
                awaited = RecordingTransport(ability, request_kind, mutation)
                with _noted(name, request_kind):
                    assert blocking.outcome() == awaited.outcome(is_async=True)
                    assert blocking.requests == awaited.requests

    def test_what_changes_something_is_never_repeatable(self, sending: Operation) -> None:
        """A retry never repeats an add or a message."""
        transport = RecordingTransport(sending)
        if isinstance(transport.outcome(), Failed):
            pytest.skip("the simulated service does not support this operation")
        assert not all(request.repeatable for request in transport.requests)

    @pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
    def test_an_abandoned_flow_closes(self, operation: Operation, error: type[BaseException]) -> None:
        """After an exception instead of a response, the flow ends without another request."""
        for request_kind in operation.request_kinds():
            transport = RecordingTransport(operation, request_kind, _raising(error))
            with pytest.raises(error):
                transport.run()
            assert inspect.getgeneratorstate(transport.flow) == inspect.GEN_CLOSED
            assert list(map(str, transport.requests)).index(request_kind) == len(transport.requests) - 1


def _test_id(value: object) -> str:
    match value:
        case AdapterUnderTest(name=name):
            return name
        case Operation(adapter=AdapterUnderTest(name=name), name=operation):
            return f"{name}-{operation}"
        case Cassette(path=path) as cassette:
            program = "-program" if cassette.is_of_program else ""
            return f"{cassette.type}{program}-{path.stem}"
    return str(value)


def _cassettes(adapter: AdapterUnderTest) -> Iterator[Cassette]:
    if adapter.cassettes is not None:
        yield from map(Cassette.read, sorted(adapter.cassettes.rglob("*.yaml")))


def _words(adapter: AdapterUnderTest) -> Iterator[object]:
    """Yield the words of every table from words to meanings in the provider's module."""
    for table in vars(sys.modules[type(adapter.provider).__module__]).values():
        if isinstance(table, Mapping) and table and all(isinstance(meaning, Meaning) for meaning in table.values()):
            yield from table


def _response_bodies(adapter: AdapterUnderTest) -> Iterator[str]:
    for cassette in _cassettes(adapter):
        yield from cassette.response_bodies()
    transport = RecordingTransport(next(adapter.operations()))
    transport.outcome()
    yield from (body.decode("utf-8", "replace") for body in transport.bodies)


def _sent(adapter: AdapterUnderTest, *, notify: bool) -> list[Request] | None:
    """Return the requests of an add; None for `Unsupported`."""
    people = parse_participants(PHONES)
    add = Operation(adapter, "", lambda provider: provider.add_participants(GroupId(GROUP), people, notify=notify))
    transport = RecordingTransport(add)
    outcome = transport.outcome()
    if isinstance(outcome, Failed) and outcome.error is Unsupported:
        assert not transport.requests
        return None
    return transport.requests


def _require_an_end(operation: Operation, request_kind: str, mutation: Mutation) -> None:
    """Check that an operation ends with an outcome or a `GroupAddError`.

    A person counts as in only if a response names the person. A request that may have been received is sent once.
    """
    transport = RecordingTransport(operation, request_kind, mutation)
    match transport.outcome():
        case Failed(error):
            assert operation.name != WHOLE_ADD or error is not NoAnswer, "a lost response ended the whole add"
        case AddReply(rest=rest):
            assert rest.status not in _IN, "a response counts for people without naming them"
        case AddOutcome() as outcome:
            bodies = b" ".join(transport.bodies).decode("utf-8", "replace")
            assert all(str(person.phone) in bodies for person in outcome if person.status in _IN), (
                "no response names them"
            )
    sent = Counter(_as_text(request) for request in transport.requests if not request.repeatable)
    assert not [one for one, times in sent.items() if times > 1], "a request was sent twice"


@contextmanager
def _noted(name: str, request_kind: str) -> Generator[None]:
    """Add the mutated response to the notes of an exception."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"response to {request_kind}: {name}")
        raise


def _as_text(request: Request) -> str:
    """Return the whole request as text, secrets revealed, for comparison."""
    parts = (request.params, request.query, request.json)
    return f"{request} {json.dumps(parts, default=_revealed, sort_keys=True)}"


def _revealed(value: object) -> object:
    return value.reveal() if isinstance(value, Secret) else str(value)


def _raising(error: type[BaseException]) -> Mutation:
    def raising(_: ServerResponse) -> NoReturn:
        raise error

    return raising
