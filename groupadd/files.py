"""The user's files: read up to a limit; written whole or not at all, and for their owner alone.

What groupadd writes may hold people or secrets, so no other user may read it. A file is written beside its target and
then renamed: a full disk leaves the old file as it was, and no link is followed.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from os import PathLike
from pathlib import Path
from tempfile import mkstemp
from typing import TextIO, TypeAlias

from groupadd.errors import CannotWrite
from groupadd.model.cleaning import clean_word
from groupadd.model.masking import scrubbed

FilePath: TypeAlias = str | PathLike[str]

_CONFIG = "groupadd.toml"
_DATABASE = b"SQLite format 3\0"  # how every SQLite file begins (sqlite.org/fileformat.html)


def shown(path: FilePath) -> str:
    """Return a file's name for messages: cleaned, and with phone numbers masked."""
    return scrubbed(clean_word(Path(path).name))


def why(error: OSError) -> str:
    """Return in a few words why a file cannot be used."""
    return error.strerror or type(error).__name__


def open_binary(path: FilePath) -> BufferedReader:
    """Open a file to read it. A named pipe that no program writes to is empty, and is not waited for.

    Raises:
        OSError: The file cannot be opened.
    """
    return open(path, "rb", opener=_without_waiting)


def _without_waiting(path: str, flags: int) -> int:
    if not hasattr(os, "O_NONBLOCK"):
        return os.open(path, flags)
    file = os.open(path, flags | os.O_NONBLOCK)
    os.set_blocking(file, True)
    return file


def read_bytes(path: FilePath, *, most: int) -> bytes:
    """Return what a file holds.

    Args:
        path: The file.
        most: How many bytes it may have.

    Raises:
        OSError: The file cannot be read, or is larger.
    """
    with open_binary(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(0, f"it is larger than {most // 1024:,} kB")
    return content


def make_private(path: FilePath) -> None:
    """Make an empty file that its owner alone may read and write, where there is none.

    Raises:
        OSError: The file cannot be made.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


@contextmanager
def replacing(
    target: FilePath, *, is_same_kind: Callable[[Path], bool], force: bool = False, protected: Iterable[FilePath] = ()
) -> Iterator[TextIO]:
    """Write a text file in UTF-8 that takes its target's place when the block ends without an exception.

    Args:
        target: The file's path.
        is_same_kind: Whether a file that is there may be replaced without `force`: nothing of another kind is lost.
        force: Replace a file of another kind, and the file that a symbolic link names.
        protected: Files that are never replaced.

    Raises:
        CannotWrite: The file cannot be written, or is not to be replaced.
    """
    path = Path(target)
    try:
        refusal = _refusal_ever(path, protected) or (None if force else _refusal_without_force(path, is_same_kind))
        if refusal is not None:
            raise CannotWrite(f"{shown(path)} is not replaced: {refusal}")
        with _renamed_to(Path(os.path.realpath(path)) if force else path) as file:
            yield file
    except OSError as error:
        fault = why(error)
    else:
        return
    raise CannotWrite(f"{shown(path)} cannot be written: {fault}")


@contextmanager
def _renamed_to(path: Path) -> Iterator[TextIO]:
    number, name = mkstemp(".tmp", ".groupadd-", path.parent)  # readable by its owner alone
    beside = Path(name)
    try:
        with os.fdopen(number, "w", encoding="utf-8", errors="replace", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _refusal_ever(path: Path, protected: Iterable[FilePath]) -> str | None:
    """Return why a file must never be replaced; None where it may be, or is not there."""
    if any(_is_same_file(path, other) for other in protected):
        return "it belongs to the ledger, or is the config"
    if path.exists() and not path.is_file():
        return "it is not a regular file"
    if path.exists() and (path.resolve().name == _CONFIG or _is_database(path)):
        return "it is a config or a database"
    return None


def _refusal_without_force(path: Path, is_same_kind: Callable[[Path], bool]) -> str | None:
    """Return why a file must not be replaced unasked; None where it may be, or is not there."""
    if path.is_symlink():
        return "it is a symbolic link; `--force` replaces the file that it names"
    if path.exists() and path.stat().st_size and not is_same_kind(path):
        return "it is a file of another kind; `--force` replaces it"
    return None


def _is_database(path: Path) -> bool:
    with open_binary(path) as file:
        return file.read(len(_DATABASE)) == _DATABASE


def _is_same_file(path: Path, other: FilePath) -> bool:
    """Return whether two paths lead to one file, whether or not it is there."""
    try:
        return path.samefile(other)
    except OSError:
        return os.path.realpath(path) == os.path.realpath(other)
