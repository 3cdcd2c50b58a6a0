"""Output: data on stdout, messages on stderr, colour on terminals only."""

import json
import logging
import os
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from rich.console import Console, ConsoleDimensions, RenderableType
from rich.live import Live
from rich.text import Text

from groupadd.cli.error_messages import ErrorMessage
from groupadd.cli.exit_codes import Exit
from groupadd.errors import CannotWrite
from groupadd.files import why
from groupadd.model.cleaning import one_line

_NARROWEST = 60  # columns
_log = logging.getLogger("groupadd")


class Output:
    """Stdout and stderr of one command.

    Args:
        json: Whether stdout gets one JSON object instead of text for people.
    """

    def __init__(self, *, json: bool = False) -> None:
        self.json = json
        self._out = QuietConsole()
        self._err = QuietConsole(stderr=True)

    @property
    def is_interactive(self) -> bool:
        """Whether stdout is a terminal, and gets text for people."""
        return self._out.is_terminal and not self.json

    @property
    def is_live(self) -> bool:
        """Whether stderr is a terminal that can rewrite its last line."""
        return self._err.can_rewrite

    def show(self, data: Mapping[str, object], view: RenderableType) -> None:
        """Print a command's result on stdout: `data` as JSON, or `view` for people."""
        if self.json:
            self._write(json.dumps(data, indent=2))
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
        fault = None
        try:
            yield sys.stdout
            sys.stdout.flush()
        except BrokenPipeError:
            self._out.on_broken_pipe()
        except OSError as error:
            self._out.on_broken_pipe()
            fault = why(error)
        if fault is not None:
            raise CannotWrite(f"standard output cannot be written: {fault}")

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
            self._write(json.dumps({"error": form}))
        message = "\n       ".join(map(one_line, error.message.split("\n")))
        self.info(Text.assemble(("error", "bold red"), ": ", message))
        if error.hint is not None:
            self.info(Text.assemble("\n", ("hint", "bold cyan"), f": {error.hint}"))
        return error.exit

    def _print(self, *parts: RenderableType, sep: str = " ") -> None:
        """Print text for people on stdout."""
        self._to_stdout(lambda: self._out.print(*parts, sep=sep), lambda: self._err.print(*parts, sep=sep))

    def _write(self, data: str) -> None:
        """Write data on stdout as it is: neither the width nor the kind of a terminal changes it."""
        self._to_stdout(lambda: _write_line(sys.stdout, data), lambda: _write_line(sys.stderr, data))

    def _to_stdout(self, print_it: Callable[[], None], print_on_stderr: Callable[[], None]) -> None:
        """Print on stdout. If stdout cannot be written, print on stderr, so that no outcome is lost."""
        fault = "it is closed" if sys.stdout is None else None  # rich would drop the text
        try:
            print_it()
        except OSError as error:
            self._out.on_broken_pipe()
            fault = why(error)
        if fault is not None:
            self.info(f"standard output cannot be written ({fault}); its text follows:\n")
            with suppress(OSError):  # the exit code still reports the result
                print_on_stderr()

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


class QuietConsole(Console):
    """A console that prints data as it is: no markup, no escape codes under NO_COLOR, no error for a closed pipe."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(
            stderr=stderr,
            color_system=None if os.environ.get("NO_COLOR") else "auto",
            markup=False,
            emoji=False,
            highlight=False,
        )

    @property
    def size(self) -> ConsoleDimensions:
        """The size of the terminal. A narrower one wraps the lines by itself: rich would cut words, or show none."""
        size = super().size
        return ConsoleDimensions(max(size.width, _NARROWEST), size.height)

    @size.setter
    def size(self, new_size: tuple[int, int]) -> None:
        self._width, self._height = new_size

    @property
    def can_rewrite(self) -> bool:
        """Whether the console is a terminal on which lines can be rewritten: none of them wraps."""
        return self.is_terminal and not self.is_dumb_terminal and super().size.width >= _NARROWEST

    def on_broken_pipe(self) -> None:
        """Discard further output: the exit code still reports the result."""
        with suppress(OSError, ValueError):  # a stream that is no file
            os.dup2(os.open(os.devnull, os.O_WRONLY), (sys.stderr if self.stderr else sys.stdout).fileno())


class HelpConsole(QuietConsole):
    """The console for pages of help."""

    def print(self, *parts: Any, **options: Any) -> None:
        """Print a page.

        Raises:
            CannotWrite: Stdout cannot be written.
        """
        fault = None
        try:
            super().print(*parts, **options)
        except OSError as error:
            self.on_broken_pipe()
            fault = why(error)
        if fault is not None:
            raise CannotWrite(f"standard output cannot be written: {fault}")


def _write_line(stream: TextIO | None, text: str) -> None:
    if stream is not None:
        stream.write(f"{text}\n")
        stream.flush()


class _Pauses(logging.Handler):
    """Shows warnings, and the driver's pauses: one line that is rewritten on a terminal, plain lines elsewhere."""

    def __init__(self, console: QuietConsole) -> None:
        super().__init__(logging.INFO)
        self._console = console
        self._rewrites = console.can_rewrite
        self._showing = False

    def emit(self, record: logging.LogRecord) -> None:
        wait_s = getattr(record, "wait_s", None)
        if record.levelno >= logging.WARNING:
            self.clear()
            self._console.print(Text.assemble((record.levelname.lower(), "yellow"), ": ", record.getMessage()))
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
