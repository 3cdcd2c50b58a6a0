"""The conformance kit: what holds for every adapter, as tests to inherit.

    class TestPigeon(Conformance):
        candidates = (
            AdapterUnderTest(Pigeon("roof", Secret("tweet-tweet-tweet"), "https://pigeon.example"), post_office),
        )

Which tests there are follows from the provider's abilities. With Hypothesis installed, answers of any JSON are tried
besides those that are written down.
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
from groupadd.testing.leaks import listening
from groupadd.testing.malformed import MALFORMED_ANSWERS, Mutation, saying
from groupadd.wire.messages import NoAnswer, Request

_SHORTEST_SECRET = 12  # characters; shorter ones may be met by chance
_IN = {Status.ADDED, Status.ALREADY_MEMBER}
_RUNS = 25  # of Hypothesis, for each kind of request


class Conformance:
    """Tests for adapters. Inherit it, and name the candidates.

    Attributes:
        candidates: The providers to test.
    """

    candidates: ClassVar[tuple[AdapterUnderTest, ...]] = ()

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Give each test the candidates, or what they have of the kind that it names."""
        kinds: Mapping[str, Callable[[AdapterUnderTest], Iterable[object]]] = {
            "candidate": lambda candidate: [candidate],
            "ability": AdapterUnderTest.abilities,
            "sending": AdapterUnderTest.sendings,
            "errand": AdapterUnderTest.errands,
            "cassette": _cassettes,
        }
        for kind, its in kinds.items():
            if kind in metafunc.fixturenames:
                metafunc.parametrize(kind, [*chain.from_iterable(map(its, self.candidates))], ids=_called)

    def test_the_class_is_a_frozen_table_of_config_fields(self, candidate: AdapterUnderTest) -> None:
        """A provider keeps no state; its credentials are secrets; it says whether its answers speak of each person."""
        assert isinstance(candidate.provider, GroupMembershipProvider)
        provider: Any = candidate.provider
        assert isinstance(provider.reports_each_person, bool)
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            provider.base_url = provider.base_url
        assert all(len(secret) >= _SHORTEST_SECRET for secret in candidate.secrets().values())

    @pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
    def test_a_cassette_replays_to_its_declared_outcome(self, cassette: Cassette, *, is_async: bool) -> None:
        """What was recorded is asked for again, all of it and nothing else."""
        assert cassette.replay(is_async=is_async) == cassette.scenario.outcome

    def test_every_word_is_shown_or_listed_as_unproven(self, candidate: AdapterUnderTest) -> None:
        """The words of its tables stand in answers of cassettes or of the service; `unproven` lists the rest."""
        shown = "\n".join(_answers(candidate))
        unproven = [word for word in _words(candidate) if json.dumps(word) not in shown]
        assert sorted(map(str, unproven)) == sorted(map(str, candidate.unproven))

    def test_notify_is_honoured_or_refused_before_anything_is_sent(self, candidate: AdapterUnderTest) -> None:
        """Yes and no are sent differently, or both are `Unsupported` at once."""
        loud, quiet = (_sent(candidate, notify=notify) for notify in (True, False))
        assert (loud is None) is (quiet is None)
        assert loud is None or loud != quiet

    def test_a_hard_answer_gives_an_outcome_or_an_error_of_ours(self, errand: Operation) -> None:
        """Nor does any answer, however hard, put somebody in whom it does not name, or have an add sent twice."""
        for turn in errand.request_kinds():
            for name, twist in MALFORMED_ANSWERS.items():
                with _told_where(name, turn):
                    _require_an_end(errand, turn, twist)

    def test_any_json_gives_an_outcome_or_an_error_of_ours(self, errand: Operation) -> None:
        """The same of answers that nobody has thought of."""
        hypothesis, st = pytest.importorskip("hypothesis"), pytest.importorskip("hypothesis.strategies")
        keys = st.sampled_from(["data", "success", "error", "code", "status", "message", "response", "results", "id"])
        words = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8) | keys
        data = st.recursive(words, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4))

        def run(turn: str, data: object, status: int) -> None:
            _require_an_end(errand, turn, saying(data, status))

        tried = hypothesis.given(
            st.sampled_from(errand.request_kinds()), data, st.sampled_from([200, 201, 400, 404, 409, 500])
        )
        hypothesis.settings(max_examples=_RUNS, deadline=None)(tried(run))()

    def test_nothing_leaks(self, ability: Operation) -> None:
        """Not what the provider holds, nor a whole number, nor an invite code: in no log, repr or exception."""
        secrets = ability.candidate.secrets()
        echo = f"+{PHONES[0]}, {PHONES[1]}@c.us: {' '.join(secrets.values())} https://chat.whatsapp.com/{INVITE_CODE}"
        echoing = dict.fromkeys(("message", "error", "status", "code", "reason"), echo)
        echoes = {f"{status} with an echo": saying(echoing, status) for status in (200, 400, 401, 404, 422, 500)}
        with listening(secrets, PHONES) as ear:
            ear.told(ability.candidate.provider)
            assert not ear.leaks, "it shows itself"
            for turn in ability.request_kinds():
                for name, twist in {**MALFORMED_ANSWERS, **echoes}.items():
                    line = RecordingTransport(ability, turn, twist)
                    ear.heard.clear()
                    ear.during(line.run)
                    ear.heard += map(repr, line.asked)
                    assert not ear.leaks, f"{turn} was answered: {name}"

    def test_sync_equals_async(self, ability: Operation) -> None:
        """One body serves both: the same requests, and the same end."""
        for turn in ability.request_kinds():
            for name, twist in MALFORMED_ANSWERS.items():
                blocking, awaited = RecordingTransport(ability, turn, twist), RecordingTransport(ability, turn, twist)
                with _told_where(name, turn):
                    assert blocking.told() == awaited.told(is_async=True)
                    assert blocking.asked == awaited.asked

    def test_what_changes_something_is_never_repeatable(self, sending: Operation) -> None:
        """No blind retry may repeat an add or a message."""
        line = RecordingTransport(sending)
        if isinstance(line.told(), Failed):
            pytest.skip("the service does not carry it out")
        assert not all(request.repeatable for request in line.asked)

    @pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt])
    def test_an_abandoned_flow_closes(self, errand: Operation, error: type[BaseException]) -> None:
        """Whatever is raised where an answer is waited for, the flow ends and asks for nothing more."""
        for turn in errand.request_kinds():
            line = RecordingTransport(errand, turn, _raising(error))
            with pytest.raises(error):
                line.run()
            assert inspect.getgeneratorstate(line.flow) == inspect.GEN_CLOSED
            assert list(map(str, line.asked)).index(turn) == len(line.asked) - 1


def _called(one: object) -> str:
    match one:
        case AdapterUnderTest(name=name):
            return name
        case Operation(candidate=AdapterUnderTest(name=name), name=errand):
            return f"{name}-{errand}"
        case Cassette(path=path):
            return f"{path.parent.name}-{path.stem}"
    return str(one)


def _cassettes(candidate: AdapterUnderTest) -> Iterator[Cassette]:
    if candidate.cassettes is not None:
        yield from map(Cassette.read, sorted(candidate.cassettes.glob("*.yaml")))


def _words(candidate: AdapterUnderTest) -> Iterator[object]:
    """Yield the words of every table from words to meanings in the provider's module."""
    for table in vars(sys.modules[type(candidate.provider).__module__]).values():
        if isinstance(table, Mapping) and table and all(isinstance(meaning, Meaning) for meaning in table.values()):
            yield from table


def _answers(candidate: AdapterUnderTest) -> Iterator[str]:
    for cassette in _cassettes(candidate):
        yield from cassette.answers()
    line = RecordingTransport(next(candidate.errands()))
    line.told()
    yield from (body.decode("utf-8", "replace") for body in line.answers)


def _sent(candidate: AdapterUnderTest, *, notify: bool) -> list[Request] | None:
    """Return what an add sends; None where it is unsupported."""
    people = parse_participants(PHONES)
    call = Operation(candidate, "", lambda provider: provider.add_participants(GroupId(GROUP), people, notify=notify))
    line = RecordingTransport(call)
    told = line.told()
    if isinstance(told, Failed) and told.kind is Unsupported:
        assert not line.asked
        return None
    return line.asked


def _require_an_end(errand: Operation, turn: str, twist: Mutation) -> None:
    """Hold that an errand ends with an outcome or an error of ours.

    Nobody is in whom no answer names, and what may have been received is not sent twice.
    """
    line = RecordingTransport(errand, turn, twist)
    match line.told():
        case Failed(kind):
            assert errand.name != WHOLE_ADD or kind is not NoAnswer, "a whole add settles what is lost"
        case AddReply(rest=rest):
            assert rest.status not in _IN, "an answer speaks for people whom it does not name"
        case AddOutcome() as outcome:
            said = b" ".join(line.answers).decode("utf-8", "replace")
            assert all(str(person.phone) in said for person in outcome if person.status in _IN), "nobody named them"
    sent = Counter(_as_sent(request) for request in line.asked if not request.repeatable)
    assert not [one for one, times in sent.items() if times > 1], "what may have been received was sent twice"


@contextmanager
def _told_where(name: str, turn: str) -> Generator[None]:
    """Say of what is raised, after which answer it was."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"{turn} was answered: {name}")
        raise


def _as_sent(request: Request) -> str:
    """Return all that a request says, secrets revealed, to be compared."""
    parts = (request.params, request.query, request.json)
    return f"{request} {json.dumps(parts, default=_revealed, sort_keys=True)}"


def _revealed(value: object) -> object:
    return value.reveal() if isinstance(value, Secret) else str(value)


def _raising(error: type[BaseException]) -> Mutation:
    def raising(_: ServerResponse) -> NoReturn:
        raise error

    return raising
