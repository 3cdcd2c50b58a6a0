from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupadd import InvalidParticipant
from groupadd.people_file import named, people_in, read

numbers = st.integers(0, 99).map(lambda last: f"+120255501{last:02}")


def test_one_a_line_passes_over_blank_lines_and_comments() -> None:
    people = people_in("# ours\n+12025550100\n\n  15550101@c.us  \n#+12025550199\n", "people.txt")
    assert people.given == ("+12025550100", "15550101@c.us")
    assert people.places == ("people.txt, line 2", "people.txt, line 4")


@pytest.mark.parametrize("header", ["phone", "Participant", " NUMBER ", '"phone"'])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_is_known_by_its_phone_column(header: str, delimiter: str) -> None:
    text = f"name{delimiter}{header}{delimiter}city\nAda{delimiter}+12025550100{delimiter}Rome\n"
    people = people_in(text, "people.csv")
    assert people.given == ("+12025550100",)
    assert people.places == ("people.csv, line 2",)


def test_phone_comes_before_number_where_a_csv_has_both() -> None:
    assert people_in("number,phone\n7,+12025550100\n", "p").given == ("+12025550100",)


def test_rows_are_numbered_by_the_line_on_which_they_begin() -> None:
    text = '# ours\r\n\r\nnote,phone\r\n"two\r\nlines",+12025550100\r\n,\r\n\r\nx,+12025550101\r\n'
    people = people_in(text, "p")
    assert people.given == ("+12025550100", "+12025550101")
    assert people.places == ("p, line 4", "p, line 8")


@pytest.mark.parametrize("header", ["#,phone", '"#",phone', "# ours\n\n#,phone"])
def test_below_a_csv_header_a_hash_begins_a_row_like_any_other(header: str) -> None:
    people = people_in(f"{header}\n#1,+12025550100\n2,+12025550101\n# nobody\n", "p")
    assert people.given == ("+12025550100", "+12025550101", "")


def test_standard_input_that_is_closed_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(InvalidParticipant, match="standard input: cannot be read: it is closed"):
        read("-")


def test_a_row_without_a_number_is_reported_and_not_passed_over() -> None:
    people = people_in("name,phone\nAda,+12025550100\nBen\nCleo,\n", "p")
    with pytest.raises(InvalidParticipant) as caught:
        people.require_all()
    assert list(caught.value.faults) == [1, 2]
    assert [line.partition(": ")[0] for line in str(caught.value).splitlines()] == ["p, line 3", "p, line 4"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "p: nobody is named in it"),
        ("# nobody\n\n", "p: nobody is named in it"),
        ("phone\n", "p: nobody is named in it"),
        ("\nname,telephone\nAda,+12025550100\n", "p, line 2: a CSV needs a header with a column named"),
        ('"x,phone,y",z\n1,2\n', "p, line 1: a CSV needs a header with a column named"),
        ('phone,x\n"+12025550100,1\n', "p, line 2: is not CSV"),
    ],
)
def test_a_file_that_names_nobody_says_why(text: str, fault: str) -> None:
    with pytest.raises(InvalidParticipant) as caught:
        people_in(text, "p")
    assert str(caught.value).startswith(fault)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_excel_writes_is_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes("name\tphone\r\nZoë\t+12025550100\r\n".encode(encoding))
    assert read(str(path)).given == ("+12025550100",)


def test_what_is_no_text_or_not_there_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "people.xls"
    path.write_bytes(b"name,phone\nZo\xeb,+12025550100\n")
    with pytest.raises(InvalidParticipant, match=r"people\.xls: cannot be read: it is not UTF-8"):
        read(str(path))
    with pytest.raises(InvalidParticipant, match="cannot be read: "):
        read(str(tmp_path))


@given(st.lists(numbers, min_size=1), st.sampled_from(["\n", "\r\n", "\r"]))
def test_a_list_and_a_csv_of_the_same_people_name_the_same_people(people: list[str], newline: str) -> None:
    as_list = people_in(newline.join(people), "p")
    as_csv = people_in(newline.join(["name,phone", *(f"x,{phone}" for phone in people)]), "p")
    assert as_list.given == as_csv.given == tuple(people)


@given(st.text())
def test_any_text_is_people_or_an_error_with_a_place(text: str) -> None:
    try:
        people = people_in(text, "p")
    except InvalidParticipant as error:
        places = [str(error)]
    else:
        assert len(people.given) == len(people.places)
        places = list(people.places)
    assert places
    assert all(place.startswith("p") for place in places)


def test_people_of_the_command_line_come_before_those_of_a_file() -> None:
    people = named(["+12025550100"]) + people_in("+12025550101", "p")
    assert people.places == ("participant 1", "p, line 1")
