import re
import tomllib

from groupadd.providers.wasend import Wasend
from groupadd.providers.wawp import Wawp
from groupadd.sandbox import ExamplePerson, Sandbox, VirtualClock, config_toml, example_people, example_world
from groupadd.sandbox.example import GROUP


def test_the_six_people_differ_in_what_decides_an_add() -> None:
    assert example_people(example_world(VirtualClock())) == (
        ExamplePerson("Ada", "+12025550143", "can be added"),
        ExamplePerson("Ben", "+14155550126", "is a member already"),
        ExamplePerson("Cleo", "+13125550178", "lets only contacts add"),
        ExamplePerson("Dan", "+16465550199", "is not on WhatsApp"),
        ExamplePerson("Eve", "+15035550134", "has left the group a short while ago"),
        ExamplePerson("Finn", "+17135550115", "has blocked us"),
    )


def test_the_descriptions_of_people_follow_the_world() -> None:
    world = example_world(VirtualClock())
    world.join(GROUP, "12025550143")
    assert example_people(world)[0].about == "is a member already"


def test_all_numbers_are_reserved_for_fiction() -> None:
    numbers = example_world(VirtualClock()).people
    assert all(re.fullmatch(r"1[2-9]\d\d55501\d\d", number) for number in numbers)


def test_the_config_fits_the_providers() -> None:
    world = example_world(VirtualClock())
    base_url = "http://127.0.0.1:8042"
    text = config_toml({name: Sandbox.for_vendor(name, world).config(base_url) for name in ("wasend", "wawp")})
    config = tomllib.loads(text)
    assert config["provider"] == "wasend"
    for kind in (Wasend, Wawp):
        fields = config["providers"][kind.__name__.lower()]
        assert fields.pop("type") == kind.__name__.lower()
        assert kind(**fields).base_url == base_url
