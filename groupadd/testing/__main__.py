"""`python -m groupadd.testing FILE…` records cassettes anew, all of `cassettes/` if none is named.

They are recorded against the sandbox. Where `GROUPADD_LIVE_WASEND=1` is set, or its like, those of that provider are
recorded against the vendor's live service: real people are added to a real group.
"""

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from groupadd.testing.cassettes import Cassette
from groupadd.testing.scenarios import Told
from groupadd.testing.targets import NotLive, live_stage, sandbox_stage, wants_live


def record(cassette: Cassette, environ: Mapping[str, str]) -> Told:
    """Record a cassette at the stage that the environment asks for, and tell what became of it.

    Raises:
        NotLive: It cannot be recorded live.
    """
    if wants_live(cassette.type, environ):
        return cassette.record(live_stage(cassette.type, environ, cassette.scenario))
    with sandbox_stage(cassette.type, cassette.scenario.setup) as stage:
        return cassette.record(stage)


def main(files: Iterable[str]) -> int:
    """Record, and say of each file what came of it; returns 1 where something is not as the scenario has it."""
    code = 0
    for path in sorted(map(Path, files)) or sorted(Path("cassettes").glob("*/*.yaml")):
        cassette = Cassette.read(path)
        try:
            told = record(cassette, os.environ)
        except NotLive as why:
            print(f"{path}: not recorded: {why}")
            continue
        as_declared = told == cassette.scenario.outcome
        code = code if as_declared else 1
        print(f"{path}: {'recorded' if as_declared else f'recorded, but the outcome is {told}'}")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
