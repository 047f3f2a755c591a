"""Answers read from files, a database, spreadsheets: each grade used or listed, none lost."""

import json
import sqlite3
import warnings

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from surveys import DOCUMENT, SURVEY

from apps.listening import answers as listening
from apps.listening import csv_text
from apps.listening.answers_json import ABOUT, LISTENER
from apps.listening.outcomes import REASONS

SONGS = ["aaaaaa", "bbbbbb", "cccccc", "dddddd"]
KEY = "\n".join(
    (
        "survey,item,role,song,source",
        *(f"{SURVEY},{item},song,Song {i},{'Bach' if i < 3 else 'AE'}" for i, item in
          enumerate(SONGS, start=1)),
        f"{SURVEY},pppppp,practice,,",
        f"{SURVEY},tttttt,attention,,5",
    )
)  # fmt: skip
FORM = "column,song,source\nSong 1,One,Bach\nSong 2,Two,Bach\nSong 3,Three,AE\n"
SOME = ["7Q2K-M4XP-9TRD-0VW0", "7Q2K-M4XP-9TRD-0VW1", "7Q2K-M4XP-9TRD-0VW2"]
QUICK = settings(
    deadline=None,
    derandomize=True,
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
pytestmark = pytest.mark.filterwarnings("error")


def document(listener=SOME[0], version=1, grades=(1, 2, 3, 4), **change):
    """Make a document with these grades of the four songs, the last heard first."""
    answers = {
        item: {"grade": grade, "known": i == 0, "comment": f"c{i}", "heard": 12.5, "at": "x"}
        for i, (item, grade) in enumerate(zip(SONGS, grades, strict=False))
    }
    answers["pppppp"] = {"grade": 3}
    answers["tttttt"] = {"grade": 5}
    own = {
        "listener": listener,
        "version": version,
        "about": {"age": "25-34", "music": "sings"},
        "order": ["pppppp", *SONGS[2:], "tttttt", *SONGS[:2]],
        "answers": answers,
        "comment": "all in all",
    }
    return DOCUMENT | own | change


@pytest.fixture
def key(tmp_path):
    path = tmp_path / "page.key.csv"
    path.write_text(KEY, encoding="utf-8")
    return path


@pytest.fixture
def form(tmp_path):
    path = tmp_path / "form.csv"
    path.write_text(FORM, encoding="utf-8")
    return path


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    return tmp_path / "in"


def write(folder, name, content):
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / name).write_text(text, encoding="utf-8")


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
    frame = answers.frame
    assert list(frame) == list(listening.KINDS)
    own = ["song", "source", "grade", "position", "known", "comment", "heard"]
    assert frame[own].to_numpy().tolist() == [
        ["Song 1", "Bach", 1, 3, True, "c0", 12.5],  # third: practice and attention left out
        ["Song 2", "Bach", 2, 4, False, "c1", 12.5],
        ["Song 3", "AE", 3, 1, False, "c2", 12.5],
        ["Song 4", "AE", 4, 2, False, "c3", 12.5],
    ]
    same = ["listener", "language", "age", "gender", "music", "overall_comment", "attentive"]
    assert frame[same].drop_duplicates().to_numpy().tolist() == [
        [SOME[0], "sv", "25-34", "", "sings", "all in all", True]
    ]
    assert reasons(answers) == {"practice": 1, "attention": 1}
    assert answers.given == 6
    assert repr(answers) == "4 grades of 1 listeners; listed: 1 practice, 1 attention"


def test_every_grade_is_used_or_listed_with_its_reason(folder, key):
    odd = document(grades=(0, 4.0, "three", None))
    odd["answers"] |= {"zzzzzz": {"grade": 2}, "cccccc": "3 - no idea"}
    write(folder, "odd.json", odd)
    write(folder, "none.json", document(SOME[1], answers={}))
    write(folder, "other.json", document(SOME[2], survey="ffffffff"))
    write(folder, "no.json", document(SOME[2], consent=False))
    write(folder, "broken.json", '{"format": "musegen')
    write(folder, "deep.json", "[" * 100_000)
    write(folder, "list.json", [])
    write(folder, "who.json", document("anna@example.com"))
    write(folder, "notes.txt", "hello")
    answers = listening.load_answers(folder, key)
    assert answers.frame[["item", "grade"]].to_numpy().tolist() == [["bbbbbb", 4], ["cccccc", 3]]
    once = ("out_of_range", "unknown_item", "practice", "attention", "missing", "empty")
    assert reasons(answers) == dict.fromkeys((*once, "other_file"), 1) | {
        "other_survey": 6, "no_consent": 6, "unreadable": 4
    }  # fmt: skip
    listed = answers.listed.set_index("where")
    assert set(listed.loc["no.json", "value"]) == {""}
    assert not answers.listed.duplicated(["where", "item"]).any()
    assert "anna" not in answers.listed.to_csv()
    assert set(answers.listed["reason"]) <= set(REASONS)


def test_who_withdrew_is_out_with_all_versions(folder, key):
    write(folder, "a.json", document(version=2))
    write(folder, "b.json", document(version=3, consent=False))
    assert listening.load_answers(folder, key).frame.empty


@pytest.mark.parametrize(("grade", "attentive"), [(5, True), (4, False), (None, False)])
def test_attention_checks_must_be_right(folder, key, grade, attentive):
    asked = document()
    asked["answers"]["tttttt"] = {"grade": grade}
    write(folder, "a.json", asked)
    assert listening.load_answers(folder, key).frame["attentive"].tolist() == [attentive] * 4


def test_a_database_is_read(tmp_path, key):
    path = tmp_path / "answers.sqlite"
    held = zip(SOME, (json.dumps(document()), "{", 7), strict=True)
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE answers (listener, document, survey, version)")
        database.executemany(f"INSERT INTO answers VALUES (?, ?, '{SURVEY}', 1)", held)
    answers = listening.load_answers(path, key)
    assert len(answers.frame) == 4
    assert reasons(answers) == {"unreadable": 2, "practice": 1, "attention": 1}


# --- Spreadsheets


def test_a_wide_spreadsheet(tmp_path, form):
    text = "Tidstämpel,E-post,song 1,SONG  2.,How human? [Song 3],Mood,Age\n"
    text += "2026-11-23 10:00:00,Anna@x.se,4,2,1,good,30\n"
    text += "2026-11-23 10:05:00,bo@x.se,4 - rather computer,,９,bad,\n"
    text += "2026-11-23 09:00:00,anna@x.se,1,1,1,,\n"
    answers = sheet(tmp_path, text, form)
    assert list(answers.frame) == ["listener", "song", "source", "grade", "age"]
    assert answers.frame["grade"].tolist() == [4, 2, 1, 4]
    assert answers.frame["song"].tolist() == ["One", "Two", "Three", "One"]
    anna, bo = answers.frame["listener"].unique()
    assert LISTENER.fullmatch(anna)
    assert answers.listed.to_numpy().tolist() == [
        ["row 3", bo, "Song 2", "missing", ""],
        ["row 3", bo, "Song 3", "out_of_range", "９"],
        ["row 4", anna, "Song 1", "duplicate", "1"],
        ["row 4", anna, "Song 2", "duplicate", "1"],
        ["row 4", anna, "Song 3", "duplicate", "1"],
    ]
    assert "x.se" not in (answers.frame.to_csv() + answers.listed.to_csv()).lower()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_spreadsheets_are_read_as_they_come(tmp_path, encoding, delimiter):
    form = tmp_path / "form.csv"
    form.write_text("column,song,source\nLåt 1,Ett,Bach\nLåt 2,Två,AE\n", encoding="utf-8")
    cells = [["Namn", "Låt 1", "LÅT_2"], ["Åsa", '"4,0"', "2"], ["Örjan", "1", '"3,0"']]
    text = "\r\n".join(delimiter.join(row) for row in cells)
    answers = sheet(tmp_path, text, form, encoding)
    assert answers.frame["grade"].tolist() == [4, 2, 1, 3]
    assert answers.frame["song"].tolist() == ["Ett", "Två"] * 2
    assert len(answers.listed) == 0


def test_times_decide_only_if_they_can_be_read_in_one_way(tmp_path, form):
    def counted(first, second):
        text = f"Timestamp,Email,Song 1\n{first},a,1\n{second},a,2\n"
        answers = sheet(tmp_path, text, form)
        return answers.frame["grade"].tolist()

    assert counted("2026-11-23 11:00:00", "2026-11-23 10:00:00") == [1]
    assert counted("23/11/2026 11:00:00", "23/11/2026 10:00:00") == [1]
    assert counted("2026/11/23 1:00:00 PM GMT+1", "2026/11/23 11:00:00 AM GMT+1") == [1]
    assert counted("03/04/2026 10:00:00", "02/05/2026 10:00:00") == [2]  # March or April?
    assert counted("yesterday", "2026-11-23 10:00:00") == [2]
    assert counted("2026-11-23 11:00:00", "") == [2]


def test_columns_nobody_asked_for_and_columns_that_are_gone(tmp_path, form):
    text = "ID;Song 1;Song 3;Song 3;Song 4;Notes\n1;5;4;3;2;hm\n2;1;2;;1;ok\n"
    answers = sheet(tmp_path, text, form)
    assert answers.frame["grade"].tolist() == [5, 4, 1, 2]
    listed = answers.listed[["where", "item", "reason", "value"]].to_numpy().tolist()
    assert listed == [
        ["row 1", "Song 2", "column_not_found", ""],
        ["row 2", "Song 4", "unknown_item", "2"],
        ["row 2", "Song 3", "duplicate", "3"],
        ["row 3", "Song 4", "unknown_item", "1"],
    ]


def test_rows_that_may_have_shifted_are_not_used(tmp_path, form):
    text = "Email,Song 1,Song 2,Song 3\na,1,2,3,\nb,4,0,4,3\n\n,,,\n,,,,,\n"
    answers = sheet(tmp_path, text, form)
    assert answers.frame["grade"].tolist() == [1, 2, 3]
    assert reasons(answers) == {"extra_cells": 3}
    assert set(answers.listed["value"]) == {""}  # it may be another cell, a name even


def test_labels_are_grades_by_the_key(tmp_path, form):
    with form.open("a") as file:
        file.write("A1,,1\nAgree!,,4\n")
    text = "Name,Song 1,Song 2,Song 3,Mood\nn/a,A1, agree,5 - completely,A1\n-,A2,2,,Agree\n"
    answers = sheet(tmp_path, text, form)
    assert answers.frame[["listener", "grade"]].to_numpy().tolist() == [
        ["row 2", 1], ["row 2", 4], ["row 2", 5], ["row 3", 2]
    ]  # fmt: skip
    assert reasons(answers) == {"not_a_grade": 1, "unknown_item": 2, "missing": 1}


# --- Sentences


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("item,role,song,source\n", "needs the columns survey, item, role, song, source"),
        ("", "is no table: no headings"),
        (KEY.replace("bbbbbb", "aaaaaa"), "row 3: aaaaaa is there already"),
        (KEY.replace("Song 2", "Song 1"), "row 3: the song Song 1 of Bach is there already"),
        (KEY.replace("practice", "rehearsal"), "row 6: the role rehearsal is unknown"),
        (KEY.replace("1a2b3c4d,bbb", "ffffffff,bbb"), "mixes the surveys 1a2b3c4d, ffffffff"),
        (KEY.replace("1a2b3c4d", "1.00E+05"), "is no name of a survey"),
        (KEY.replace("aaaaaa", "1E+05"), "row 2: 1E\\+05 is no item"),
        (KEY.replace("AE", ""), "row 4: cccccc has no song or no source"),
        (KEY.replace(",5", ",9"), "asks for a grade from 1 to 5, not 9"),
        ("survey,item,role,song,source\n1a2b3c4d,pppppp,practice,,\n", "has no song"),
        (FORM, "is a key for a spreadsheet"),
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
        (b"", "no headings"),
        (b"a,b,c\n1,2,3\n", "has no column of the key"),
        (b"Song 1\nA1\nA5\n", "no grade from 1 to 5, but 'A1'; .* in rows of the key .* Agree,,4"),
        (b'Song 1,"Song 2\n' + b"x" * 200_000, "quotation mark"),
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
    path.unlink()
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE answers (question)")
    with pytest.raises(ValueError, match="no such column: document"):
        listening.load_answers(path, key)


def test_what_is_not_there_is_a_sentence(tmp_path, key, form):
    with pytest.raises(ValueError, match=r"gone cannot be read \(No such file"):
        listening.load_answers(tmp_path / "gone", key)
    with pytest.raises(ValueError, match=r"the key .*gone cannot be read"):
        listening.load_answers(tmp_path, tmp_path / "gone")
    with pytest.raises(ValueError, match="is neither a folder nor a database"):
        listening.load_answers(form, key)


# --- Writing


def test_formulas_are_disarmed_and_come_back(folder, key, tmp_path):
    evil = document()
    texts = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "'=1", "a;=1", 'a\n"=1"', "plain, - text"]
    for item, text in zip(SONGS, texts, strict=False):
        evil["answers"][item]["comment"] = text
    evil["about"] = dict(zip(ABOUT, texts[4:], strict=True))
    write(folder, "a.json", evil)
    answers = listening.load_answers(folder, key)
    answers.write_csv(tmp_path / "tidy.csv")
    written = (tmp_path / "tidy.csv").read_text(encoding="utf-8")
    assert "'=1+1,12.5" in written
    pd.testing.assert_frame_equal(listening.read_tidy(tmp_path / "tidy.csv"), answers.frame)
    for cell in pd.read_csv(tmp_path / "tidy.csv", dtype="str", keep_default_na=False).to_numpy():
        assert not any(text.startswith(tuple("=+-@\t\r")) for text in cell)
    assert answers.frame["comment"].tolist() == texts[:4]


@QUICK
@given(st.text(st.sampled_from("=+-@\t\r\n;,'\" a＝"), max_size=12) | st.text())
@example("\t\t=")
@example("'';'=")
def test_disarmed_text_is_no_formula_and_comes_back(text):
    disarmed = csv_text.disarmed(text)
    assert csv_text.rearmed(disarmed) == text
    for split in (disarmed, *disarmed.replace("\n", ";").replace(",", ";").split(";")):
        assert not split.startswith(tuple("=+-@\t\r"))


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "listener,song,source,grade\na,b,c,d\n"])
def test_no_tidy_table_is_a_sentence(tmp_path, content):
    (tmp_path / "x.csv").write_text(content)
    with pytest.raises(ValueError, match="is no tidy table of answers"):
        listening.read_tidy(tmp_path / "x.csv")


# --- Nothing is lost, whatever comes


def balanced(answers):
    """Check what holds always: one row a grade, and frames of the promised kinds."""
    assert answers.frame["grade"].isin([1, 2, 3, 4, 5]).all()
    assert not answers.frame.duplicated(["listener", "song", "source"]).any()
    used = answers.summary()["used"]
    assert answers.summary().sum() == used + len(answers.listed)
    (answers.frame.to_csv() + answers.listed.to_csv()).encode("utf-8")
    return answers


values = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 9), st.floats(), st.text(max_size=8),
    st.sampled_from(["4", "4,0", "5 - sure", "４"]), st.just([]), st.just({}),
)  # fmt: skip


@st.composite
def documents(draw):
    made = document(draw(st.sampled_from(SOME)), draw(st.integers(1, 4)))
    items = st.sampled_from([*SONGS, "pppppp", "tttttt", "zzzzzz"]) | st.text(max_size=6)
    entries = values | st.fixed_dictionaries({"grade": values}, optional={
        "comment": values, "known": values, "heard": values})  # fmt: skip
    made["answers"] = draw(st.dictionaries(items, entries, max_size=8))
    change = st.dictionaries(st.sampled_from(sorted(made)), values, max_size=2)
    made |= draw(st.just({}) | st.just({}) | change)
    return made


@QUICK
@given(st.lists(documents(), min_size=1, max_size=5))
def test_as_many_grades_come_out_as_went_in(tmp_path_factory, made):
    folder = tmp_path_factory.mktemp("in")
    key = folder.parent / f"{folder.name}.key.csv"
    key.write_text(KEY, encoding="utf-8")
    for number, content in enumerate(made):
        write(folder, f"{number}.json", content)
    try:
        answers = balanced(listening.load_answers(folder, key))
    except ValueError as error:
        assert "is the key of survey" in str(error)
        return
    unread = set(answers.listed.query("reason == 'unreadable'")["where"])
    went_in = 0
    for number, content in enumerate(made):
        if f"{number}.json" in unread:
            continue
        entries = content["answers"].values()
        grades = [e.get("grade") if isinstance(e, dict) else e for e in entries]
        went_in += sum(str(grade).strip().casefold() not in csv_text.BLANK for grade in grades)
    assert answers.given == went_in


@QUICK
@given(st.data())
def test_damage_is_a_sentence_or_a_reason(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("in")
    key, form = folder / "k.csv", folder / "f.csv"
    key.write_text(KEY, encoding="utf-8")
    form.write_text(FORM, encoding="utf-8")
    wide = "Timestamp;Email;Song 1;Song 2;Song 3;Age\n" + "2026-11-23 10:00;a@x;4;2;1;30\n" * 3
    good = {"x.csv": wide.encode(), "x.json": json.dumps(document()).encode()}
    name = data.draw(st.sampled_from(sorted(good)))
    content = bytearray(good[name])
    for _ in range(data.draw(st.integers(1, 8))):
        at, gone = data.draw(st.integers(0, len(content))), data.draw(st.integers(0, 20))
        content[at : at + gone] = data.draw(st.binary(max_size=6))
    (folder / name).write_bytes(content or b"x")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for which in (key, form):
            try:
                answers = balanced(listening.load_answers(folder / name, which))
                answers.write_csv(folder / "out.csv")
                back = listening.read_tidy(folder / "out.csv")
                pd.testing.assert_frame_equal(back, answers.frame)
            except ValueError as error:
                assert "\n" not in str(error)
