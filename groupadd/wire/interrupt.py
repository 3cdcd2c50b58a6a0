"""Signals for programs. Ctrl-C ends a request, but no computation of a flow. SIGTERM ends a long run in order."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
