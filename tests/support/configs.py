"""Configs that are right, and the faults of one that is not."""

from collections.abc import Mapping

import pytest

from groupadd.config.load import load
from groupadd.errors import ConfigError
from groupadd.providers.wasend import Wasend
from groupadd.providers.wawp import Wawp

MAIN: Mapping[str, object] = {"type": "wasend", "session_id": "s1", "api_key": "sk-1"}
BACKUP: Mapping[str, object] = {"type": "wawp", "instance_id": "i1", "access_token": "env:WAWP_ACCESS_TOKEN"}
BOTH: Mapping[str, object] = {"provider": "main", "providers": {"main": MAIN, "backup": BACKUP}}
ADDRESS = "http:// or https://, a host, and at most a path"
WHOLE = """
provider = "main"

[providers.main]
type = "wasend"
session_id = "s1"
api_key = "env:WASEND_API_KEY"
base_url = "https://api.wasend.dev/"

[providers.backup]
type = "wawp"
instance_id = "i1"
access_token = "file:secrets/token"
credentials_in = "query"

[add]
verify = "always"
look_after_s = [1, 2.5]
late_after_s = 45
timeout_s = 10
notify = true
invite = "link"
invite_text = "{link}: see you"
"""
A_KEY = "text in one line, not empty, without blanks at its ends"


def faults_of(tables: object, environ: Mapping[str, str] | None = None) -> list[str]:
    assert isinstance(tables, Mapping)
    with pytest.raises(ConfigError) as raised:
        load(tables, environ=environ or {}).provider()
    return str(raised.value).splitlines()


def with_main(**fields: object) -> Mapping[str, object]:
    return {"providers": {"main": {**MAIN, **fields}}}


def with_add(**settings: object) -> Mapping[str, object]:
    return {**BOTH, "add": settings}


def revealed(provider: object) -> str:
    assert isinstance(provider, Wasend | Wawp)
    return (provider.api_key if isinstance(provider, Wasend) else provider.access_token).reveal()
