"""The ledger: everything that knows SQL, and no other part of the drip does."""
