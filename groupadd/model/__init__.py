"""Values: participants, rosters, outcomes. No I/O, no HTTP."""
