"""Output: data on stdout, messages on stderr, colour on terminals only."""

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
    """Stdout and stderr of one command.

    Args:
        json: Whether stdout gets one JSON object instead of text for people.
    """

    def __init__(self, *, json: bool = False) -> None:
        self.json = json
        self._out = _QuietConsole()
        self._err = _QuietConsole(stderr=True)

    @property
    def is_interactive(self) -> bool:
        """Whether stdout is a terminal, and gets text for people."""
        return self._out.is_terminal and not self.json

    @property
    def is_live(self) -> bool:
        """Whether stderr is a terminal that can rewrite its last line."""
        return self._err.is_terminal and not self._err.is_dumb_terminal

    def show(self, data: Mapping[str, object], view: RenderableType) -> None:
        """Print a command's result on stdout: `data` as JSON, or `view` for people."""
        if self.json:
            self._print(json.dumps(data, indent=2), soft_wrap=True)
        else:
            self._print(view)

    def print(self, *parts: RenderableType) -> None:
        """Print text for people on stdout; print nothing with `--json`."""
        if not self.json:
            self._print(*parts, sep="\n")

    @contextmanager
    def stream(self) -> Generator[TextIO]:
        """Yield stdout, for data in pieces. A closed pipe is no error.

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

    def info(self, message: RenderableType) -> None:
        """Print a message on stderr."""
        try:
            self._err.print(message, soft_wrap=isinstance(message, str | Text))
        except OSError:
            self._err.on_broken_pipe()  # the exit code still reports the result

    def show_error(self, error: ErrorMessage) -> Exit:
        """Print an error on stderr, with `--json` on stdout too, and return its exit code."""
        if self.json:
            form = {"type": error.type, "message": error.message}
            self._print(json.dumps({"error": form}), soft_wrap=True)
        self.info(Text.assemble(("error", "bold red"), ": ", error.message.replace("\n", "\n       ")))
        if error.hint is not None:
            self.info(Text.assemble("\n", ("hint", "bold cyan"), f": {error.hint}"))
        return error.exit

    def _print(self, *parts: RenderableType, sep: str = " ", soft_wrap: bool = False) -> None:
        """Print on stdout. If stdout cannot be written, print on stderr, so that no outcome is lost."""
        why = "it is closed" if sys.stdout is None else None  # rich would drop the text
        try:
            self._out.print(*parts, sep=sep, soft_wrap=soft_wrap)
        except OSError as error:
            self._out.on_broken_pipe()
            why = error.strerror or type(error).__name__
        if why is not None:
            self.info(f"standard output cannot be written ({why}); its text follows:\n")
            self._err.print(*parts, sep=sep, soft_wrap=soft_wrap)

    @contextmanager
    def live(self, view: Callable[[], RenderableType]) -> Generator[None]:
        """Show a view on stderr and refresh it while the block runs; remove it at the end."""
        with Live(get_renderable=view, console=self._err, refresh_per_second=2, transient=True):
            yield

    @contextmanager
    def progress(self) -> Generator[None]:
        """Show the pauses between looks on stderr while the block runs."""
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
    """A console that prints data as it is: no markup, no escape codes under NO_COLOR, no error for a closed pipe."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(
            stderr=stderr,
            color_system=None if os.environ.get("NO_COLOR") else "auto",
            markup=False,
            emoji=False,
            highlight=False,
        )

    def on_broken_pipe(self) -> None:
        """Discard further output: the exit code still reports the result."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), (sys.stderr if self.stderr else sys.stdout).fileno())


class _Pauses(logging.Handler):
    """Shows the driver's log records of its pauses: one line that is rewritten on a terminal, plain lines elsewhere."""

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
        """Remove the line."""
        if self._showing:
            self._console.file.write("\r\x1b[2K")
            self._console.file.flush()
            self._showing = False
