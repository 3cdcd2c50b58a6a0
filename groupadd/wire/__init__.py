"""HTTP as values, and what carries it."""
