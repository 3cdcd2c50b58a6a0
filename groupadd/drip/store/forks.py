"""Forks: no connection is used by two processes.

A process that was forked shares the connections of its parent. Each would read the other's answers, and SQLite's locks
would hold for neither. So every idle connection is closed before a fork, which waits for transactions of other threads.
Both processes then open connections of their own.
"""

import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol
from weakref import WeakSet

_LONGEST_WAIT_S = 30.0  # for the transactions of other threads


class Forkable(Protocol):
    """What holds connections."""

    def before_fork(self) -> None:
        """Close every idle connection."""
        ...

    def after_fork(self) -> None:
        """Forget, in the new process, every connection and lock of the old one."""
        ...


class _Forks:
    """Transactions and forks of one process: either some transactions are under way, or a fork."""

    def __init__(self) -> None:
        self.holders: WeakSet[Forkable] = WeakSet()
        self._changed = threading.Condition()
        self._under_way: Counter[int] = Counter()  # transactions, by thread

    @contextmanager
    def excluded(self) -> Iterator[None]:
        """Keep other threads from forking during the block."""
        thread = threading.get_ident()
        with self._changed:
            self._under_way[thread] += 1
        try:
            yield
        finally:
            with self._changed:
                self._under_way[thread] -= 1
                self._under_way += Counter()  # drops what is 0
                self._changed.notify_all()

    def begin(self) -> None:
        """Wait until no other thread is in a transaction, let none begin, and close the connections."""
        self._changed.acquire()
        self._changed.wait_for(self._is_free, _LONGEST_WAIT_S)
        for holder in list(self.holders):
            holder.before_fork()

    def _is_free(self) -> bool:
        return self._under_way.keys() <= {threading.get_ident()}

    def end_in_parent(self) -> None:
        self._changed.release()

    def end_in_child(self) -> None:
        own = threading.get_ident()
        self._changed, self._under_way = threading.Condition(), Counter({own: self._under_way[own]})
        for holder in list(self.holders):
            holder.after_fork()


FORKS = _Forks()

if hasattr(os, "register_at_fork"):  # not on Windows, where no process forks
    os.register_at_fork(before=FORKS.begin, after_in_parent=FORKS.end_in_parent, after_in_child=FORKS.end_in_child)
