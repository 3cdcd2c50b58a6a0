"""Signals for programs. Ctrl-C ends a request, but no computation of a flow; SIGTERM and SIGHUP are as Ctrl-C."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Self


class _CtrlC:
    """Within this context, Ctrl-C ends the request under way, and the flow keeps what it knows.

    Without it, Ctrl-C between two requests is a plain KeyboardInterrupt, and what the flow knew is lost.
    """

    pressed: bool = False
    asking: bool = False

    def __enter__(self) -> Self:
        self.pressed = False
        self._before = signal.signal(signal.SIGINT, self._press)
        return self

    def _press(self, *_: object) -> None:
        self.pressed = True
        if self.asking:
            raise KeyboardInterrupt

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)
        self.pressed = False


CTRL_C = _CtrlC()
_AS_CTRL_C = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextmanager
def terminated_as_by_ctrl_c() -> Iterator[None]:
    """Let SIGTERM and SIGHUP do what Ctrl-C does at that moment, unless a handler of another program's is set.

    A signal that is ignored, as under `nohup`, stays ignored. Python delivers signals to the main thread: in another
    one, the block runs without them.
    """
    is_main = threading.current_thread() is threading.main_thread()
    ours = [one for one in _AS_CTRL_C if is_main and signal.getsignal(one) is signal.SIG_DFL]
    for one in ours:
        signal.signal(one, _press_ctrl_c)
    try:
        yield
    finally:
        for one in ours:
            signal.signal(one, signal.SIG_DFL)


def _press_ctrl_c(_: int, frame: FrameType | None) -> None:
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler):  # in the background, shells let programs ignore Ctrl-C
        raise KeyboardInterrupt
    handler(signal.SIGINT, frame)


@contextmanager
def on_signals(stop: Callable[[], None], *signals: signal.Signals) -> Iterator[None]:
    """Call `stop` in the running event loop at the first of these signals; the next one has its usual effect.

    Python delivers signals to the main thread: in another one, the block runs without them.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {one: signal.getsignal(one) for one in signals}

    def restore() -> None:
        for one, handler in before.items():
            signal.signal(one, handler)

    def on_signal(*_: object) -> None:
        restore()
        loop.call_soon_threadsafe(stop)

    for one in signals:
        signal.signal(one, on_signal)
    try:
        yield
    finally:
        restore()
