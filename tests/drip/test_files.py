"""The files of a drip: private, never lost by a wrong name, and without a trace of who is forgotten."""

import os
import sqlite3
import stat
import traceback
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import event
from sqlalchemy.pool import Pool

from groupadd import drip
from groupadd.cli import main
from groupadd.cli.exit_codes import Exit
from groupadd.drip import Drip, LedgerError
from groupadd.drip.store.database import Ledger, exclusive
from groupadd.errors import CannotWrite
from groupadd.sandbox.example import GROUP
from tests.support.cli import own_folder

__all__ = ["own_folder"]

CONFIG = """
provider = "main"
[providers.main]
type = "wasend"
session_id = "s1"
api_key = "k"
base_url = "http://127.0.0.1:1"
"""
ADA = "+1 202 555 0143"
PEOPLE = f"name,phone,consent\nAda Example,{ADA},yes\nBen Example,+1 415 555 0126,yes\n"
ENDINGS = ("", "-wal", "-shm", ".lock")


@pytest.fixture(autouse=True)
def _planned(own_folder: None) -> Iterator[None]:
    """Plan two people, on a machine where others may read new files."""
    before = os.umask(0o022)
    Path("groupadd.toml").write_text(CONFIG)
    Path("people.csv").write_text(PEOPLE)
    with drip.open() as opened:
        opened.plan("people.csv", group=GROUP)
    yield
    os.umask(before)


def content(path: str | Path) -> bytes:
    return Path(path).read_bytes()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such rights")
def test_every_file_that_holds_people_is_its_owners_alone() -> None:
    with drip.open() as opened, Ledger.open() as ledger, exclusive(ledger):
        opened.export("done.csv")
        opened.report("report.html")
        made = [f"groupadd-drip.db{ending}" for ending in ENDINGS] + ["done.csv", "report.html"]
        assert {name: stat.S_IMODE(Path(name).stat().st_mode) for name in made} == dict.fromkeys(made, 0o600)


@pytest.mark.parametrize("force", [[], ["--force"]])
@pytest.mark.parametrize("command", ["export", "report"])
@pytest.mark.parametrize("target", ["groupadd-drip.db", "groupadd-drip.db-wal", "groupadd.toml", "other.db", "link"])
def test_a_ledger_or_a_config_is_never_replaced(target: str, command: str, force: list[str]) -> None:
    sqlite3.connect("other.db").execute("CREATE TABLE t (a)").connection.close()
    Path("link").symlink_to("groupadd-drip.db")
    before = content(target) if Path(target).exists() else None
    assert main(["drip", command, target, *force]) == Exit.NOT_SENT
    assert before == (content(target) if Path(target).exists() else None)
    assert main(["drip", "status"]) == Exit.EVERYONE_IN


def test_a_config_of_any_name_is_never_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("groupadd.toml").rename("live.conf")
    monkeypatch.setenv("GROUPADD_CONFIG", "live.conf")
    for command in ("export", "report"):
        assert main(["drip", command, "live.conf", "--force"]) == Exit.NOT_SENT
    with drip.open(config="live.conf") as opened, pytest.raises(CannotWrite, match="it belongs to"):
        opened.export("live.conf", force=True)
    assert content("live.conf").decode() == CONFIG


@pytest.mark.parametrize("command", ["export", "report"])
def test_another_file_is_replaced_only_with_force(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    others = {"notes.txt": "precious\n", "other.csv": "name,phone,salary\nAda,1,2\n", "page.html": "<!doctype html>hi"}
    for name, text in others.items():
        Path(name).write_text(text)
        assert main(["drip", command, name]) == Exit.NOT_SENT
        assert f"{name} is not replaced: it is a file of another kind; `--force`" in capsys.readouterr().err
        assert Path(name).read_text() == text
        assert main(["drip", command, name, "--force"]) == Exit.EVERYONE_IN
        assert Path(name).read_text() != text


def test_the_planned_list_an_earlier_export_and_an_earlier_report_are_replaced() -> None:
    for _ in range(2):
        assert main(["drip", "export", "people.csv"]) == Exit.EVERYONE_IN
        assert main(["drip", "report", "page.html"]) == Exit.EVERYONE_IN
    assert content("people.csv").startswith(b"name,phone,consent,groupadd_status")


@pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="the limit is POSIX's, and the test Linux's")
@pytest.mark.parametrize("command", ["export", "report"])
def test_a_full_disk_leaves_the_old_file_whole(command: str) -> None:
    import resource  # noqa: PLC0415
    import signal  # noqa: PLC0415

    target = "people.csv" if command == "export" else "page.html"
    main(["drip", command, target])
    before = content(target)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with Drip() as opened:
        opened.status()  # the files beside the ledger are there
        resource.setrlimit(resource.RLIMIT_FSIZE, (64, limits[1]))
        try:
            with pytest.raises(CannotWrite, match="cannot be written: File too large"):
                opened.export(target) if command == "export" else opened.report(target)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            signal.signal(signal.SIGXFSZ, handler)
    assert content(target) == before
    assert not [*Path().glob(".groupadd-*")]


def traces(text: bytes) -> list[str]:
    return [path.name for path in Path().glob("groupadd-drip.db*") if text in content(path)]


@pytest.fixture
def leaves_what_is_deleted() -> Iterator[None]:
    """Use SQLite as most builds of it are: what is deleted stays in the file."""

    def leave(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA secure_delete = OFF")

    event.listen(Pool, "checkout", leave)
    yield
    event.remove(Pool, "checkout", leave)


def test_who_is_forgotten_leaves_no_trace_in_any_file(leaves_what_is_deleted: None) -> None:
    rows = [{"name": f"Person {n}", "phone": f"+1202555{n:04}", "note": "x" * 50} for n in range(300)]
    with drip.open() as opened:
        opened.plan(rows, group=GROUP)
        assert traces(b"2025550123")
        assert opened.forget("+1 202 555 0123") == 1
        assert traces(b"2025550123") == traces(b"Person 123") == []
        assert traces(b"2025550124")


def test_a_reader_that_keeps_what_is_forgotten_is_reported(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groupadd.drip.store.database._READER_MS", 0)
    reader = sqlite3.connect("groupadd-drip.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM drip_people").fetchall()
    with drip.open() as opened:
        assert opened.forget(ADA) == 1
        assert "forget again" in caplog.text
        reader.close()
        assert opened.forget(ADA) == 0
        assert traces(b"2025550143") == []


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite+pysqlite:///:memory:",
        "sqlite:///file::memory:?uri=true",
        "sqlite:///file:%3Amemory%3A?uri=true",
        "sqlite:///file:plan?mode=memory&cache=shared&uri=true",
        "sqlite:///file:/plan?vfs=memdb&uri=true",
        "sqlite:///file:?uri=true",
    ],
)
def test_a_ledger_in_memory_is_refused(url: str) -> None:
    with pytest.raises(LedgerError, match="a ledger in memory ends with the command"):
        drip.open(url)


@pytest.mark.parametrize("option", ["timeout=soon", "cached_statements=x"])
def test_an_option_that_sqlite_cannot_use_is_an_error(option: str) -> None:
    with pytest.raises(LedgerError, match="cannot be used"), drip.open(f"sqlite:///x.db?{option}") as opened:
        opened.plan("people.csv", group=GROUP)


def test_an_option_that_may_hold_a_password_is_not_shown() -> None:
    secret = "s3cret"
    for option in ("password", "sslpassword", "sslkey", "pwd", "passfile", "options", "token"):
        with drip.open(f"postgresql+psycopg://u@h/x?{option}={secret}&sslmode=require") as opened:
            assert secret not in opened.ledger
            assert "sslmode=require" in opened.ledger


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such rights")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")  # from Python 3.12 on, for any fork
def test_a_ledger_in_a_folder_that_is_read_only_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run as another user where the tests run as root, who may write anywhere."""
    with TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        for file in ("groupadd-drip.db", "groupadd.toml"):
            Path(file).rename(folder / file).chmod(0o444)
        folder.chmod(0o555)
        monkeypatch.chdir(folder)
        child = os.fork()
        if not child:
            os._exit(_read_as_another_user())
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        folder.chmod(0o755)


def _read_as_another_user() -> int:
    try:
        if not os.getuid():
            os.setuid(65534)
        with drip.open() as opened:
            assert opened.status().people == 2
            assert len([*opened.audit()]) == 1
            with pytest.raises(LedgerError, match="readonly"):
                opened.pause()
            with pytest.raises(LedgerError, match="Permission denied"):
                opened.run()
            with pytest.raises(CannotWrite, match="Permission denied"):
                opened.export("done.csv")
    except BaseException:  # noqa: BLE001  whatever it is, the child must not go on with the tests
        traceback.print_exc()
        return 1
    return 0
