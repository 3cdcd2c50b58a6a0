"""What `Drip` and `AsyncDrip` share: an open ledger, its settings, and the verbs that are short calls of a database."""

import asyncio
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, TextIO

from groupadd.config.load import Config, load
from groupadd.config.sources import ConfigSource, config_files, hidden
from groupadd.drip import control, planning
from groupadd.drip.export import export
from groupadd.drip.fleet.watch import watch
from groupadd.drip.planning import Plan
from groupadd.drip.status import DripStatus, status_of
from groupadd.drip.store.audit import AuditLine, OnLine, lines
from groupadd.drip.store.database import DEFAULT_URL, Ledger, exclusive
from groupadd.drip.store.schema import VERSION
from groupadd.drip.worker.run import AccountRun, RunContext, ignore_line, run_account, run_accounts
from groupadd.errors import LedgerError
from groupadd.files import FilePath
from groupadd.model.outcome import Reason
from groupadd.people_file import Rows
from groupadd.wire.driver import Clock

if TYPE_CHECKING:  # slow to import
    import httpx


class LedgerVerbs:
    """An open ledger, its settings, and what can be done with it; `Drip` and `AsyncDrip` differ in how they wait."""

    def __init__(
        self,
        ledger: str | None = None,
        config: ConfigSource = None,
        *,
        clock: Clock | None = None,
        lease_s: float | None = None,
    ) -> None:
        self._opened = Ledger.open(ledger or DEFAULT_URL, clock=clock)
        self._config = hidden(config)
        self._lease_s = lease_s
        self._http: httpx.AsyncClient | None = None
        self._is_closed = False

    @cached_property
    def settings(self) -> Config:
        """The configuration, read when it is first needed and kept.

        Raises:
            ConfigError: The configuration cannot be used.
        """
        return load(self._config)

    @property
    def ledger(self) -> str:
        """The ledger's URL, without a password."""
        return self._opened.name

    @property
    def is_shared(self) -> bool:
        """Whether the ledger is on a server, where workers on many machines share it."""
        return self._opened.is_shared

    @property
    def _store(self) -> Ledger:
        if self._is_closed:
            raise LedgerError("this drip is closed: open it again")
        return self._opened

    def plan(
        self,
        source: FilePath | Rows,
        *,
        group: str | None = None,
        providers: Sequence[str] = (),
        phone_column: str | None = None,
    ) -> Plan:
        """Put people into the ledger, and forecast how long it takes. Sends nothing.

        The ledger keeps all columns, and `export` returns them. It is made where there is none.

        Args:
            source: The path of a CSV file with a header, `-` for standard input, or rows with the same columns. The
                columns `group` and `provider` win over the arguments.
            group: The group of the rows that name none.
            providers: The accounts that share the rows that name none; left out: the default provider.
            phone_column: The name of the phone column; left out: `phone`, `participant` or `number`.

        Raises:
            ConfigError: The configuration cannot be used, or a provider is not configured.
            InvalidGroup: `group` is not the JID of a group.
            CannotRead: The file cannot be read, or has no phone column.
            LedgerError: The ledger cannot be used.
        """
        return planning.plan(
            self._store, self.settings, source, group=group, providers=providers, phone_column=phone_column
        )

    def status(self) -> DripStatus:
        """Return what is done and what is to do, in all and by account.

        Raises:
            ConfigError: The configuration cannot be used.
            LedgerError: The ledger cannot be used.
        """
        return status_of(self._store, self.settings.drip)

    def pause(self, provider: str | None = None) -> None:
        """Stop an account, or all, before its next add or invitation, on whichever machine it runs.

        Args:
            provider: The account, by its configured name; None for all.

        Raises:
            LedgerError: The ledger cannot be used, or has no such account.
        """
        control.pause(self._store, provider)

    def resume(self, provider: str | None = None) -> None:
        """Let a stopped account, or all, go on. The verdicts so far no longer count against it; its pace stays.

        Args:
            provider: The account, by its configured name; None for all.

        Raises:
            LedgerError: The ledger cannot be used, or has no such account.
        """
        control.resume(self._store, provider)

    def retry(self, reason: Reason | str) -> int:
        """Retry the people who ended for a reason and are not in the group; return how many.

        Participants whose status is unknown are looked up in the roster before they are retried. No participant gets a
        second invitation.

        Args:
            reason: The reason, such as `group_full`.

        Raises:
            ValueError: There is no such reason.
            LedgerError: The ledger cannot be used.
        """
        return control.retry(self._store, Reason(reason))

    @property
    def _files(self) -> Sequence[FilePath]:
        """The files that no export and no report replaces: the ledger's own, and the config."""
        return (*self._opened.files, *config_files(self._config))

    def export(self, target: FilePath | TextIO, *, force: bool = False) -> None:
        """Write every row that was planned, with status, reason, evidence and time (UTC, ISO 8601) behind it.

        They are empty while there is no verdict; the reason of a row that cannot be used says why. Where files with
        other columns were planned as well, all columns are there, and each row fills its own.

        A new file is readable by its owner alone. A file that is there is replaced as a whole, or stays as it was.

        Args:
            target: The path of a file, or an open text file, whose own errors are raised unchanged. A file that is
                there is replaced if it is a planned list or an earlier export.
            force: Replace a file of another kind, and the file that a symbolic link names; never a ledger or a config.

        Raises:
            LedgerError: The ledger cannot be used.
            CannotWrite: The file cannot be written, or is not to be replaced.
        """
        export(self._store, target, force=force, protected=self._files)

    def audit(self) -> Iterator[AuditLine]:
        """Yield everything that happened, in order.

        Raises:
            LedgerError: The ledger cannot be used.
        """
        with self._store.reading() as tx:
            for numbered in lines(tx):
                yield numbered.line

    def report(self, target: FilePath, *, full_numbers: bool = False, force: bool = False) -> None:
        """Write how everything stands as one HTML page, which needs no network and no script.

        A new page is readable by its owner alone. A page that is there is replaced as a whole, or stays as it was.

        Args:
            target: The path of the page. A file that is there is replaced if it is an earlier report.
            full_numbers: Show whole phone numbers; they are masked otherwise.
            force: Replace a file of another kind, and the file that a symbolic link names; never a ledger or a config.

        Raises:
            ConfigError: The configuration cannot be used.
            LedgerError: The ledger cannot be used.
            CannotWrite: The page cannot be written, or the file is not to be replaced.
        """
        from groupadd.drip.report.page import write_report  # noqa: PLC0415  Jinja2 is slow to import

        pace = self.settings.drip
        write_report(target, self._store, pace, full_numbers=full_numbers, force=force, protected=self._files)

    def forget(self, participant: str) -> int:
        """Delete what the ledger holds of a person, in all groups; return how many rows that were.

        The lines of the audit stay without the name, since they count for the pace. A ledger that is a file is
        rewritten, so that nothing of the person stays in it; a server's keeps the rows until `VACUUM FULL`.

        Args:
            participant: The person, in any spelling that `plan` takes.

        Raises:
            InvalidParticipant: The participant cannot be parsed.
            LedgerError: The ledger cannot be used, or not rewritten; or a request about the person is under way: retry
                in a minute.
        """
        return control.forget(self._store, participant)

    def init(self) -> int:
        """Make the tables of the ledger, or bring them up to date; on PostgreSQL those of the workers' jobs, too.

        Returns:
            The version of the ledger's tables.

        Raises:
            LedgerError: The ledger cannot be used.
        """
        self._store.make(migrate=True)
        if self.is_shared:
            from groupadd.drip.fleet.worker import prepare  # noqa: PLC0415  needs the extra `procrastinate`

            prepare(self._store)
        return VERSION

    def _context(self, on_line: OnLine | None, stopping: asyncio.Event | None) -> RunContext:
        return RunContext(
            self._store,
            self.settings,
            on_line or ignore_line,
            stopping or asyncio.Event(),
            http=self._http,
            lease_s=self._lease_s,
        )

    async def _run(self, on_line: OnLine | None, stopping: asyncio.Event | None) -> DripStatus:
        await run_accounts(self._context(on_line, stopping))
        return self.status()

    async def _watch(self, on_line: OnLine | None) -> DripStatus:
        return await watch(self._store, self.settings.drip, on_line or ignore_line)

    async def _run_account(
        self, provider: str, seconds: float, on_line: OnLine | None, stopping: asyncio.Event | None
    ) -> AccountRun:
        with exclusive(self._store):
            return await run_account(self._context(on_line, stopping), provider, seconds)

    def _require_shared(self) -> None:
        if not self.is_shared:
            raise LedgerError("workers share a ledger on a PostgreSQL server: postgresql+psycopg://…")

    async def _work(self, accounts: int, on_line: OnLine | None, stopping: asyncio.Event | None) -> None:
        self._require_shared()
        from groupadd.drip.fleet.worker import work  # noqa: PLC0415  needs the extra `procrastinate`

        await work(self._context(on_line, stopping), accounts=accounts)

    async def _enqueue_accounts(self) -> Sequence[str]:
        self._require_shared()
        from groupadd.drip.fleet.worker import enqueue  # noqa: PLC0415  needs the extra `procrastinate`

        return await enqueue(self._context(None, None))

    def _close(self) -> None:
        self._is_closed = True
        self._opened.close()
