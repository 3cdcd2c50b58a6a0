"""`groupadd.toml` and the environment, read into objects."""
