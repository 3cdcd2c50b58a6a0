"""The report: true figures, masked numbers, and a page that any browser shows without a network."""

import re
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupadd import Reason, Status
from groupadd.config.load import load
from groupadd.drip import AccountStatus, DripStatus
from groupadd.drip.report.data import ReportData, TimeAxis, counts_within, shape
from groupadd.drip.report.page import read, render
from groupadd.drip.store.database import Ledger
from groupadd.drip.store.report_facts import InvalidRow, ReasonGroup, ReportFacts, StoredPerson
from groupadd.errors import CannotWrite
from groupadd.model.reasons import REASONS
from groupadd.sandbox import Privacy
from groupadd.settings import PaceSettings
from tests.support.trial import Trial, planned
from tests.support.virtual_time import GROUP, START, crowd, simulated

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
VOID = {"meta", "br"}
CONTACTS, ABSENT = Privacy.CONTACTS_ONLY, Privacy.NOT_ON_WHATSAPP
PACE = {"adds_per_minute": 5, "rest_after": 10, "rest_s": 300, "adds_per_day": 15}


def carried_out(folder: Path, **drip_table: Any) -> Trial:
    """Return a trial with a plan of 42 rows that has run until an account stopped or all people are done."""
    people = crowd(40, lambda n: CONTACTS if n in {3, 24} else ABSENT if n == 12 else Privacy.OPEN)
    trial = Trial(simulated(people, ("main", "R&D"), drip=PACE | drip_table), folder)
    rows = [{"name": f"<i>{n}</i>", "phone": f"+{human.phone}"} for n, human in enumerate(people)]
    rows += [{"name": "bad", "phone": "12 34"}, {"name": "<script>", "phone": "<script>alert(1)</script>"}]
    with trial.open() as drip:
        drip.plan(rows, group=GROUP, providers=list(trial.simulation.sandboxes))
    trial.run()
    return trial


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> ReportData:
    trial = carried_out(tmp_path_factory.mktemp("data"))
    with Ledger.open(trial.ledger, clock=trial.simulation.clock) as ledger:
        return read(ledger, load(trial.simulation.config).drip, full_numbers=False)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Mapping[bool, Path]:
    """The page with masked numbers, and the one with full numbers."""
    folder = tmp_path_factory.mktemp("pages")
    written = {full: folder / f"{full}.html" for full in (False, True)}
    with carried_out(folder).open() as drip:
        for full, path in written.items():
            drip.report(path, full_numbers=full)
    return written


def test_every_verdict_is_in_the_chart_once(data: ReportData) -> None:
    in_chart = {status: sum(column.get(status, 0) for column in data.verdicts) for status in Status}

    assert in_chart == {status: data.status.counts.get(status, 0) for status in Status}
    assert sum(in_chart.values()) == 40


def test_reasons_and_people_who_need_follow_up_are_counted(data: ReportData) -> None:
    assert data.reasons == {Reason.PRIVACY: 2, Reason.NOT_ON_WHATSAPP: 1}
    assert [(follow_up.status, follow_up.reason, follow_up.count) for follow_up in data.follow_ups] == [
        (Status.NOT_ADDED, Reason.PRIVACY, 2),
        (Status.NOT_ADDED, Reason.NOT_ON_WHATSAPP, 1),
    ]
    assert [one.place for one in data.follow_ups[0].people] == ["rows, line 4", "rows, line 25"]
    assert [fault.place for fault in data.row_faults] == ["rows, line 41", "rows, line 42"]


def test_the_pace_is_counted_over_any_minute_and_any_day(data: ReportData) -> None:
    assert [account.adds for account in data.accounts] == [20, 20]
    assert all(account.most_in_a_minute <= 5 and account.most_in_a_day == 15 for account in data.accounts)
    assert all(max(account.peaks) == account.most_in_a_minute for account in data.accounts)


@given(st.lists(st.floats(0, 1000), max_size=60).map(sorted), st.floats(1, 300))
def test_a_sliding_window_counts_what_a_slow_one_does(times: list[float], length_s: float) -> None:
    slow = [sum(at - length_s < one <= at for one in times[: n + 1]) for n, at in enumerate(times)]

    assert list(counts_within(times, length_s)) == slow


@given(st.lists(st.floats(1.7e9, 1.9e9), min_size=1))
def test_an_axis_covers_all_its_times_in_few_columns(times: list[float]) -> None:
    axis = TimeAxis.over(times)

    assert all(0 <= axis.column_of(time) < axis.columns for time in times)
    assert axis.columns <= 90


def test_numbers_and_groups_are_masked_unless_they_are_asked_for(pages: Mapping[bool, Path]) -> None:
    masked, full = pages[False].read_text(), pages[True].read_text()

    assert not re.search(r"\d{7}", masked)
    assert "+1200•••03" in masked
    assert "+12005550103" in full
    assert GROUP in full


class Reader(HTMLParser):
    """Reads a page: its elements, what each refers to, and its text; every element must be closed where it should."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, ...]] = []
        self.references: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, *(name for name, _ in attrs)))
        self.references += [f"{name}={value}" for name, value in attrs if name in {"src", "href", "srcset", "action"}]
        self._open += [tag] * (tag not in VOID)

    @property
    def tags(self) -> set[str]:
        return {tag for tag, *_ in self.elements}

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_refers_to_nothing_and_takes_no_markup_from_elsewhere(pages: Mapping[bool, Path]) -> None:
    page = Reader(pages[True].read_text())

    assert page.references == []
    assert not page.tags & {"script", "link", "img", "iframe", "object"}
    assert "url(" not in page.text
    assert "@import" not in page.text
    assert "R&D" in page.text
    assert "Content-Security-Policy" in pages[True].read_text()


def page_of(text: str) -> Reader:
    """Return a page with this text in every place that takes text from elsewhere."""
    person = StoredPerson(sheet=text, line=4, given=text, group_jid=text, provider=text)
    group = ReasonGroup(status=Status.NOT_ADDED, reason=Reason.PRIVACY, count=600, people=[person])
    rows = ReportFacts(
        add_times={text: [START]},
        verdict_times={Status.NOT_ADDED: [START]},
        reason_groups=[group],
        invalid_count=600,
        invalid_rows=[InvalidRow(sheet=text, line=4, fault=text)],
    )
    account = AccountStatus(text, "stopped", text, text, 600, 0, None, None, 0)
    status = DripStatus(text, 600, 0, {Status.NOT_ADDED: 600}, (account,))
    return Reader(render(shape(rows, status, PaceSettings(), now=START, full_numbers=True)))


@pytest.mark.parametrize(
    "poison",
    [
        "<script>alert()</script>",
        '"><img src=x onerror=alert()>',
        "' style='color:red",
        "</style></title></svg><h1>",
        "<!--",
        "&lt;b&gt;&amp;",
        "{{ report }}{% include 'page.html.jinja' %}",
    ],
)
def test_no_text_from_elsewhere_becomes_markup(poison: str) -> None:
    harmless, poisoned = page_of("harmless"), page_of(poison)

    assert poisoned.elements == harmless.elements
    assert poisoned.text == harmless.text.replace("harmless", poison)
    assert harmless.text.count("harmless") == 10


def test_everyone_to_follow_up_is_listed_with_the_next_step(pages: Mapping[bool, Path], data: ReportData) -> None:
    page = Reader(pages[False].read_text()).text

    for follow_up in data.follow_ups:
        step = REASONS[follow_up.reason].next_step
        assert step is not None
        assert step.replace("`", "") in page
        assert all(one.place in page for one in follow_up.people)


def test_a_stopped_account_says_why_and_how_to_go_on(tmp_path: Path) -> None:
    with carried_out(tmp_path).open() as drip:
        drip.retry("privacy")
        drip.pause("main")
        drip.report(tmp_path / "page.html")
    page = Reader((tmp_path / "page.html").read_text()).text

    assert "Stopped: paused by hand" in page
    assert "groupadd drip resume" in page


def test_a_plan_that_was_not_begun_has_a_report_too(tmp_path: Path) -> None:
    with planned(tmp_path, crowd(3)).open() as drip:
        drip.report(tmp_path / "page.html")

    assert "0 of 3 people are in" in Reader((tmp_path / "page.html").read_text()).text


def test_a_page_that_cannot_be_written_is_an_error_in_words(tmp_path: Path) -> None:
    with (
        planned(tmp_path, crowd(1)).open() as drip,
        pytest.raises(CannotWrite, match=r"page\.html cannot be written"),
    ):
        drip.report(tmp_path / "nowhere" / "page.html")


@contextmanager
def proxy() -> Iterator[tuple[str, list[str]]]:
    """Yield a proxy's address, and what it is asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def do_CONNECT(self) -> None:
            asked.append(self.path)
            self.send_error(403)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


def photographed(page: Path, folder: Path) -> tuple[bytes, list[str]]:
    """Return what a browser shows of a page, as PNG, and the addresses that the page asked for."""
    assert CHROMIUM is not None
    picture = folder / f"{page.stem}.png"
    with proxy() as (address, asked):
        subprocess.run(
            [
                CHROMIUM,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                f"--user-data-dir={folder / 'profile'}",
                f"--proxy-server={address}",
                "--window-size=1000,1400",
                f"--screenshot={picture}",
                page.as_uri(),
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )
    return picture.read_bytes(), [url for url in asked if not re.search(r"google|gstatic|chromium", url)]  # its own


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
def test_a_browser_shows_the_page_and_sends_no_request(pages: Mapping[bool, Path], tmp_path: Path) -> None:
    blank, asking = tmp_path / "blank.html", tmp_path / "asking.html"
    blank.write_text("<!doctype html><title>blank</title>")
    asking.write_text("<!doctype html><img src='http://pictures.example/one.png'>")

    shown, asked = photographed(pages[False], tmp_path)

    assert asked == []
    assert len(shown) > 5 * len(photographed(blank, tmp_path)[0])
    assert photographed(asking, tmp_path)[1] == ["http://pictures.example/one.png"]
