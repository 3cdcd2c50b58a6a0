"""Where a config comes from: files, the environment, references, and the usual places."""

import sys
from pathlib import Path

import pytest

from groupadd.config.load import load
from groupadd.errors import ConfigError
from groupadd.model.masking import Secret
from groupadd.providers.wasend import Wasend
from groupadd.settings import AddSettings
from groupadd.testing.leaks import LeakDetector
from tests.support.configs import A_KEY, ADDRESS, BOTH, MAIN, faults_of, revealed, with_main

# The environment


@pytest.mark.parametrize(
    ("variable", "text", "setting"),
    [
        ("GROUPADD_ADD__VERIFY", "never", AddSettings(verify="never")),
        ("GROUPADD_ADD__LOOK_AFTER_S", "[1, 4]", AddSettings(look_after_s=(1.0, 4.0))),
        ("GROUPADD_ADD__TIMEOUT_S", "7", AddSettings(timeout_s=7.0)),
        ("GROUPADD_ADD__NOTIFY", "false", AddSettings(notify=False)),
        ("GROUPADD_ADD__INVITE_TEXT", "{link} 1", AddSettings(invite_text="{link} 1")),
        ("GROUPADD_ADD__TIMEOUT_S", "", AddSettings()),
    ],
)
def test_a_variable_sets_one_field_and_what_is_not_text_is_read_as_toml(
    variable: str, text: str, setting: AddSettings
) -> None:
    assert load(BOTH, environ={variable: text}).add == setting


def test_text_that_looks_like_a_number_stays_text_where_text_is_wanted() -> None:
    provider = load(BOTH, environ={"GROUPADD_PROVIDERS__MAIN__SESSION_ID": "007"}).provider("main").provider
    assert provider == Wasend("007", Secret("sk-1"))


def test_environment_swaps_the_provider_but_not_one_that_is_named() -> None:
    settings = load(BOTH, environ={"GROUPADD_PROVIDER": "backup", "WAWP_ACCESS_TOKEN": "t"})
    assert settings.provider().name == "backup"
    assert settings.provider("main").name == "main"


@pytest.mark.parametrize("name", ["main", "Main", "MAIN"])
def test_a_variable_finds_its_provider_in_any_case(name: str) -> None:
    settings = load({"providers": {name: MAIN}}, environ={"GROUPADD_PROVIDERS__MAIN__API_KEY": "sk-9"})
    assert revealed(settings.provider(name).provider) == "sk-9"


def test_a_variable_finds_a_provider_whose_name_has_dashes_or_underscores() -> None:
    tables = {"providers": {"a-b": MAIN, "c__d": MAIN}}
    environ = {"GROUPADD_PROVIDERS__A_B__API_KEY": "sk-8", "GROUPADD_PROVIDERS__C__D__API_KEY": "sk-9"}
    settings = load(tables, environ=environ)
    assert [revealed(settings.provider(name).provider) for name in ("a-b", "c__d")] == ["sk-8", "sk-9"]


def test_a_whole_provider_may_come_from_the_environment() -> None:
    environ = {f"GROUPADD_PROVIDERS__MAIN__{key.upper()}": str(value) for key, value in MAIN.items()}
    settings = load(environ=environ)
    assert settings.provider().provider == Wasend("s1", Secret("sk-1"))


@pytest.mark.parametrize(
    ("variable", "text", "fault"),
    [
        ("GROUPADD_ADD__VERIFY", "sk-x", "add.verify: must be one of auto, always, never"),
        ("GROUPADD_ADD__TIMEOUT_S", "sk-x", "add.timeout_s: must be a number"),
        ("GROUPADD_ADD__TIMEOUT_S", "0", "add.timeout_s: must be more than 0 and at most 86400 seconds"),
        ("GROUPADD_ADD__TIMOUT_S", "3", "add.timout_s: unknown key; did you mean timeout_s?"),
        ("GROUPADD_ADDD__VERIFY", "never", "addd: unknown key; did you mean add?"),
        ("GROUPADD_PROVIDERS__MAIN__API_KEYY", "sk-x", "providers.main.api_keyy: unknown key; did you mean api_key?"),
        ("GROUPADD_PROVIDERS__MIAN__API_KEY", "sk-x", "providers.mian.type: missing"),
        ("GROUPADD_PROVIDERS__MAIN", "sk-x", "providers.main: must be a table"),
        ("GROUPADD_PROVIDER", "sk-x", "provider: no such provider (configured: backup, main)"),
    ],
)
def test_a_fault_in_a_variable_is_reported_by_the_variable(variable: str, text: str, fault: str) -> None:
    assert faults_of(BOTH, {variable: text}) == [f"{variable}: {fault}"]


# References


def test_references_of_the_chosen_provider_alone_are_looked_up() -> None:
    settings = load(BOTH, environ={})
    assert settings.provider("main").name == "main"
    with pytest.raises(ConfigError) as raised:
        settings.provider("backup")
    fault = "config: providers.backup.access_token: the environment variable WAWP_ACCESS_TOKEN is not set"
    assert str(raised.value) == fault


@pytest.mark.parametrize(
    ("reference", "fault"),
    [
        ("env:EMPTY", "the environment variable EMPTY is not set"),
        ("file:none", "there is no such file in ."),
        ("file:blink", "there is no such file in .; did you mean blank?"),
        ("file:secrets/none", "there is no such file in ."),
        ("file:binary/none", "there is no such file in ."),
        ("file:.", "the file . cannot be read: Is a directory"),
        ("file:binary", "the file binary cannot be read: not text"),
        ("file:blank", f"must be {A_KEY}"),
        ("file:a\0b", "no file can have such a name"),
        (f"file:{'k' * 300}", "the file that it names cannot be read: File name too long"),
    ],
)
def test_a_broken_reference_is_reported_with_its_target(reference: str, fault: str) -> None:
    Path("binary").write_bytes(b"sk-secret\xff")
    Path("blank").write_text("\n")
    assert faults_of(with_main(api_key=reference), {"EMPTY": ""}) == [f"config: providers.main.api_key: {fault}"]


KEYS = [
    "sk-live-SECRETKEY-0123456789",
    "JBSWY3DPEHPK3PXP",
    "AKIAIOSFODNN7EXAMPLE",
    "wz/Live+7QmVxLrTbNcKd=",
    "/9j/4AAQSkZJRgABAQAAAQ",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x_y",
    "0123456789ABCDEF_0123456789ABCDEF",
    "ABCDEFGHIJKLMNOPQRSTUVWX",
    "correct horse battery staple",
]


@pytest.mark.parametrize("scheme", ["env", "file"])
@pytest.mark.parametrize("key", KEYS)
def test_a_key_in_the_place_of_a_name_is_not_shown(scheme: str, key: str) -> None:
    (fault,) = faults_of(with_main(api_key=f"{scheme}:{key}"), {"WASEND_API_KEY": key})
    assert fault.startswith("config: providers.main.api_key: ")
    assert not LeakDetector({"the key": key}, ()).leaks_in(fault)


@pytest.mark.parametrize(("content", "secret"), [("sk-3", "sk-3"), ("sk-3\n", "sk-3"), ("sk-3\r\n", "sk-3")])
def test_one_trailing_newline_of_a_referenced_file_is_not_part_of_it(content: str, secret: str) -> None:
    Path("token").write_bytes(content.encode())
    assert revealed(load(with_main(api_key="file:token"), environ={}).provider().provider) == secret


def test_a_variable_that_is_not_set_is_reported_with_the_nearest_that_is() -> None:
    fault = "the environment variable WASEND_KEY is not set; did you mean WASEND_API_KEY?"
    environ = {"WASEND_API_KEY": "sk-1", "WASEND_KE": ""}
    assert faults_of(with_main(api_key="env:WASEND_KEY"), environ) == [f"config: providers.main.api_key: {fault}"]


def test_a_variable_that_sets_a_field_may_hold_a_reference() -> None:
    environ = {"GROUPADD_PROVIDERS__MAIN__API_KEY": "env:ELSEWHERE", "ELSEWHERE": "sk-4"}
    assert revealed(load(BOTH, environ=environ).provider("main").provider) == "sk-4"


def test_faults_of_references_and_their_fields_are_reported_together() -> None:
    tables = with_main(api_key="env:NONE", base_url="env:URL")
    assert faults_of(tables, {"URL": "ftp://sk-x"}) == [
        "config: providers.main.api_key: the environment variable NONE is not set",
        f"config: providers.main.base_url: must be {ADDRESS}",
    ]


# Places


def place(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "groupadd.toml").write_text(f'[providers.{name}]\ntype = "wasend"\nsession_id = "s"\napi_key = "k"\n')
    return folder / "groupadd.toml"


@pytest.mark.parametrize("platformdirs", [True, False], ids=["platformdirs", "by hand"])
def test_the_first_place_that_has_a_config_wins(
    empty_home: Path, monkeypatch: pytest.MonkeyPatch, *, platformdirs: bool
) -> None:
    if not platformdirs:
        monkeypatch.setitem(sys.modules, "platformdirs", None)
    elif sys.platform != "linux":
        pytest.skip("where platformdirs looks elsewhere is its own to test")
    found: list[str] = []
    place(empty_home / "home" / "xdg" / "groupadd", "in_home")
    found += load().providers
    place(Path(), "in_folder")
    found += load().providers
    monkeypatch.setenv("GROUPADD_CONFIG", str(place(empty_home / "a", "by_variable")))
    found += load().providers
    found += load(place(empty_home / "b", "by_argument")).providers
    found += load({"providers": {"by_mapping": MAIN}}).providers
    assert found == ["in_home", "in_folder", "by_variable", "by_argument", "by_mapping"]


def test_where_no_config_is_found_the_places_are_named(empty_home: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        load()
    assert "GROUPADD_CONFIG is not set" in str(raised.value)
    assert "no groupadd.toml" in str(raised.value)
    assert str(empty_home / "home" / "xdg" / "groupadd" / "groupadd.toml") in str(raised.value)


def test_a_file_that_is_named_and_missing_is_an_error_although_others_exist() -> None:
    place(Path(), "in_folder")
    with pytest.raises(ConfigError, match=r"^none\.toml: no such file$"):
        load("none.toml")
    with pytest.raises(ConfigError, match=r"^none\.toml: no such file \(named by GROUPADD_CONFIG\)$"):
        load(environ={"GROUPADD_CONFIG": "none.toml"})


def test_a_folder_in_a_files_place_is_reported() -> None:
    with pytest.raises(ConfigError, match=r"^\.: cannot be read: Is a directory$"):
        load(".")
