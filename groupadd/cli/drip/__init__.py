"""`groupadd drip`: its commands, and what they show."""
