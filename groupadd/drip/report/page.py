"""The report's page: data in, HTML out. Its look is in `page.html.jinja`, `charts.html.jinja` and `report.css`."""

from collections.abc import Iterable
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from groupadd.drip.report.data import ReportData, shape
from groupadd.drip.status import status_of
from groupadd.drip.store.database import Ledger
from groupadd.drip.store.report_facts import read_report_facts
from groupadd.files import FilePath, open_binary, replacing
from groupadd.model.outcome import Status
from groupadd.model.reasons import REASONS
from groupadd.model.wording import counted, counted_people, duration, in_words
from groupadd.settings import PaceSettings

_MARK = b'<meta name="generator" content="groupadd">'
MAX_PEOPLE = 500  # of one reason, and of invalid rows; `groupadd drip export` writes all

_TEMPLATES = Environment(
    loader=PackageLoader("groupadd.drip.report", "."),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters |= {
    "counted": counted,
    "duration": duration,
    "in_words": in_words,
    "people": counted_people,
    "thousands": "{:,}".format,
}
_TEMPLATES.globals |= {"Status": Status, "explanations": REASONS}


def write_report(
    target: FilePath,
    ledger: Ledger,
    pace: PaceSettings,
    *,
    full_numbers: bool = False,
    force: bool = False,
    protected: Iterable[FilePath] = (),
) -> None:
    """Write a whole plan as one HTML page.

    Args:
        target: The page's path. A file that is there is replaced if it is an earlier report.
        ledger: The ledger.
        pace: The allowed pace.
        full_numbers: Show whole phone numbers; they are masked otherwise.
        force: Replace a file of another kind, and the file that a symbolic link names.
        protected: Files that are never replaced.

    Raises:
        LedgerError: The ledger cannot be used.
        CannotWrite: The page cannot be written, or the file is not to be replaced.
    """
    page = render(read(ledger, pace, full_numbers=full_numbers))
    with replacing(target, is_same_kind=_is_report, force=force, protected=protected) as file:
        file.write(page)


def _is_report(path: Path) -> bool:
    with open_binary(path) as file:
        return _MARK in file.read(1000)


def read(ledger: Ledger, pace: PaceSettings, *, full_numbers: bool) -> ReportData:
    """Return the data of a report.

    Args:
        ledger: The ledger.
        pace: The allowed pace.
        full_numbers: Show whole phone numbers; they are masked otherwise.

    Raises:
        LedgerError: The ledger cannot be used.
    """
    status = status_of(ledger, pace)
    rows = read_report_facts(ledger, limit=MAX_PEOPLE)
    return shape(rows, status, pace, now=ledger.clock.now(), full_numbers=full_numbers)


def render(report: ReportData) -> str:
    """Return the page as HTML. Jinja escapes every value: no cell, name or answer becomes markup."""
    return _TEMPLATES.get_template("page.html.jinja").render(report=report)
