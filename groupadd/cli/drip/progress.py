"""The progress of a run: one line for each account, kept up to date on a terminal, and plain lines elsewhere."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime, timedelta
from math import inf
from time import monotonic

from attrs import define, field
from rich.console import Group, RenderableType
from rich.text import Text

from groupadd.cli.drip import tables
from groupadd.cli.output import Output
from groupadd.cli.tables import plain
from groupadd.drip import AuditLine, Drip, DripStatus
from groupadd.errors import LedgerError
from groupadd.model.wording import in_words

_SHOWN = frozenset({"settled", "invited", "invite_failed", "invite_unknown", "recovered", "not_asked", "stopped"})
_SUMMARY_EVERY = timedelta(minutes=1)  # off a terminal
_MIN_AGE_S, _MAX_AGE_S = (
    1.0,
    5.0,
)  # of the shown status: with news it is read again from the first, else from the second


@define
class Progress:
    """Shows on stderr how a run goes.

    Attributes:
        output: The streams of the command.
        drip: The open ledger.
        ctrl_c: What Ctrl-C does.
    """

    output: Output
    drip: Drip
    ctrl_c: str = "Ctrl-C finishes the current people, and ends"
    _status: DripStatus | None = field(default=None, init=False)
    _read_at: float = field(default=-inf, init=False)
    _has_news: bool = field(default=True, init=False)
    _summed_up_at: datetime | None = field(default=None, init=False)

    @contextmanager
    def shown(self) -> Generator[None]:
        """Keep the lines up to date while the block runs."""
        if self.output.is_live:
            with self.output.live(self._view):
                yield
        else:
            yield

    def on_line(self, line: AuditLine) -> None:
        """Show a line of the audit, or let the next view read the status again."""
        self._has_news = True
        if self.output.is_live:
            return
        show_event(self.output, line)
        if self._summed_up_at is None or line.at - self._summed_up_at >= _SUMMARY_EVERY:
            self._summed_up_at = line.at
            pace = self.drip.settings.drip
            for account in self.drip.status().accounts:
                self.output.info(tables.account_line(account, pace, tables.present()))

    def _view(self) -> RenderableType:
        age_s = monotonic() - self._read_at
        if age_s > (_MIN_AGE_S if self._has_news else _MAX_AGE_S):
            self._has_news, self._read_at = False, monotonic()
            try:
                self._status = self.drip.status()
            except LedgerError:  # the run itself meets the error, too, and reports it
                self._has_news = True
        if self._status is None:
            return Text()
        accounts = tables.accounts(self._status, self.drip.settings.drip, tables.present())
        return Group(accounts, Text(self.ctrl_c, "dim"))


def show_event(output: Output, line: AuditLine) -> None:
    """Print one plain line to stderr for an event that people may want to know."""
    if line.event in _SHOWN:
        about = (line.at.astimezone().strftime("%H:%M:%S"), line.provider, tables.masked_number(line.participant))
        event = line.detail if line.event == "settled" else f"{in_words(line.event)} {line.detail}".strip()
        output.info(plain("  ".join(filter(None, (*about, event)))))
