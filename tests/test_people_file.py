import io
import itertools
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupadd import InvalidParticipant
from groupadd.errors import CannotRead, CannotWrite
from groupadd.people_file import People, named, open_sheet, read, write
from groupadd.people_file import people_in as people_in_lines


def people_in(text: str, name: str) -> People:
    return people_in_lines(io.StringIO(text, newline=""), name)


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
    people = people_in(f"{header}\n#1,+12025550100\n2,+12025550101\n# a comment\n", "p")
    assert people.given == ("+12025550100", "+12025550101", "")


def test_standard_input_that_is_closed_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(CannotRead, match="standard input: cannot be read: it is closed"):
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
        ("", "p: the file names no participants"),
        ("# a comment\n\n", "p: the file names no participants"),
        ("phone\n", "p: the file names no participants"),
        ("\nname,telephone\nAda,+12025550100\n", "p, line 2: a CSV needs a header with a column named"),
        ('"x,phone,y",z\n1,2\n', "p, line 1: a CSV needs a header with a column named"),
        ('phone,x\n"+12025550100,1\n', "p, line 2: is not CSV"),
    ],
)
def test_a_file_without_participants_says_why(text: str, fault: str) -> None:
    with pytest.raises(CannotRead) as caught:
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
    with pytest.raises(CannotRead, match=r"people\.xls: cannot be read: it is not UTF-8"):
        read(str(path))
    with pytest.raises(CannotRead, match="cannot be read: "):
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
    except CannotRead as error:
        places = [str(error)]
    else:
        assert len(people.given) == len(people.places)
        places = list(people.places)
    assert places
    assert all(place.startswith("p") for place in places)


def test_people_of_the_command_line_come_before_those_of_a_file() -> None:
    people = named(["+12025550100"]) + people_in("+12025550101", "p")
    assert people.places == ("participant 1", "p, line 1")


def sheet_of(path: Path, phone_column: str | None = None) -> tuple[list[str], list[tuple[int, list[str]]]]:
    with open_sheet(path, phone_column) as sheet:
        return list(sheet.header), [(line, list(cells)) for line, cells in sheet.rows]


def test_a_sheet_keeps_its_columns_and_the_line_of_each_row(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text('# ours\n\nName;Phone;Note\nAda;+12025550100;"a\nb"\n;;\nBen;+12025550101\n')
    assert sheet_of(path) == (
        ["Name", "Phone", "Note"],
        [(4, ["Ada", "+12025550100", "a\nb"]), (7, ["Ben", "+12025550101"])],
    )


@pytest.mark.parametrize("header", ["Name,Mobil", '"Name, first",mobil', '"Full\nname"\tMOBIL', '"Mobil";Name'])
def test_any_column_may_hold_the_numbers_of_a_sheet(header: str, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(f"{header}\n")
    assert sheet_of(path, " mobil ")[1] == []
    with pytest.raises(CannotRead, match="line 1: a CSV needs a header with a column named phone, participant or"):
        sheet_of(path)
    with pytest.raises(CannotRead, match=r"a column named cell$"):
        sheet_of(path, "cell")


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"])), min_size=2, max_size=2), max_size=5))
def test_what_is_written_is_read_back(rows: list[list[str]]) -> None:
    file = io.StringIO(newline="")
    write(file, ["phone", "note"], rows, delimiter=";")
    file.seek(0)
    given = [cells[0].strip() for cells in rows if any(cell.strip() for cell in cells)]
    assert not given or people_in_lines(file, "p").given == tuple(given)


def test_a_file_that_cannot_be_written_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite, match=r"done\.csv cannot be written: No such file"):
        write(tmp_path / "nowhere" / "done.csv", ["phone"], [], delimiter=",")


def test_text_is_cleaned_where_it_comes_in() -> None:
    rows = [{"phone": "\u202a+1 202 555 0100\u202c", "note\x1b[2J": "half an emoji \ud83d, two\nlines, \0"}]
    with open_sheet(rows) as sheet:
        ((_, cells),) = sheet.rows
    assert sheet.header == ["phone", "note\ufffd[2J"]
    assert cells == ["+1 202 555 0100", "half an emoji \ufffd, two\nlines, \ufffd"]
    given = f"{cells[0]}\n\u202e+12025550101\x9b\n{'9' * 10_000}\n"
    assert people_in(given, "p").given == ("+1 202 555 0100", "+12025550101\ufffd", "9" * 199 + "…")
    assert named(["+1202555\udcff"]).given == ("+1202555\ufffd",)


@pytest.mark.skipif(os.name == "nt", reason="names of files are Unicode there")
def test_a_file_whose_name_is_not_unicode_is_read_and_named(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"p\xff\x1b[31m.csv")
    path.write_text("phone\n+12025550100\n")
    with open_sheet(path) as sheet:
        assert sheet.name == "p\ufffd\ufffd[31m.csv"
    (place,) = read(str(path)).places
    place.encode()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "pipe"])
def test_what_has_no_end_or_no_writer_is_an_error_at_once(device: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    place = str(tmp_path / device)  # an absolute path stays as it is
    for read_it in (lambda: read(place), lambda: list(sheet_of(Path(place)))):
        with pytest.raises(CannotRead):
            read_it()


def test_what_is_too_long_or_too_many_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("groupadd.people_file._MOST_PEOPLE", 3)
    monkeypatch.setattr("groupadd.people_file._MOST_ROWS", 3)
    monkeypatch.setattr("groupadd.people_file._LONGEST_LINE", 40)
    monkeypatch.setattr("groupadd.people_file._MOST_OF_STDIN", 100)
    endless = itertools.repeat("+12025550100\n")
    with pytest.raises(CannotRead, match="more than 3 participants"):
        people_in_lines(endless, "p")
    with pytest.raises(CannotRead, match="more than 3 rows"):
        people_in_lines(itertools.chain(["phone,x\n"], endless), "p")
    with pytest.raises(CannotRead):
        people_in_lines(itertools.repeat('"'), "p")
    path = tmp_path / "people.csv"
    path.write_text(f"phone,note\n+12025550100,{'x' * 40}\n")
    with pytest.raises(CannotRead, match="a line of more than 40 characters"):
        sheet_of(path)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"y\n" * 60)))
    with pytest.raises(CannotRead, match="standard input: cannot be read: it is too large"):
        read("-")
