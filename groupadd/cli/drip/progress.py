"""Watching a drip: a line for each account that is kept up to date on a terminal, and plain lines elsewhere."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime, timedelta
from math import inf
from time import monotonic

from attrs import define, field
from rich.console import Group, RenderableType
from rich.text import Text

from groupadd import drip
from groupadd.cli.drip import tables
from groupadd.cli.output import Output
from groupadd.cli.tables import plain
from groupadd.settings import PaceSettings

_TOLD = frozenset({"settled", "invited", "invite_failed", "invite_unknown", "recovered", "not_asked", "stopped"})
_EVERY = timedelta(minutes=1)  # between two lines of how the accounts stand, off a terminal
_FRESH_S, _STALE_S = 1.0, 5.0  # what is shown is not read again before, and is after, even if nothing has happened


@define
class Progress:
    """Shows how a run goes, on stderr.

    Attributes:
        screen: Where.
        pace: The pace that every account may go at.
        ledger: The ledger's URL.
        config: The config file, or None.
        ctrl_c: What Ctrl-C does.
    """

    screen: Output
    pace: PaceSettings
    ledger: str
    config: str | None
    ctrl_c: str = "Ctrl-C finishes whoever is in hand, and ends"
    _shown: drip.DripStatus | None = None
    _read_at: float = -inf
    _is_stale: bool = True
    _summed_up: datetime | None = field(default=None, init=False)

    @contextmanager
    def shown(self) -> Generator[None]:
        """Keep the lines up to date while the block runs."""
        if self.screen.is_live:
            with self.screen.live(self._view):
                yield
        else:
            yield

    def print(self, line: drip.AuditLine) -> None:
        """Take in something that has happened."""
        self._is_stale = True
        if self.screen.is_live:
            return
        say_event(self.screen, line)
        if self._summed_up is None or line.at - self._summed_up >= _EVERY:
            self._summed_up = line.at
            for one in self._status().accounts:
                self.screen.info(tables.account_line(one, self.pace, tables.present()))

    def _status(self) -> drip.DripStatus:
        return drip.status(ledger=self.ledger, config=self.config)

    def _view(self) -> RenderableType:
        age_s = monotonic() - self._read_at
        if age_s > (_FRESH_S if self._is_stale else _STALE_S):
            self._is_stale, self._read_at = False, monotonic()
            try:
                self._shown = self._status()
            except drip.LedgerError:  # the run itself meets it, too, and says so
                self._is_stale = True
        if self._shown is None:
            return Text()
        lines = tables.accounts(self._shown, self.pace, tables.present())
        return Group(lines, Text(self.ctrl_c, "dim"))


def say_event(screen: Output, line: drip.AuditLine) -> None:
    """Say in one plain line what has happened, where people may want to know."""
    if line.event in _TOLD:
        parts = (line.at.astimezone().strftime("%H:%M:%S"), line.provider, tables.who(line.participant))
        said = line.detail if line.event == "settled" else f"{line.event.replace('_', ' ')} {line.detail}".strip()
        screen.info(plain("  ".join(filter(None, (*parts, said)))))
