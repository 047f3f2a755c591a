"""Answers read from files, a database, spreadsheets: each grade used or listed, none lost."""

import json
import sqlite3

import pandas as pd
import pytest
from surveys import DOCUMENT, SURVEY, WHEN

from apps.listening import answers as listening
from apps.listening.answer_schema import checked

SONGS = ["aaaaaa", "bbbbbb", "cccccc", "dddddd"]
KEY = "\n".join(
    (
        "survey,item,role,song,source",
        *(f"{SURVEY},{item},song,Song {i},{'Bach' if i < 3 else 'AE'}" for i, item in
          enumerate(SONGS, start=1)),
        f"{SURVEY},pppppp,practice,,",
        f"{SURVEY},tttttt,attention,,5",
        f"{SURVEY},ffffff,fake,from Song 1,shuffled notes",
    )
)  # fmt: skip
FORM = """column,song,source,role,grade
Song 1,One,Bach,,
Song 2,Two,Bach,,
Song 3,Three,AE,,
Email,,,listener,
"""
SOME = ["7Q2K-M4XP-9TRD-0VW0", "7Q2K-M4XP-9TRD-0VW1", "7Q2K-M4XP-9TRD-0VW2"]
pytestmark = pytest.mark.filterwarnings("error")


def document(listener=SOME[0], version=1, grades=(1, 2, 3, 4), **change):
    """Make a document with these grades of the four songs, the last heard first."""
    answers = {
        item: {"grade": grade, "known": i == 0, "comment": f"c{i}", "heard": 12.5, "at": WHEN}
        for i, (item, grade) in enumerate(zip(SONGS, grades, strict=False))
    }
    answers |= {"pppppp": {"grade": 3}, "tttttt": {"grade": 5}, "ffffff": {"grade": 5}}
    answers["cccccc.again"] = {"grade": 5}
    own = {
        "listener": listener,
        "version": version,
        "finished": WHEN,
        "about": {"age": "25-34", "music": "sings"},
        "order": ["pppppp", *SONGS[2:], "ffffff", "tttttt", *SONGS[:2], "cccccc.again"],
        "answers": answers,
        "comment": "all in all",
    }
    return DOCUMENT | own | change


@pytest.fixture
def key(tmp_path):
    return write(tmp_path, "key.csv", KEY)


@pytest.fixture
def form(tmp_path):
    return write(tmp_path, "form.csv", FORM)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    return tmp_path / "in"


def write(folder, name, content):
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def reasons(answers):
    return answers.summary().drop("used").to_dict()


def sheet(tmp_path, text, form, encoding="utf-8"):
    path = tmp_path / "export.csv"
    path.write_bytes(text.encode(encoding) if isinstance(text, str) else text)
    return listening.load_answers(path, form)


# --- Documents


def test_a_document_becomes_a_row_a_song(folder, key):
    write(folder, f"answers-{SOME[0]}.json", document())
    answers = listening.load_answers(folder, key)
    frame = answers.frame.sort_values("song")
    assert list(frame) == list(listening.KINDS)
    own = ["song", "source", "grade", "position", "known", "comment", "heard"]
    assert frame[own].to_numpy().tolist() == [
        ["Song 1", "Bach", 1, 4, True, "c0", 12.5],  # fourth: practice and attention left out
        ["Song 2", "Bach", 2, 5, False, "c1", 12.5],
        ["Song 3", "AE", 3, 1, False, "c2", 12.5],
        ["Song 4", "AE", 4, 2, False, "c3", 12.5],
    ]
    same = ["listener", "language", "age", "gender", "music", "overall_comment"]
    same += ["started", "finished", "attentive", "again", "fake"]
    one = [SOME[0], "sv", "25-34", "", "sings", "all in all", WHEN, WHEN, True, 2, 5]
    assert frame[same].drop_duplicates().to_numpy().tolist() == [one]
    assert reasons(answers) == dict.fromkeys(("practice", "attention", "fake", "again"), 1)


def test_every_grade_is_used_or_listed_with_its_reason(folder, key):
    odd = document(grades=(1, 4.0, None))
    odd["answers"]["zzzzzz"] = {"grade": 2}
    write(folder, "odd.json", odd)
    write(folder, "old.json", document(grades=(5,), about={}))
    write(folder, "none.json", document(SOME[1], answers={}))
    write(folder, "other.json", document(SOME[2], survey="ffffffff"))
    write(folder, "no.json", document(SOME[2], consent=False))
    write(folder, "six.json", document(SOME[2], grades=(6,)))
    write(folder, "broken.json", '{"format": "musegen')
    write(folder, "deep.json", "[" * 100_000)
    write(folder, "list.json", [])
    write(folder, "who.json", document("anna@example.com"))
    write(folder, "notes.txt", "hello")
    answers = listening.load_answers(folder, key)
    assert answers.frame[["item", "grade"]].to_numpy().tolist() == [["aaaaaa", 1], ["bbbbbb", 4]]
    once = ("unknown_item", "practice", "attention", "fake", "again")
    more = {"missing": 10, "duplicate": 8, "other_survey": 8, "unreadable": 7}
    assert reasons(answers) == dict.fromkeys(once, 1) | more
    assert not answers.listed.duplicated(["where", "item"]).any()
    assert "anna" not in answers.listed.to_csv()
    assert all(f"``{reason}``" in listening.__doc__ for reason in answers.listed["reason"])
    said = answers.listed.set_index("where")["value"]
    assert said["six.json"] == "$.answers.aaaaaa.grade breaks the rule enum: [1, 2, 3, 4, 5, None]"
    assert said["no.json"] == "$.consent breaks the rule const: True"


def test_a_database_is_read(tmp_path, key):
    path = tmp_path / "answers.sqlite"
    held = zip(SOME, (json.dumps(document()), "{", 7), strict=True)
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE answers (listener, document, survey, version)")
        database.executemany(f"INSERT INTO answers VALUES (?, ?, '{SURVEY}', 1)", held)
    answers = listening.load_answers(path, key)
    assert len(answers.frame) == 4
    assert reasons(answers)["unreadable"] == 2


def test_a_row_shows_what_each_exclusion_changes(folder, key):
    write(folder, "good.json", document())
    careless = document(SOME[1], grades=(5, 5, 5, 5), finished=None)
    careless["answers"]["tttttt"] = {"grade": 1}
    careless["answers"]["ffffff"] = {"grade": 2}
    write(folder, "careless.json", careless)
    rows = listening.load_answers(folder, key).exclusions()
    assert rows.round(2).to_dict("index") == {
        "nothing": {"listeners": 2, "grades": 8, "AE": 4.25, "Bach": 3.25},
        "the listener knew the piece": {"listeners": 2, "grades": 6, "AE": 4.25, "Bach": 3.5},
        **dict.fromkeys(
            ("failed the attention check", "shuffled notes graded 1 or 2", "did not finish"),
            {"listeners": 1, "grades": 4, "AE": 3.5, "Bach": 1.5},
        ),
        "all of these": {"listeners": 1, "grades": 3, "AE": 3.5, "Bach": 2.0},
    }


# --- Spreadsheets


def test_a_wide_spreadsheet(tmp_path, form):
    with form.open("a") as file:
        file.write("Timestamp,,,time,\nHow old?,,,age,\n2 - probably human,,,,2\nA5,,,,5\n")
    text = "Timestamp,E-MAIL,email,song 1, Song 2 ,SONG 3,Mood,How old?\n"
    text += "2026-11-23 10:00:00,,Anna@x.se,4,2 - Probably  human,1,good,30\n"
    text += "2026-11-23 10:05:00,,bo@x.se,a5,,９,bad,\n"
    text += "2026-11-23 09:00:00,,anna@x.se,1,1,1,,\n"
    text += '2026-11-23 09:00:00,,,4 or 5,"3,0","3,5",,\n'
    answers = sheet(tmp_path, text, form)
    columns = ["listener", "song", "source", "grade", "item", "finished", "age"]
    assert list(answers.frame) == columns
    assert answers.frame["grade"].tolist() == [4, 2, 1, 5, 3]
    assert answers.frame["song"].tolist() == ["One", "Two", "Three", "One", "Two"]
    anna, bo, nobody = answers.frame["listener"].unique()
    assert checked(anna, "code") and nobody == "row 5"
    assert answers.listed.to_numpy().tolist() == [
        ["row 3", bo, "song 2", "missing", ""],
        ["row 3", bo, "song 3", "out_of_range", "９"],
        ["row 4", anna, "song 1", "duplicate", "1"],
        ["row 4", anna, "song 2", "duplicate", "1"],
        ["row 4", anna, "song 3", "duplicate", "1"],
        ["row 5", "row 5", "song 1", "not_a_grade", "4 or 5"],
        ["row 5", "row 5", "song 3", "out_of_range", "3,5"],
        ["row 1", "", "e-mail", "not_in_key", ""],
        ["row 1", "", "mood", "not_in_key", ""],
    ]
    assert "x.se" not in (answers.frame.to_csv() + answers.listed.to_csv()).lower()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_spreadsheets_are_read_as_they_come(tmp_path, encoding, delimiter):
    form = tmp_path / "form.csv"
    form.write_text("column,song,source\nLåt 1,Ett,Bach\nLåt 2,Två,AE\n", encoding="utf-8")
    cells = [["Namn", "Låt 1", "LÅT 2"], ["Åsa", '"4,0"', "2"], ["Örjan", "1", '"3,0"']]
    text = "\r\n".join(delimiter.join(row) for row in cells)
    for before in ("", f"sep={delimiter}\r\n"):
        answers = sheet(tmp_path, before + text, form, encoding)
        assert answers.frame["grade"].tolist() == [4, 2, 1, 3]
        assert answers.frame["song"].tolist() == ["Ett", "Två"] * 2
        assert reasons(answers) == {"not_in_key": 1}


@pytest.mark.parametrize(
    ("form_of_time", "first", "second", "counts"),
    [
        ("", "2026-11-23 11:00:00", "2026-11-23T10:00:00", 1),
        ("%d/%m/%Y %H:%M", "03/04/2026 10:00", "02/05/2026 10:00", 2),
        ("%m/%d/%Y %H:%M", "03/04/2026 10:00", "02/05/2026 10:00", 1),
        ("%Y/%m/%d %I:%M:%S %p GMT+1", "2026/11/23 1:00:00 PM GMT+1",
         "2026/11/23 11:00:00 AM GMT+1", 1),
        ("", "2026-11-23 11:00:00", "", 1),
        ("", "", "2026-11-23 11:00:00", 2),
    ],
)  # fmt: skip
def test_the_key_says_how_times_are_written(tmp_path, form, form_of_time, first, second, counts):
    form.write_text(FORM.replace("Song 2,Two,Bach,,\nSong 3,Three,AE,,\n", ""))
    with form.open("a") as file:
        file.write(f"When,,{form_of_time},time,\n")
    answers = sheet(tmp_path, f"When,Email,Song 1\n{first},a,1\n{second},a,2\n", form)
    assert answers.frame["grade"].tolist() == [counts]
    with pytest.raises(ValueError, match="'when' has times in another form .* take the row out"):
        sheet(tmp_path, "When,Email,Song 1\nyesterday,a,1\n", form)


def test_rows_that_may_have_shifted_are_not_used(tmp_path, form):
    text = "Email,Song 1,Song 2,Song 3\na,1,2,3,\nb,4,0,4,3\n\n,,,\n,,,,,\n"
    answers = sheet(tmp_path, text, form)
    assert answers.frame["grade"].tolist() == [1, 2, 3]
    assert reasons(answers) == {"extra_cells": 3}
    assert set(answers.listed["value"]) == {""}  # it may be another cell, a name even


# --- Sentences


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("item,role,song,source\n", "has no column survey; it needs survey, item, role"),
        ("", "is no table; does it have headings"),
        (KEY.replace("bbbbbb", "aaaaaa"), "row 3: aaaaaa has the name of another row"),
        (KEY.replace("Song 2", "Song 1"), "row 3: bbbbbb has the song and source of another"),
        (KEY.replace("practice", "rehearsal"), "row 6: pppppp has a role that is none of song,"),
        (KEY.replace("1a2b3c4d,bbb", "ffffffff,bbb"), "must have a row for each song, all of one"),
        (KEY.replace("AE", ""), "row 4: cccccc lacks a heading, song or source"),
        ("survey,item,role,song,source\n1a2b3c4d,pppppp,practice,,\n", "must have a row for each"),
        (FORM.replace("Email,,,listener,", "A1,,,,6"), "row 5: a1 has a grade that is not"),
        (KEY.replace(SURVEY, "ffffffff"), "key of survey ffffffff, but the answers in .* 1a2b"),
    ],
)
def test_a_wrong_key_is_a_sentence(folder, key, text, says):
    write(folder, "a.json", document())
    key.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=says) as error:
        listening.load_answers(folder, key)
    assert str(key) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"PK\x03\x04...", "is a workbook; open it, save it as CSV"),
        (b"\xd0\xcf\x11\xe0...", "is a workbook"),
        (b"", "is no table; does it have headings"),
        (b"a,b,c\n1,2,3\n", "has no column 'song 1' as the key .* its columns are a, b, c"),
        (b"Song 1,Song 2,Song 3,Email,Song 3\n1,2,3,a,4\n", "has the heading 'song 3' twice"),
        (b"Song 1,Song 2,Song 3,Email\nA1,A2,,a\n", "no grade from 1 to 5, but words; say in"),
        (b'Song 1,"Song 2\n' + b"x" * 200_000, "is no table; .* quotes that are closed"),
    ],
)
def test_no_spreadsheet_is_a_sentence(tmp_path, form, content, says):
    with pytest.raises(ValueError, match=says):
        sheet(tmp_path, content, form)


def test_no_database_is_a_sentence(tmp_path, key):
    path = tmp_path / "answers.sqlite"
    path.write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    with pytest.raises(ValueError, match="cannot be read as a database of answers"):
        listening.load_answers(path, key)


def test_what_is_not_there_is_a_sentence(tmp_path, key, form):
    for which in (key, form):
        with pytest.raises(ValueError, match=r"gone cannot be read \(No such file"):
            listening.load_answers(tmp_path / "gone", which)
    with pytest.raises(ValueError, match="gone cannot be read .* `survey build` wrote"):
        listening.load_answers(tmp_path, tmp_path / "gone")


# --- Writing


def test_formulas_are_disarmed(folder, key, tmp_path):
    evil = document()
    texts = ["=1+1", "+1", "-1", "@SUM(A1)"]
    for item, text in zip(SONGS, texts, strict=True):
        evil["answers"][item]["comment"] = text
    evil["about"] = {"culture": "\t=1", "age": "a;=1", "profession": "plain, - text"}
    write(folder, "a.json", evil)
    answers = listening.load_answers(folder, key)
    assert sorted(answers.frame["comment"]) == sorted(texts)
    path = answers.write_csv(tmp_path / "tidy.csv")
    back = pd.read_csv(path, dtype="str", keep_default_na=False)
    for cell in back.to_numpy():
        assert not any(text.startswith(tuple("=+-@\t\r")) for text in cell)
    assert set(back["age"]) == {"a;=1"} and set(back["profession"]) == {"plain, - text"}
    assert '"a;=1"' in path.read_text()  # one cell, whatever it is split at
