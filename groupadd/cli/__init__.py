"""The command line: `groupadd add`, `check`, `preflight`, `members`, `drip`, `providers`, `demo` and `sandbox`."""

import sys
from collections.abc import Sequence

from groupadd.wire.interrupt import terminated_as_by_ctrl_c

_EXTRA = frozenset({"cyclopts", "rich"})


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Args:
        argv: The arguments after the program's name; None for those of this process.
    """
    with terminated_as_by_ctrl_c():
        try:
            from groupadd.cli.commands import run  # noqa: PLC0415  the core is installed without what this needs
        except ModuleNotFoundError as missing:
            if (missing.name or "").partition(".")[0] not in _EXTRA:
                raise
            print("the command line needs more packages: pip install 'groupadd[cli]'", file=sys.stderr)
            return 2
        except KeyboardInterrupt:
            return 130
        return run(sys.argv[1:] if argv is None else argv)
