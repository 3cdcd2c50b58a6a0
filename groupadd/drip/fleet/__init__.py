"""Workers on many machines share one ledger. `tasks` and `worker` need Procrastinate; `watch` does not."""
