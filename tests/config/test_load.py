"""The config: all its faults are reported at once, each with its place and without its value."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import groupadd
from groupadd.config import registry
from groupadd.config.load import load
from groupadd.errors import ConfigError, UnknownProvider
from groupadd.model.masking import Secret
from groupadd.providers.wasend import Wasend
from groupadd.providers.wawp import Wawp
from groupadd.settings import AddSettings
from tests.support.configs import A_KEY, ADDRESS, BACKUP, BOTH, MAIN, WHOLE, faults_of, revealed, with_add, with_main


def test_whole_file_becomes_providers_and_settings(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "token").write_text("tok-2\n")
    file = tmp_path / "mine.toml"
    file.write_text(WHOLE)
    settings = load(file, environ={"WASEND_API_KEY": "sk-1"})
    main, backup = settings.provider(), settings.provider("backup")
    assert settings.default_provider == "main"
    assert settings.providers == {"main": "wasend", "backup": "wawp"}
    assert (main.name, main.type) == ("main", "wasend")
    assert main.provider == Wasend("s1", Secret("sk-1"), "https://api.wasend.dev/")
    assert backup.provider == Wawp("i1", Secret("tok-2"), "query")
    assert settings.add == AddSettings(
        verify="always",
        look_after_s=(1.0, 2.5),
        late_after_s=45.0,
        timeout_s=10.0,
        notify=True,
        invite="link",
        invite_text="{link}: see you",
    )


def test_mapping_works_as_a_file_does_and_stays_as_it_was() -> None:
    before = repr(BOTH)
    settings = load(BOTH, environ={"GROUPADD_PROVIDERS__MAIN__API_KEY": "sk-9"})
    assert settings.add == AddSettings()
    assert revealed(settings.provider("main").provider) == "sk-9"
    assert repr(BOTH) == before


def test_mapping_may_hold_a_secret_that_is_one_already() -> None:
    assert revealed(load(with_main(api_key=Secret("sk-2")), environ={}).provider().provider) == "sk-2"


@pytest.mark.parametrize(
    ("tables", "faults"),
    [
        (with_main(api_keyy="x"), ["config: providers.main.api_keyy: unknown key; did you mean api_key?"]),
        (with_main(session_id=7), ["config: providers.main.session_id: must be text, and not empty"]),
        (with_main(session_id=True), ["config: providers.main.session_id: must be text, and not empty"]),
        *(
            (with_main(api_key=key), [f"config: providers.main.api_key: must be {A_KEY}"])
            for key in ("", "k\n", " k", "k\nk")
        ),
        (with_add(look_after_s=[1e300]), ["config: add.look_after_s: must be ascending seconds, from 0 to 86400"]),
        (with_add(late_after_s=1e300), ["config: add.late_after_s: must be from 0 to 86400 seconds"]),
        (with_add(timeout_s=1e300), ["config: add.timeout_s: must be more than 0 and at most 86400 seconds"]),
        ({**BOTH, "drip": {"rest_s": 1e300}}, ["config: drip.rest_s: must be from 0 to 604800 seconds"]),
        (
            {"providers": {"main": {"type": "wasend"}}},
            ["config: providers.main.session_id: missing", "config: providers.main.api_key: missing"],
        ),
        ({"providers": {"main": {}}}, ["config: providers.main.type: missing"]),
        ({"providers": {"main": {"type": 3}}}, ["config: providers.main.type: must be text, and not empty"]),
        ({"providers": {"main": "wasend"}}, ["config: providers.main: must be a table"]),
        ({"providers": "wasend"}, ["config: providers: must be a table"]),
        ({}, ["config: providers: missing: no provider is configured"]),
        ({"provders": {}}, ["config: provders: unknown key; did you mean providers?"]),
        ({**BOTH, "provider": 1}, ["config: provider: must be text, and not empty"]),
        (
            {"providers": {"b": {**BACKUP, "credentials_in": "bodi"}}},
            ["config: providers.b.credentials_in: must be one of body, query, header; did you mean body?"],
        ),
        ({**BOTH, "add": 3}, ["config: add: must be a table"]),
        (with_add(timout_s=3), ["config: add.timout_s: unknown key; did you mean timeout_s?"]),
        (with_add(verify="sometimes"), ["config: add.verify: must be one of auto, always, never"]),
        (with_add(verify=True), ["config: add.verify: must be one of auto, always, never"]),
        (with_add(verify=["auto"]), ["config: add.verify: must be one of auto, always, never"]),
        (with_add(notify="false"), ["config: add.notify: must be true or false"]),
        (with_add(notify=1), ["config: add.notify: must be true or false"]),
        (
            with_add(verify="allways", invite="lnik"),
            [
                "config: add.verify: must be one of auto, always, never; did you mean always?",
                "config: add.invite: must be one of never, link, personal; did you mean link?",
            ],
        ),
        (with_add(invite="yes"), ["config: add.invite: must be one of never, link, personal"]),
        (with_add(look_after_s=3), ["config: add.look_after_s: must be a list, each a number"]),
        (with_add(look_after_s=""), ["config: add.look_after_s: must be a list, each a number"]),
        (with_add(look_after_s=["3"]), ["config: add.look_after_s: must be a list, each a number"]),
        (with_add(look_after_s=[True]), ["config: add.look_after_s: must be a list, each a number"]),
        (with_add(look_after_s=[3, 2]), ["config: add.look_after_s: must be ascending seconds, from 0 to 86400"]),
        (with_add(look_after_s=[2, 2]), ["config: add.look_after_s: must be ascending seconds, from 0 to 86400"]),
        (with_add(look_after_s=[-1]), ["config: add.look_after_s: must be ascending seconds, from 0 to 86400"]),
        (
            with_add(look_after_s=[float("inf")]),
            ["config: add.look_after_s: must be ascending seconds, from 0 to 86400"],
        ),
        (
            with_add(look_after_s=[float("nan")]),
            ["config: add.look_after_s: must be ascending seconds, from 0 to 86400"],
        ),
        (with_add(late_after_s=-1), ["config: add.late_after_s: must be from 0 to 86400 seconds"]),
        (with_add(late_after_s=10**400), ["config: add.late_after_s: must be a number"]),
        (with_add(timeout_s=0), ["config: add.timeout_s: must be more than 0 and at most 86400 seconds"]),
        (with_add(timeout_s=float("nan")), ["config: add.timeout_s: must be more than 0 and at most 86400 seconds"]),
        (with_add(timeout_s="30"), ["config: add.timeout_s: must be a number"]),
        *(
            (with_add(invite_text=text), ["config: add.invite_text: must be text with one {link} and no other braces"])
            for text in ("Join us", "{}", "{link", "{link} {name}", "{link} and {link}", "{{link}}", "{link!r}")
        ),
        *(
            (with_main(base_url=url), [f"config: providers.main.base_url: must be {ADDRESS}"])
            for url in (
                *("api.wasend.dev", "ftp://x", "https://", "https://:80", "http://a:0", "http://a:99999", "http://["),
                *("https://a b", "https://a\nb", "https://a\\b", "https://me:pw@x"),
                *("https://x?key=1", "https://x/#a", "https://x?"),
            )
        ),
    ],
)
def test_what_is_wrong_is_reported_by_its_place(tables: object, faults: list[str]) -> None:
    assert faults_of(tables) == faults


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "https://x/prefix/", "http://[::1]:80", "HTTPS://X"])
def test_base_url_may_have_a_port_a_prefix_and_a_trailing_slash(url: str) -> None:
    assert load(with_main(base_url=url), environ={}).provider().provider.base_url == url


def test_all_faults_of_a_file_are_reported_at_once_whatever_provider_is_chosen(tmp_path: Path) -> None:
    file = tmp_path / "groupadd.toml"
    file.write_text(
        '[providers.main]\ntype = "wasend"\nsession_id = 7\napi_keyy = "sk-1"\nbase_url = "ftp://x"\n'
        '[providers.backup]\ntype = "wawp"\naccess_token = "t"\n'
        '[add]\nverify = "x"\ntimeout_s = -1\ninvite_text = ""\n[ad]\n'
    )
    with pytest.raises(ConfigError) as raised:
        load(file, environ={})
    places = [line.removeprefix(f"{file}: ").split(":")[0] for line in str(raised.value).splitlines()]
    assert places == [
        "ad",
        "providers.main.api_keyy",
        "providers.main.session_id",
        "providers.main.api_key",
        "providers.main.base_url",
        "providers.backup.instance_id",
        "add.verify",
        "add.invite_text",
        "add.timeout_s",
    ]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b'provider = "main"\nprovider == "sk-secret"\n', r"not TOML: .*line 2"),
        (b'[providers.main]\napi_key = "sk-secret\n', r"not TOML: .*line 2"),
        (b'api_key = "sk-secret\xff"', "not UTF-8"),
        (b"a = " + b"[" * 100_000, "not TOML"),
        (b"a = " + b"9" * 5000, "not TOML"),
    ],
)
def test_a_file_that_is_not_toml_is_reported_by_its_line_and_nothing_of_it_is_shown(
    tmp_path: Path, content: bytes, fault: str
) -> None:
    file = tmp_path / "groupadd.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=fault) as raised:
        load(file, environ={})
    assert str(raised.value).startswith(f"{file}: ")
    assert "sk-secret" not in str(raised.value)
    assert raised.value.__context__ is None


def test_a_byte_order_mark_is_read_over(tmp_path: Path) -> None:
    (tmp_path / "groupadd.toml").write_text(WHOLE, encoding="utf-8-sig")
    assert load(tmp_path / "groupadd.toml", environ={}).default_provider == "main"


# Which provider


@pytest.mark.parametrize(
    ("tables", "name", "chosen"),
    [
        (BOTH, None, "main"),
        (BOTH, "backup", "backup"),
        ({"providers": {"only": MAIN}}, None, "only"),
    ],
)
def test_the_named_provider_is_chosen_else_the_default_else_the_only_one(
    tables: Mapping[str, object], name: str | None, chosen: str
) -> None:
    assert load(tables, environ={"WAWP_ACCESS_TOKEN": "t"}).provider(name).name == chosen


def test_with_several_and_no_default_all_are_named() -> None:
    tables = {"providers": {"main": MAIN, "backup": BACKUP}}
    assert faults_of(tables) == ["config: provider: missing, and there are several: backup, main"]


def test_an_unknown_name_is_reported_with_the_nearest() -> None:
    with pytest.raises(UnknownProvider, match=r"^config: providers: no such provider; did you mean main\?"):
        load(BOTH, environ={}).provider("mian")
    with pytest.raises(UnknownProvider, match=r"^config: provider: .*did you mean main\? \(configured: backup, main\)"):
        load({**BOTH, "provider": "mian"}, environ={}).provider()


def test_an_unknown_type_matters_only_to_who_chooses_it() -> None:
    settings = load({"providers": {"main": MAIN, "other": {"type": "wasnd"}}}, environ={})
    assert settings.provider("main").type == "wasend"
    with pytest.raises(UnknownProvider, match=r"^config: providers\.other\.type: .*did you mean wasend\?"):
        settings.provider("other")


# Plugins

PLUGIN = """
from __future__ import annotations

from enum import StrEnum

from attrs import field, frozen

from groupadd.provider import AddReply, Secret


class Plan(StrEnum):
    FREE = "free"


def refuse(instance, attribute, value):
    if value == 13:
        raise LookupError("sk-secret")


@frozen
class Acme:
    reports_each_person = True
    token: Secret
    port: int = field(default=1, validator=refuse)
    plan: Plan = Plan.FREE
    tags: list[str] = field(factory=list)
    base_url: str = "https://acme.example"

    def add_participants(self, group, participants, *, notify):
        return AddReply()
        yield
"""


@pytest.fixture
def acme(empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, object]:
    """A plugin's module on sys.path, as installed, and its fields."""
    (empty_home / "acme_for_config.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(empty_home)
    monkeypatch.delitem(sys.modules, "acme_for_config", raising=False)
    monkeypatch.setattr(registry, "_from_plugins", lambda: {"acme": registry.Origin("acme_for_config:Acme", ("acme",))})
    return {"type": "acme", "token": "sk-secret"}


def test_a_plugin_is_imported_when_it_is_chosen_and_not_before(acme: Mapping[str, object]) -> None:
    settings = load({"providers": {"main": MAIN, "acme": {**acme, "plan": "free", "tags": ["a"]}}}, environ={})
    settings.provider("main")
    assert "acme_for_config" not in sys.modules
    provider = settings.provider("acme").provider
    assert "acme_for_config" in sys.modules
    assert repr(provider) == (
        "Acme(token=Secret('•••'), port=1, plan=<Plan.FREE: 'free'>, tags=['a'], base_url='https://acme.example')"
    )


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"tokn": "sk-secret"}, "providers.acme.tokn: unknown key; did you mean token?"),
        ({"port": "sk-secret"}, "providers.acme.port: must be a whole number"),
        ({"port": 1.5}, "providers.acme.port: must be a whole number"),
        ({"plan": "sk-secret"}, "providers.acme.plan: must be of the type Plan"),
        ({"tags": "sk-secret"}, "providers.acme.tags: must be a list, each text, and not empty"),
        ({"port": 13}, "providers.acme: acme does not accept these fields (LookupError)"),
    ],
)
def test_fields_of_a_plugin_are_checked_as_ours_are(
    acme: Mapping[str, object], fields: Mapping[str, object], fault: str
) -> None:
    assert faults_of({"providers": {"acme": {**acme, **fields}}}) == [f"config: {fault}"]


# Secrets

SECRET = "sk-0123456789abcdef"
values = st.sampled_from(
    [
        SECRET,
        [SECRET],
        {SECRET[::-1]: SECRET},
        {"a": {"b": SECRET}},
        f"https://u:{SECRET}@x",
        f"{{{SECRET}}}",
        7,
        None,
        "",
    ]
)
keys = st.sampled_from(["type", "session_id", "api_key", "base_url", "credentials_in", "access_token", "api_keyy"])
tables = st.dictionaries(keys, st.one_of(values, st.sampled_from(["wasend", "wawp"])))
settings_of_add = st.dictionaries(st.sampled_from([*attrs.fields_dict(AddSettings), "verfy"]), values)


@given(
    config_=st.fixed_dictionaries(
        {},
        optional={
            "provider": values,
            "providers": st.one_of(values, st.dictionaries(st.sampled_from(["main", "b"]), st.one_of(values, tables))),
            "add": st.one_of(values, settings_of_add),
            "ad": values,
        },
    )
)
@example(config_={"providers": {"main": {**MAIN, "type": SECRET}}})
@example(config_={**BOTH, "provider": SECRET})
@example(config_={"providers": {"main": {"type": f"https://u:{SECRET}@x"}}})
def test_no_error_holds_a_value(config_: Mapping[str, object]) -> None:
    try:
        settings = load(config_, environ={})
        shown = repr(settings)
        for name in (settings.default_provider, *settings.providers.values()):
            shown = shown.replace(repr(name), "")  # a name may be anything, and is shown
        assert SECRET not in shown
        settings.provider()
    except ConfigError as error:
        chain: BaseException | None = error
        while chain is not None:
            assert SECRET not in f"{chain}{chain!r}"
            chain = chain.__cause__ or chain.__context__


def test_neither_a_config_nor_what_it_chooses_shows_a_secret() -> None:
    settings = load(BOTH, environ={"WAWP_ACCESS_TOKEN": SECRET, "GROUPADD_PROVIDERS__MAIN__API_KEY": SECRET})
    shown = f"{settings!r}{settings}{settings._root!r}{settings.provider('main')!r}{settings.provider('backup')!r}"
    assert SECRET not in shown


def test_importing_config_imports_neither_cattrs_nor_platformdirs() -> None:
    program = "import sys, groupadd.config.load; sys.exit(bool({'cattrs', 'platformdirs'} & sys.modules.keys()))"
    folder = Path(groupadd.__file__).parents[1]
    assert subprocess.run([sys.executable, "-c", program], cwd=folder, check=False).returncode == 0


def nested(depth: int) -> dict[str, object]:
    table: dict[str, object] = {}
    for _ in range(depth):
        table = {"a": table}
    return table


def test_tables_that_are_nested_too_deeply_are_an_error(empty_home: Path) -> None:
    Path("groupadd.toml").write_text(f"{'.'.join('a' * 5000)} = 1\n")
    for config in (None, nested(5000)):
        with pytest.raises(ConfigError, match="nested too deeply"):
            load(config, environ={})


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_a_config_without_end_or_without_a_writer_is_an_error_at_once(empty_home: Path) -> None:
    os.mkfifo("pipe")
    with pytest.raises(ConfigError, match="no provider is configured"):
        load("pipe", environ={})
    with pytest.raises(ConfigError, match="cannot be read: it is larger than 1,024 kB"):
        load("/dev/zero", environ={})
    table = {"type": "wasend", "session_id": "s", "api_key": "file:/dev/zero"}
    with pytest.raises(ConfigError, match=r"api_key: .*cannot be read"):
        load({"providers": {"main": table}}, environ={}).provider()
