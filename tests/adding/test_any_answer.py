"""Whatever a provider answers, and however it is written: an outcome or an error, and no add sent twice."""

import json
from typing import ClassVar

import pytest
from attrs import define
from hypothesis import given
from hypothesis import strategies as st

from groupadd import errors
from groupadd.adding.add import add
from groupadd.adding.observe import ProviderSession
from groupadd.model.identity import GroupId, parse_participants
from groupadd.model.outcome import ParticipantOutcome, Reason, Status
from groupadd.provider import AddReply, GroupMembershipProvider
from groupadd.settings import AddSettings
from groupadd.wire.driver import drive
from groupadd.wire.messages import Flow, NoAnswer, Request, Response
from tests.support.adding import ANN, BEN, NEVER, OK, UNKNOWN, adding, wasend
from tests.support.json_values import json_scalars
from tests.support.scripts import (
    GROUP,
    WASEND,
    WASEND_ADD,
    WASEND_CHECK,
    WASEND_LIST,
    WASEND_SESSION,
    WAWP,
    WAWP_ADD,
    WAWP_LID,
    WAWP_LIST,
    WAWP_SESSION,
    Answer,
    Script,
    lost,
)

ENDPOINTS: dict[str, tuple[GroupMembershipProvider, list[str]]] = {
    "wasend": (WASEND, [WASEND_ADD, WASEND_LIST, WASEND_SESSION, WASEND_CHECK]),
    "wawp": (WAWP, [WAWP_ADD, WAWP_LIST, WAWP_SESSION, WAWP_LID]),
}
KEYS = "added failed success data participants ok error code message status id jid JID reason lid phoneNumber Error me"
names = st.sampled_from(KEYS.split())
people = st.sampled_from([ANN, f"{ANN}@c.us", f"+{BEN}", "99900011@lid", "SUCCESS", "WORKING", "403"])
shapes = st.recursive(
    people | json_scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names | people, inner, max_size=4),
    max_leaves=12,
)
answers = st.builds(
    Response,
    st.sampled_from([200, 200, 200, 201, 204, 302, 400, 401, 403, 404, 408, 422, 429, 500, 503])
    | st.integers(100, 599),
    shapes.map(lambda value: json.dumps(value).encode()) | st.binary(),
    st.dictionaries(st.sampled_from(["retry-after", "date"]), st.text(max_size=5)),
)


class Anything(Script):
    """Answers each path with one answer for ever."""

    def __call__(self, request: object) -> Response:
        self.requests.append(request)  # type: ignore[arg-type]  # a Request
        answer = self.answers[str(request).partition("?")[0]][0]
        assert isinstance(answer, Response)
        return answer


@pytest.mark.parametrize("name", ENDPOINTS)
@given(data=st.data())
def test_any_answers_give_an_outcome_or_an_error_of_ours_and_the_same_in_sync_and_async(
    name: str, data: st.DataObject
) -> None:
    provider, paths = ENDPOINTS[name]
    drawn = {path: [data.draw(answers)] for path in paths}
    drawn |= {f"GET {path.partition(' ')[2]}": answer for path, answer in drawn.items() if path == WAWP_SESSION}
    settings = AddSettings(verify=data.draw(st.sampled_from(["auto", "always", "never"])))

    def story(*, asynchronous: bool) -> object:
        script = Anything(drawn)
        flow = adding(provider, [f"+{ANN}", f"{BEN}@lid"], settings)
        try:
            outcomes = script.run_async(flow) if asynchronous else _drive(script, flow)
        except errors.GroupAddError as error:
            return type(error), str(error), script.asked, script.at_s
        assert json.loads(json.dumps([person.as_dict() for person in outcomes]))
        return outcomes, script.asked, script.at_s

    assert story(asynchronous=False) == story(asynchronous=True)


def _drive(script: Script, flow: Flow[tuple[ParticipantOutcome, ...]]) -> tuple[ParticipantOutcome, ...]:
    return drive(flow, script, script.clock)


@pytest.mark.parametrize(
    "shape", ['{"ok":%s}', '{"data":{"added":[{"id":"15550100","reason":%s}]}}', '{"15550100":{"code":%s}}', "%s"]
)
def test_answers_nested_as_deep_as_can_be_read_break_nothing(shape: str) -> None:
    for depth in range(900, 1000):
        deep = Response(200, (shape % ("[" * depth + "]" * depth)).encode())
        (person,) = wasend(deep).run(adding(WASEND, [ANN], NEVER))
        assert person.status is UNKNOWN


@define
class _AsksTwice:
    """A provider that asks something more after its add."""

    reports_each_person: ClassVar[bool] = True
    base_url: str = "http://provider.example"

    def add_participants(self, *_: object, **__: object) -> Flow[AddReply]:
        yield Request("POST", "/add")
        yield Request("GET", "/state", repeatable=True)
        return AddReply()


def test_a_line_that_breaks_after_the_add_was_received_does_not_make_it_unsent() -> None:
    script = Script({"POST /add": [Response(400)], "GET /state": [lost(maybe_sent=False)]})
    people = parse_participants(["15550100"])
    (person,) = script.run(add(ProviderSession(_AsksTwice()), GroupId(GROUP), people, AddSettings()))
    assert (person.status, person.reason) == (Status.UNKNOWN, Reason.NO_ANSWER)


@define
class _Insists:
    """A provider that sends its add until the answer is a 200."""

    reports_each_person: ClassVar[bool] = True
    base_url: str = "http://provider.example"

    def add_participants(self, *_: object, **__: object) -> Flow[AddReply]:
        answer: Response | None = None
        while answer is None or not answer.ok:
            try:
                answer = yield Request("POST", "/add", not_before=answer.at + 1 if answer else 0.0)
            except NoAnswer:
                answer = None
        return AddReply()


@pytest.mark.parametrize("first", [lost(), Response(429), Response(503)])
def test_rule_6_holds_for_a_provider_that_would_break_it(first: Answer) -> None:
    script = Script({"POST /add": [first]})
    (person,) = script.run(adding(_Insists(), [ANN]))
    assert (person.status, person.reason) == (UNKNOWN, Reason.UNREADABLE_ANSWER)


def test_an_add_that_was_surely_not_sent_may_be_sent_again() -> None:
    script = Script({"POST /add": [lost(maybe_sent=False), OK]})
    (person,) = script.run(adding(_Insists(), [ANN]))
    assert person.reason is Reason.NOT_MENTIONED
