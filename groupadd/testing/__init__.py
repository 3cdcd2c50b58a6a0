"""For authors of adapters: record what a provider answers, scrubbed, and hold an adapter to it.

Needs `groupadd[testing]`; vcrpy is imported when the first cassette is.
"""

from groupadd.testing.cassettes import Cassette
from groupadd.testing.scenarios import Cast, Mishap, Scenario, Staging
from groupadd.testing.scrubbing import Scrubber
from groupadd.testing.stages import NotLive, Stage, live_stage, sandbox_stage

__all__ = [
    "Cassette",
    "Cast",
    "Mishap",
    "NotLive",
    "Scenario",
    "Scrubber",
    "Stage",
    "Staging",
    "live_stage",
    "sandbox_stage",
]
