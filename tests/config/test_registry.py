"""Which providers there are; other people's distributions are real dist-info folders on sys.path."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from groupadd import providers
from groupadd.cli import main
from groupadd.cli.exit_codes import Exit
from groupadd.config import registry
from groupadd.errors import ConfigError, UnknownProvider
from groupadd.model.masking import Secret
from groupadd.provider import GroupMembershipProvider
from groupadd.providers.wasend import Wasend
from groupadd.providers.wawp import Wawp

Brings = Callable[..., None]

PROVIDER = dedent(
    """
    from attrs import frozen

    from groupadd.provider import AddReply, Secret

    @frozen
    class Acme:
        reports_each_person = True
        token: Secret
        base_url: str = "https://acme.example"

        def add_participants(self, group, participants, *, notify):
            return AddReply()
            yield
    """
)


@pytest.fixture
def brings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Brings]:
    """Install a distribution: one module, and entry points for it."""

    def bring(distribution: str, module: str, source: str, **types: str) -> None:
        (tmp_path / f"{module}.py").write_text(source)
        folder = tmp_path / f"{distribution.replace('-', '_')}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        lines = [f"[{registry.GROUP}]", *(f"{name} = {value}" for name, value in types.items())]
        (folder / "entry_points.txt").write_text("\n".join(lines))

    before = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)
    registry._from_plugins.cache_clear()
    yield bring
    registry._from_plugins.cache_clear()
    for module in set(sys.modules) - before:
        if (tmp_path / f"{module}.py").exists():
            del sys.modules[module]


def test_every_file_in_the_folder_of_providers_is_a_type_and_its_all_names_the_class() -> None:
    files = {path.stem for path in Path(next(iter(providers.__path__))).glob("*.py")} - {"__init__"}
    assert {name for name, origin in registry.installed().items() if origin.built_in} == files
    for name in files:
        kind = registry.load(name)
        assert kind.__module__ == f"groupadd.providers.{name}"
        assert sys.modules[kind.__module__].__all__ == [kind.__name__]


def test_listing_imports_no_plugin_and_loading_imports_that_one_only(brings: Brings) -> None:
    brings("groupadd-acme", "acme_one", PROVIDER, acme="acme_one:Acme")
    brings("groupadd-other", "acme_two", PROVIDER, other="acme_two:Acme")
    assert registry.installed()["acme"] == registry.Origin("acme_one:Acme", ("groupadd-acme",))
    assert not {"acme_one", "acme_two"} & sys.modules.keys()
    assert registry.load("acme").__name__ == "Acme"
    assert {"acme_one", "acme_two"} & sys.modules.keys() == {"acme_one"}


def test_listing_does_not_import_our_own_either(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = [name for name in sys.modules if name.startswith("groupadd.providers.")]
    for name in ours:
        monkeypatch.delitem(sys.modules, name)
    assert "wasend" in registry.installed()
    assert not [name for name in sys.modules if name.startswith("groupadd.providers.")]


def test_a_name_of_ours_cannot_be_taken_over(brings: Brings) -> None:
    brings("groupadd-thief", "thief", PROVIDER, wasend="thief:Acme")
    assert registry.installed()["wasend"].built_in
    assert registry.load("wasend").__module__ == "groupadd.providers.wasend"
    assert "thief" not in sys.modules


def test_an_unknown_type_is_refused_with_the_nearest_and_all_that_are_installed(brings: Brings) -> None:
    brings("groupadd-acme", "acme_one", PROVIDER, acme="acme_one:Acme")
    with pytest.raises(UnknownProvider, match=r"did you mean wasend\? \(installed: acme, .*wasend, wawp") as raised:
        registry.load("wasnd")
    assert "acme_one" not in sys.modules
    assert "wasnd" not in str(raised.value)


def test_a_type_that_two_distributions_bring_is_used_from_neither(brings: Brings) -> None:
    brings("groupadd-acme", "acme_one", PROVIDER, acme="acme_one:Acme")
    brings("groupadd-other", "acme_two", PROVIDER, acme="acme_two:Acme")
    with pytest.raises(ConfigError, match="groupadd-acme, groupadd-other all bring this type"):
        registry.load("acme")
    assert not {"acme_one", "acme_two"} & sys.modules.keys()


@pytest.mark.parametrize(
    ("source", "value", "message"),
    [
        ("import no_such_module", "broken:Acme", "cannot be imported: ModuleNotFoundError; .*'import broken'"),
        ("raise RuntimeError('sk-secret')", "broken:Acme", "cannot be imported: RuntimeError"),
        ("def", "broken:Acme", "cannot be imported: SyntaxError"),
        (PROVIDER, "broken:Acne", "cannot be imported: AttributeError"),
        (PROVIDER, "not a reference", "cannot be imported: AttributeError"),
        (PROVIDER, "broken", "is no provider: not an attrs class"),
        ("class Acme: pass", "broken:Acme", "is no provider: not an attrs class"),
        (
            "from attrs import frozen\n@frozen\nclass Acme: base_url: str",
            "broken:Acme",
            "lacks add_participants, reports",
        ),
    ],
)
def test_a_broken_plugin_is_a_config_error_without_its_text(
    brings: Brings, source: str, value: str, message: str
) -> None:
    brings("groupadd-broken", "broken", source, broken=value)
    with pytest.raises(ConfigError, match=message) as raised:
        registry.load("broken")
    assert "groupadd-broken" in str(raised.value)
    chain: BaseException | None = raised.value
    while chain is not None:
        assert isinstance(chain, ConfigError)
        assert "sk-secret" not in str(chain)
        chain = chain.__context__


def test_the_type_of_a_bare_provider_is_the_name_it_is_installed_under(brings: Brings) -> None:
    brings("groupadd-acme", "acme_one", PROVIDER, top="acme_one:Acme")
    make: Callable[..., GroupMembershipProvider] = registry.load("top")
    assert registry.type_name(make(token=Secret("t"))) == "top"
    assert registry.type_name(Wasend("s1", Secret("k"))) == "wasend"


@pytest.mark.parametrize(
    ("name", "snake_case"), [("MyService", "my_service"), ("HTTPThing", "http_thing"), ("V2Api", "v2_api")]
)
def test_the_type_of_a_class_that_is_not_installed_is_its_name_in_snake_case(name: str, snake_case: str) -> None:
    kind = type(name, (Wasend,), {})
    assert registry.type_name(kind("s1", Secret("k"))) == snake_case


def test_abilities_are_the_protocols_that_a_class_has_the_methods_of() -> None:
    assert "ResolvesLids" in registry.abilities(Wawp)
    assert set(registry.abilities(Wawp)) - set(registry.abilities(Wasend)) == {"ResolvesLids"}
    assert "GroupMembershipProvider" not in registry.abilities(Wawp)


@pytest.mark.parametrize("end", ["raise SystemExit(0)", "import sys\nsys.exit()", "import os\nraise KeyError('x')"])
def test_a_plugin_that_would_end_the_program_when_it_is_imported_is_a_config_error(brings: Brings, end: str) -> None:
    brings("groupadd-acme", "acme_exits", f"{end}\n{PROVIDER}", acme="acme_exits:Acme")
    with pytest.raises(ConfigError, match=r"acme_exits:Acme .*cannot be imported"):
        registry.load("acme")


@pytest.mark.parametrize(
    ("command", "code"),
    [(["add"], Exit.NOT_SENT), (["members"], Exit.NOT_SENT), (["add", "in a flow"], Exit.UNKNOWN)],
)
def test_no_exit_code_of_a_plugins_becomes_ours(
    brings: Brings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], code: Exit
) -> None:
    in_flow = PROVIDER.replace("return AddReply()", "raise SystemExit(0)")
    at_once = f"raise SystemExit(0)\n{PROVIDER}"
    brings("groupadd-acme", "acme_ends", in_flow if command[1:] else at_once, acme="acme_ends:Acme")
    monkeypatch.chdir(tmp_path)
    Path("groupadd.toml").write_text('[providers.main]\ntype = "acme"\ntoken = "k"\n')
    numbers = ["+12025550143"] if command[0] == "add" else []
    assert main([command[0], "120363000000000042@g.us", *numbers]) == code
