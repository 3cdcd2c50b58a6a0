"""Flows and their drivers: pauses, lost answers, Ctrl-C, and the same in sync and async."""

import asyncio
import signal
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from groupadd.errors import GroupAddError, Interrupted, ProviderUnreachable
from groupadd.model.masking import Secret
from groupadd.wire.driver import SystemClock, drive, drive_async
from groupadd.wire.interrupt import CTRL_C
from groupadd.wire.messages import LONGEST_RETRY_S, NOT_JSON, Flow, NoAnswer, Request, Response
from tests.support.scripts import Answer, FakeClock, Script, lost, says

READ = Request("GET", "/read", repeatable=True)


def two_reads(pause_s: float = 0.0) -> Flow[list[object]]:
    """Read twice, the second time `pause_s` after the first answer; what is lost is None."""
    story: list[object] = []
    at = 0.0
    for _ in range(2):
        try:
            response = yield Request("GET", "/read", not_before=at + pause_s if at else 0.0)
        except NoAnswer as no_answer:
            story.append((no_answer.maybe_sent, no_answer.sent_at, no_answer.at))
            at = no_answer.at
        else:
            story.append((response.json(), response.sent_at, response.at))
            at = response.at
    return story


def test_a_pause_is_waited_before_the_request_and_counts_from_the_answer() -> None:
    script = Script({"GET /read": [says(1), says(2)]})
    assert script.run(two_reads(8.0)) == [(1, 1000.0, 1000.0), (2, 1008.0, 1008.0)]


def test_an_answer_keeps_the_host_that_was_asked() -> None:
    def asks_once() -> Flow[str]:
        return (yield READ).host

    assert Script({"GET /read": [Response(200, host="api.example")]}).run(asks_once()) == "api.example"


def test_a_moment_that_is_past_is_not_waited_for() -> None:
    script = Script({"GET /read": [says(1), says(2)]})
    assert script.run(two_reads(-5.0)) == [(1, 1000.0, 1000.0), (2, 1000.0, 1000.0)]


def test_a_lost_answer_is_thrown_in_with_its_times() -> None:
    script = Script({"GET /read": [lost(), lost(maybe_sent=False)]})
    assert script.run(two_reads(3.0)) == [(True, 1000.0, 1000.0), (False, 1003.0, 1003.0)]


@given(st.lists(st.sampled_from(["answer", "lost", "unreachable"]), min_size=2, max_size=2), st.floats(0, 60))
def test_sync_and_async_are_the_same_story(kinds: list[str], pause_s: float) -> None:
    def script() -> Script:
        made: dict[str, Callable[[], Answer]] = {
            "answer": lambda: says(7),
            "lost": lost,
            "unreachable": lambda: lost(maybe_sent=False),
        }
        return Script({"GET /read": [made[kind]() for kind in kinds]})

    assert script().run(two_reads(pause_s)) == script().run_async(two_reads(pause_s))


@pytest.mark.parametrize("run", [Script.run, Script.run_async])
def test_an_error_of_the_flow_is_the_callers_and_closes_the_flow(run: Callable[[Script, Flow[None]], None]) -> None:
    closed: list[str] = []

    def flow() -> Flow[None]:
        try:
            yield READ
            raise ProviderUnreachable("no")
        finally:
            closed.append("closed")

    with pytest.raises(ProviderUnreachable):
        run(Script({"GET /read": [says(1)]}), flow())
    assert closed == ["closed"]


def test_ctrl_c_gives_no_answer_to_anything_any_more_and_brings_what_is_known() -> None:
    script = Script({"GET /read": [KeyboardInterrupt()]})
    with pytest.raises(Interrupted) as caught:
        script.run(two_reads(8.0))
    assert caught.value.outcome == [(True, 1000.0, 1000.0), (False, 1000.0, 1000.0)]
    assert len(script.requests) == 1
    assert script.clock.time == 1000.0


def test_ctrl_c_while_waiting_means_that_nothing_was_sent() -> None:
    class Impatient(FakeClock):
        def sleep(self, seconds: float) -> None:
            self.time += seconds / 8
            raise KeyboardInterrupt

    script = Script({"GET /read": [says(1)]}, Impatient())
    with pytest.raises(Interrupted) as caught:
        script.run(two_reads(8.0))
    assert caught.value.outcome == [(1, 1000.0, 1000.0), (False, 1001.0, 1001.0)]


def test_ctrl_c_is_plain_where_the_flow_has_nothing_to_say() -> None:
    def flow() -> Flow[None]:
        try:
            yield READ
        except NoAnswer:
            raise ProviderUnreachable("the provider cannot be reached") from None

    with pytest.raises(KeyboardInterrupt) as caught:
        Script({"GET /read": [KeyboardInterrupt()]}).run(flow())
    assert not isinstance(caught.value, Interrupted)


def test_a_cancelled_call_closes_its_flow() -> None:
    closed: list[str] = []

    def flow() -> Flow[None]:
        try:
            yield READ
        finally:
            closed.append("closed")

    async def never(_: Request) -> Response:
        await asyncio.Event().wait()
        raise AssertionError

    async def cancelled() -> None:
        task = asyncio.create_task(drive_async(flow(), never, SystemClock()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert closed == ["closed"]


def test_a_flow_that_asks_nothing_only_returns() -> None:
    def flow() -> Flow[int]:
        yield from ()
        return 5

    script = Script({})
    assert drive(flow(), script, script.clock) == 5


@pytest.mark.parametrize(("method", "repeatable"), [("GET", True), ("POST", False), ("PUT", False)])
def test_only_a_get_may_be_repeated_without_a_word(method: str, repeatable: bool) -> None:
    assert Request.to(f"{method} /groups").repeatable is repeatable
    assert Request.to(f"{method} /groups", repeatable=not repeatable).repeatable is not repeatable


def test_a_request_to_an_endpoint_is_the_one_that_is_spelled_out() -> None:
    key, body = {"x-key": Secret("the-key")}, {"people": ["15550100"]}
    spelled_out = Request("POST", "/add", query={"a": "b"}, headers=key, json=body)
    assert Request.to("POST /add", query={"a": "b"}, headers=key, json=body) == spelled_out


def test_a_request_shows_its_template_and_no_parameter() -> None:
    request = Request(
        *("POST", "/{session}/add"),
        params={"session": "s-1"},
        query={"token": Secret("the-key")},
        headers={"x-phone": "15550100"},
        json={"participants": ["15550100"]},
    )
    assert str(request) == "POST /{session}/add"
    assert not any(word in repr(request) for word in ("s-1", "the-key", "15550100"))


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"ok": true}', {"ok": True}),
        (b'\xef\xbb\xbf{"ok": true}', {"ok": True}),
        (b"", None),
        (b" \r\n", None),
        (b"null", None),
        (b"<html>", NOT_JSON),
        (b'{"ok": tr', NOT_JSON),
        (b"\xff\xfe\xfd", NOT_JSON),
        (b"[" * 100_000, NOT_JSON),
        (b"1" * 5000, NOT_JSON),
    ],
)
def test_a_body_is_json_or_nothing_or_unreadable(body: bytes, value: object) -> None:
    assert Response(200, body).json() == value


DATE = "Wed, 21 Oct 2026 07:28:00 GMT"


@pytest.mark.parametrize(
    ("value", "date", "wait_s"),
    [
        ("7", "", 7.0),
        (" 7 ", "", 7.0),
        ("Wed, 21 Oct 2026 07:29:30 GMT", DATE, 90.0),
        ("Wed, 21 Oct 2026 07:27:00 GMT", DATE, 0.0),
        ("Wed, 21 Oct 2026 07:29:30 GMT", "", None),
        ("Wed, 21 Oct 2026 07:29:30", DATE, None),
        ("-7", "", None),
        ("soon", DATE, None),
        ("", DATE, None),
    ],
)
def test_retry_after_is_read_in_seconds_or_as_a_date(value: str, date: str, wait_s: float | None) -> None:
    assert Response(429, headers={"retry-after": value, "date": date}).retry_after_s == wait_s


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d+ [A-Z][a-z]{2} \d+ \d+:\d+:\d+ ([+-]\d+|GMT)"))
@example(f"Mon, 01 Jan 2020 00:00:{'9' * 20} GMT")
@example(f"Mon, 01 Jan 2020 00:00:00 +{'9' * 20}")
def test_no_retry_after_breaks_anything(value: str) -> None:
    wait_s = Response(429, headers={"retry-after": value, "date": DATE}).retry_after_s
    assert wait_s is None or wait_s >= 0


def test_interrupted_is_no_groupadd_error() -> None:
    assert not issubclass(Interrupted, GroupAddError | Exception)


@pytest.mark.parametrize("asks", ["604801", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_no_pause_is_longer_than_a_week(asks: str) -> None:
    headers = {"retry-after": asks, "date": "Thu, 01 Jan 2026 00:00:00 GMT"}
    assert Response(429, headers=headers).retry_after_s == LONGEST_RETRY_S


def test_ctrl_c_while_a_flow_computes_loses_nothing_of_what_is_known() -> None:
    def computing() -> Flow[str]:
        yield Request("POST", "/add")
        signal.raise_signal(signal.SIGINT)
        try:
            yield Request("GET", "/roster")
        except NoAnswer as lost:
            return f"{lost}, {lost.maybe_sent}"
        return "looked"

    before = signal.getsignal(signal.SIGINT)
    with CTRL_C, pytest.raises(Interrupted) as stop:
        drive(computing(), lambda _: Response(200), FakeClock())
    assert stop.value.outcome == "interrupted, False"
    assert signal.getsignal(signal.SIGINT) is before
