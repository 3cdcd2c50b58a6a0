"""SIGTERM and SIGHUP do what Ctrl-C does at that moment."""

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from groupadd.wire.interrupt import CTRL_C, terminated_as_by_ctrl_c

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no such signals can be sent there")
SIGNALS = [signal.SIGTERM, signal.SIGHUP] if os.name != "nt" else []


@pytest.fixture(autouse=True)
def _usual_handlers() -> Iterator[None]:
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, *SIGNALS)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for one in SIGNALS:
        signal.signal(one, signal.SIG_DFL)
    yield
    for one, handler in before.items():
        signal.signal(one, handler)


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("ctrl_c", [signal.default_int_handler, signal.SIG_IGN, signal.SIG_DFL])
def test_a_signal_interrupts_even_where_ctrl_c_is_ignored(number: signal.Signals, ctrl_c: signal.Handlers) -> None:
    signal.signal(signal.SIGINT, ctrl_c)
    with pytest.raises(KeyboardInterrupt), terminated_as_by_ctrl_c():
        signal.raise_signal(number)
    assert signal.getsignal(number) is signal.SIG_DFL


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_is_left_to_whatever_handles_ctrl_c(number: signal.Signals) -> None:
    with terminated_as_by_ctrl_c(), CTRL_C:
        signal.raise_signal(number)
        assert CTRL_C.pressed


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_that_is_ignored_or_handled_elsewhere_stays_so(number: signal.Signals) -> None:
    handled: list[int] = []
    for handler in (signal.SIG_IGN, lambda *_: handled.append(number)):
        signal.signal(number, handler)
        with terminated_as_by_ctrl_c():
            signal.raise_signal(number)
        assert signal.getsignal(number) is handler
    assert handled == [number]


def test_another_thread_changes_no_handler() -> None:
    seen: list[object] = []

    def look() -> None:
        with terminated_as_by_ctrl_c():
            seen.extend(map(signal.getsignal, SIGNALS))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [signal.SIG_DFL] * len(SIGNALS)
