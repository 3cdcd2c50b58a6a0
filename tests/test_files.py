"""Files of the user's: nothing is lost by a wrong name or a full disk, and no other user reads what groupadd writes."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from groupadd.errors import CannotWrite
from groupadd.files import FilePath, make_private, open_binary, read_bytes, replacing

POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has neither these rights nor named pipes")


@pytest.fixture(autouse=True)
def _permissive() -> Iterator[None]:
    """Make files as most machines do: others may read them."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@contextmanager
def put(target: FilePath, text: str = "new", *, same: bool = True, force: bool = False) -> Iterator[None]:
    with replacing(target, is_same_kind=lambda _: same, force=force, protected=[Path("protected")]) as file:
        file.write(text)
        yield


def write(target: FilePath, text: str = "new", *, same: bool = True, force: bool = False) -> None:
    with put(target, text, same=same, force=force):
        pass


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@POSIX
def test_a_file_is_its_owners_alone_also_where_it_replaces_a_public_one() -> None:
    public = Path("public")
    public.write_text("old")
    write("new.csv")
    write(public)
    assert (mode(Path("new.csv")), mode(public), public.read_text()) == (0o600, 0o600, "new")


@POSIX
def test_a_private_file_is_made_once() -> None:
    file = Path("ledger.db")
    make_private(file)
    file.write_text("rows")
    make_private(file)
    assert (mode(file), file.read_text()) == (0o600, "rows")


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt(), ValueError("a bug")])
def test_what_fails_half_way_leaves_the_old_file_and_nothing_beside_it(error: BaseException) -> None:
    target = Path("people.csv")
    target.write_text("name,phone,consent\n")
    with pytest.raises((CannotWrite, KeyboardInterrupt, ValueError)), put(target, "cut"):
        raise error
    assert target.read_text() == "name,phone,consent\n"
    assert [*Path().iterdir()] == [target]


@POSIX
@pytest.mark.parametrize("force", [False, True])
def test_what_is_no_file_of_the_users_is_never_replaced(*, force: bool) -> None:
    Path("folder").mkdir()
    os.mkfifo("pipe")
    Path("protected").write_text("rows")
    os.link("protected", "other-name")
    Path("link").symlink_to("protected")
    Path("groupadd.toml").write_text("provider = 'main'\n")
    sqlite3.connect("any.db").execute("CREATE TABLE t (a)").connection.close()
    before = {path: path.lstat().st_ino for path in Path().iterdir()}
    names = ["folder", "pipe", "protected", "other-name", "link", "groupadd.toml", "any.db", "/dev/null", ""]
    for name in names:
        with pytest.raises(CannotWrite, match="is not replaced: it"):
            write(name, force=force)
    assert {path: path.lstat().st_ino for path in Path().iterdir()} == before
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


@POSIX
def test_a_link_is_followed_only_where_that_is_asked_for() -> None:
    victim, link, dangling = Path("victim"), Path("l.csv"), Path("dangling.csv")
    victim.write_text("precious")
    link.symlink_to(victim)
    dangling.symlink_to("nowhere")
    for name in (link, dangling):
        with pytest.raises(CannotWrite, match="it is a symbolic link; `--force`"):
            write(name)
    assert (victim.read_text(), Path("nowhere").exists()) == ("precious", False)
    for name in (link, dangling):
        write(name, force=True)
        assert name.is_symlink()
    assert (victim.read_text(), Path("nowhere").read_text()) == ("new", "new")


def test_a_file_of_another_kind_is_replaced_only_where_that_is_asked_for() -> None:
    other, empty = Path("photo.jpg"), Path("empty")
    other.write_text("a picture")
    empty.touch()
    with pytest.raises(CannotWrite, match="of another kind; `--force`"):
        write(other, same=False)
    assert other.read_text() == "a picture"
    write(empty, same=False)
    write(other, same=False, force=True)
    assert (empty.read_text(), other.read_text()) == ("new", "new")


@POSIX
def test_a_pipe_without_a_writer_is_not_waited_for() -> None:
    os.mkfifo("pipe")
    with open_binary("pipe") as file:
        assert file.read() == b""


def test_no_more_of_a_file_is_read_than_is_wanted() -> None:
    Path("file").write_bytes(b"x" * 2048)
    assert len(read_bytes("file", most=2048)) == 2048
    for name in ("file", "/dev/zero"):
        with pytest.raises(OSError, match="larger than 1 kB"):
            read_bytes(name, most=1024)
