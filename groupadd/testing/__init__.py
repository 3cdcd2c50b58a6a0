"""For authors of adapters: record what a provider answers, scrubbed, and hold an adapter to what holds for all.

Needs `groupadd[testing]`; vcrpy is imported when the first cassette is.
"""

import pytest

pytest.register_assert_rewrite("groupadd.testing.conformance")

from groupadd.testing.cassettes import Cassette  # noqa: E402
from groupadd.testing.conformance import Conformance  # noqa: E402
from groupadd.testing.harness import AdapterUnderTest  # noqa: E402  its tests' assertions are to be explained by pytest
from groupadd.testing.scenarios import Credentials, PlannedFault, Scenario, Setup  # noqa: E402
from groupadd.testing.scrubbing import Scrubber  # noqa: E402
from groupadd.testing.targets import NotLive, Target, live_stage, sandbox_stage  # noqa: E402

__all__ = [
    "AdapterUnderTest",
    "Cassette",
    "Conformance",
    "Credentials",
    "NotLive",
    "PlannedFault",
    "Scenario",
    "Scrubber",
    "Setup",
    "Target",
    "live_stage",
    "sandbox_stage",
]
