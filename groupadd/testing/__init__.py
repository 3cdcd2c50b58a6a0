"""For authors of adapters: tests that hold for every provider, and scrubbed recordings of its responses.

Needs `groupadd[testing]`. vcrpy is imported with the first cassette.
"""

import pytest

pytest.register_assert_rewrite("groupadd.testing.conformance")  # before the import, so that failures show values

from groupadd.testing.cassettes import Cassette  # noqa: E402
from groupadd.testing.conformance import Conformance  # noqa: E402
from groupadd.testing.harness import AdapterUnderTest  # noqa: E402
from groupadd.testing.scenarios import Credentials, PlannedFault, Scenario, Setup  # noqa: E402
from groupadd.testing.scrubbing import Scrubber  # noqa: E402
from groupadd.testing.targets import NotLive, Target, live_target, sandbox_target  # noqa: E402
from groupadd.testing.vcr_filters import vcr_filters  # noqa: E402

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
    "live_target",
    "sandbox_target",
    "vcr_filters",
]
