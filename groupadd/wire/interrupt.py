"""Ctrl-C for programs: it ends a request, and never what a flow computes."""

import signal
from typing import Self


class _CtrlC:
    """For programs of their own: within it, Ctrl-C breaks off a request, and what a flow computes not at all.

    Without it, a Ctrl-C between two requests is a plain KeyboardInterrupt, and what the flow knew is lost.
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
