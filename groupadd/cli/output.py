"""Where words go: data to stdout, talk to stderr, colour to terminals only."""

import json
import logging
import os
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from groupadd.cli.error_messages import ErrorMessage
from groupadd.cli.exit_codes import Exit
from groupadd.errors import CannotWrite

_log = logging.getLogger("groupadd")


class Output:
    """Both streams of one command.

    Args:
        json: Whether stdout gets one JSON object in place of words for people.
    """

    def __init__(self, *, json: bool = False) -> None:
        self.json = json
        self._out = _QuietConsole()
        self._err = _QuietConsole(stderr=True)

    @property
    def is_interactive(self) -> bool:
        """Whether somebody sits at a terminal and reads what a command prints there."""
        return self._out.is_terminal and not self.json

    @property
    def is_live(self) -> bool:
        """Whether talk goes to a terminal on which what was said can be said anew."""
        return self._err.is_terminal and not self._err.is_dumb_terminal

    def show(self, data: Mapping[str, object], view: RenderableType) -> None:
        """Print a command's result: `data` as JSON, or `view` for people."""
        if self.json:
            self._print(json.dumps(data, indent=2), soft_wrap=True)
        else:
            self._print(view)

    def print(self, *parts: RenderableType) -> None:
        """Print a part of a story for people to stdout, unless that is kept for JSON."""
        if not self.json:
            self._print(*parts, sep="\n")

    @contextmanager
    def stream(self) -> Generator[TextIO]:
        """Give stdout to the block, for data as it comes; it goes on without a reader.

        Raises:
            CannotWrite: Stdout cannot be written.
        """
        if sys.stdout is None:
            raise CannotWrite("standard output cannot be written: it is closed")
        why = ""
        try:
            yield sys.stdout
            sys.stdout.flush()
        except BrokenPipeError:
            self._out.on_broken_pipe()
        except OSError as error:
            self._out.on_broken_pipe()
            why = error.strerror or type(error).__name__
        if why:
            raise CannotWrite(f"standard output cannot be written: {why}")

    def info(self, talk: RenderableType) -> None:
        """Print talk to stderr."""
        try:
            self._err.print(talk, soft_wrap=isinstance(talk, str | Text))
        except OSError:
            self._err.on_broken_pipe()  # nobody is left to be told but by the exit code

    def show_error(self, complaint: ErrorMessage) -> Exit:
        """Say what is wrong, and return the exit code."""
        if self.json:
            error = {"type": complaint.type, "message": complaint.message}
            self._print(json.dumps({"error": error}), soft_wrap=True)
        self.info(Text.assemble(("error", "bold red"), ": ", complaint.message.replace("\n", "\n       ")))
        if complaint.hint is not None:
            self.info(Text.assemble("\n", ("hint", "bold cyan"), f": {complaint.hint}"))
        return complaint.exit

    def _print(self, *parts: RenderableType, sep: str = " ", soft_wrap: bool = False) -> None:
        """Print to stdout, or to stderr where that cannot be written: what has happened is never lost."""
        why = "it is closed" if sys.stdout is None else None  # rich prints to nowhere then
        try:
            self._out.print(*parts, sep=sep, soft_wrap=soft_wrap)
        except OSError as error:
            self._out.on_broken_pipe()
            why = error.strerror or type(error).__name__
        if why is not None:
            self.info(f"standard output cannot be written ({why}); it was to get:\n")
            self._err.print(*parts, sep=sep, soft_wrap=soft_wrap)

    @contextmanager
    def live(self, view: Callable[[], RenderableType]) -> Generator[None]:
        """Keep a view on stderr up to date while the block runs, and take it away at the end."""
        with Live(get_renderable=view, console=self._err, refresh_per_second=2, transient=True):
            yield

    @contextmanager
    def progress(self) -> Generator[None]:
        """Tell of pauses between looks, on stderr, while the block runs."""
        handler, level = _Pauses(self._err), _log.level
        _log.addHandler(handler)
        _log.setLevel(logging.INFO)
        try:
            yield
        finally:
            _log.setLevel(level)
            _log.removeHandler(handler)
            handler.clear()


class _QuietConsole(Console):
    """A console without surprises: no markup in data, no escape codes under NO_COLOR, no noise when a pipe closes."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(
            stderr=stderr,
            color_system=None if os.environ.get("NO_COLOR") else "auto",
            markup=False,
            emoji=False,
            highlight=False,
        )

    def on_broken_pipe(self) -> None:
        """Go on without a reader: the exit code still tells what happened."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), (sys.stderr if self.stderr else sys.stdout).fileno())


class _Pauses(logging.Handler):
    """Turns the driver's records of its pauses into one line that comes and goes; into plain lines off a terminal."""

    def __init__(self, console: Console) -> None:
        super().__init__(logging.INFO)
        self._console = console
        self._rewrites = console.is_terminal and not console.is_dumb_terminal
        self._showing = False

    def emit(self, record: logging.LogRecord) -> None:
        wait_s = getattr(record, "wait_s", None)
        if wait_s is None:
            return
        self.clear()
        line = f"next look at the group in {wait_s:.0f} s (Ctrl-C prints what is known so far)"
        self._showing = self._rewrites
        end = "" if self._rewrites else "\n"
        self._console.print(Text(line, style="dim"), end=end, no_wrap=True, overflow="ellipsis")

    def clear(self) -> None:
        """Take the line away."""
        if self._showing:
            self._console.file.write("\r\x1b[2K")
            self._console.file.flush()
            self._showing = False
