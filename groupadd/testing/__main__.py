"""`python -m groupadd.testing [FILE…]` records cassettes again; without a file, all of `cassettes/`.

The target is the sandbox. With `GROUPADD_LIVE_WASEND=1` the cassettes of Wasend are recorded against the vendor's live
service, which adds real people to a real group; the other providers have variables of the same form.
"""

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from groupadd.testing.cassettes import Cassette
from groupadd.testing.scenarios import ScenarioOutcome
from groupadd.testing.targets import NotLive, live_target, sandbox_target, wants_live


def record(cassette: Cassette, environ: Mapping[str, str]) -> ScenarioOutcome:
    """Record a cassette on the target that the environment asks for, and return the scenario's outcome.

    Raises:
        NotLive: The scenario cannot be recorded live.
    """
    if cassette.is_of_program:
        raise NotLive("the vendor's own program was recorded, which cannot be done again")
    if wants_live(cassette.type, environ):
        return cassette.record(live_target(cassette.type, environ, cassette.scenario))
    with sandbox_target(cassette.type, cassette.scenario.setup) as target:
        return cassette.record(target)


def main(files: Iterable[str]) -> int:
    """Record the files and print a line for each; return 1 if an outcome differs from its scenario, else 0."""
    code = 0
    for path in sorted(map(Path, files)) or sorted(Path("cassettes").glob("*/*.yaml")):
        cassette = Cassette.read(path)
        try:
            outcome = record(cassette, os.environ)
        except NotLive as why:
            print(f"{path}: not recorded: {why}")
            continue
        as_expected = outcome == cassette.scenario.outcome
        code = code if as_expected else 1
        print(f"{path}: {'recorded' if as_expected else f'recorded, but the outcome is {outcome}'}")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
