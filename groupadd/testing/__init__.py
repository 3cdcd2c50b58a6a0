"""For authors of adapters: record what a provider answers, scrubbed, and hold an adapter to what holds for all.

Needs `groupadd[testing]`; vcrpy is imported when the first cassette is.
"""

import pytest

pytest.register_assert_rewrite("groupadd.testing.conformance")

from groupadd.testing.candidates import Candidate  # noqa: E402  its tests' assertions are to be explained by pytest
from groupadd.testing.cassettes import Cassette  # noqa: E402
from groupadd.testing.conformance import Conformance  # noqa: E402
from groupadd.testing.scenarios import Cast, Mishap, Scenario, Staging  # noqa: E402
from groupadd.testing.scrubbing import Scrubber  # noqa: E402
from groupadd.testing.stages import NotLive, Stage, live_stage, sandbox_stage  # noqa: E402

__all__ = [
    "Candidate",
    "Cassette",
    "Cast",
    "Conformance",
    "Mishap",
    "NotLive",
    "Scenario",
    "Scrubber",
    "Stage",
    "Staging",
    "live_stage",
    "sandbox_stage",
]
