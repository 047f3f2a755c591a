"""The listening page as it is built: the same for all songs, and blind."""

import base64
import csv
import io
import json
import re
from collections import Counter

import numpy as np
import pytest
import soundfile

from apps.command import main
from apps.listening import build as listening
from apps.listening import page
from musegen import audio
from musegen.song import Song, as_notes

SOURCES = {"Bach": 12, "Machine <b>": 9, "=Other": 30}  # seconds of their songs


@pytest.fixture(scope="module")
def songs(tmp_path_factory):
    """Write two songs a source, of very different length, loudness and beginning."""
    folder = tmp_path_factory.mktemp("songs")
    for source, (name, seconds) in enumerate(SOURCES.items()):
        for i in range(2):
            onset = np.arange(8 * i, 4 * seconds, 2)
            pitch = [[60 + source], [48, 60, 64, 67]][i]
            notes = as_notes(np.repeat(onset, len(pitch)), 2, np.tile(pitch, len(onset)))
            song = Song(notes, 4 * seconds, 2, 120.0, f"Secret {source}{i}")
            song.to_midi(folder / name / f"secret_{source}{i}.mid")
    return folder


@pytest.fixture(scope="module")
def built(songs, tmp_path_factory):
    return listening.build(songs, tmp_path_factory.mktemp("page") / "survey.html", contact="A & B")


def survey_of(built) -> dict:
    page = built.page.read_text(encoding="utf-8")
    return json.loads(re.search(r'id="survey">(.*?)</script>', page)[1])


def key_of(built) -> list[dict]:
    return list(csv.DictReader(io.StringIO(built.key.read_text(encoding="utf-8"))))


def test_page_and_key_belong_together(built):
    survey, rows = survey_of(built), key_of(built)
    assert f'name="musegen-survey" content="{built.survey}"' in built.page.read_text()
    assert {row["survey"] for row in rows} == {survey["survey"]} == {built.survey}
    roles = Counter(row["role"] for row in rows)
    assert roles == {"song": 6, "practice": 1, "attention": 1}
    names = {row["role"]: row for row in rows}
    assert set(survey["items"]) == {r["item"] for r in rows if r["role"] != "attention"}
    assert survey["practice"] == names["practice"]["item"]
    attention = {"item": names["attention"]["item"], "grade": int(names["attention"]["source"])}
    assert survey["attention"] == attention
    counted = Counter(row["source"] for row in rows if row["role"] == "song")
    assert set(counted.values()) == {2}


def test_nothing_in_the_page_betrays_a_source(built):
    page = built.page.read_text(encoding="utf-8")
    plain = re.sub(r"[A-Za-z0-9+/=]{200,}", "", page)  # without the sound
    for secret in ("Bach", "Machine", "Other", "Secret", "secret", "LSTM", ".mid"):
        assert secret not in plain
    survey = survey_of(built)
    assert list(survey["items"]) == sorted(survey["items"])
    sounds = {item: base64.b64decode(sound) for item, sound in survey["items"].items()}
    for sound in sounds.values():
        assert not sound.startswith(b"ID3")
        assert sound[-128:-125] != b"TAG"
        assert b"Secret" not in sound


def test_all_pieces_are_as_long_and_as_loud_and_end_in_silence(built):
    lasts, loud = set(), []
    for sound in survey_of(built)["items"].values():
        samples, rate = soundfile.read(io.BytesIO(base64.b64decode(sound)), always_2d=True)
        lasts.add((len(samples), rate, samples.shape[1]))
        loud.append(audio.loudness(samples, rate))
        assert np.abs(samples[-200:]).max() < 0.01
        assert np.abs(samples[: rate // 2]).max() > 0.01  # it begins with its first note
    assert len(lasts) == 1
    assert built.seconds == pytest.approx(7)  # the shortest, from its first note on
    assert np.ptp(loud) < 0.5


def test_a_listener_may_get_some_of_the_songs(songs, tmp_path):
    survey = survey_of(listening.build(songs, tmp_path / "survey.html", each=4))
    counts = Counter(item for given in survey["lists"] for item in given)
    assert all(len(set(given)) == 4 for given in survey["lists"])
    assert len(counts) == 6
    assert max(counts.values()) - min(counts.values()) <= 1
    assert len({tuple(given) for given in survey["lists"]}) > 10


def test_languages_say_the_same_things():
    def shape(value):
        if isinstance(value, dict):
            return {name: shape(inner) for name, inner in value.items()}
        return len(value) if isinstance(value, list) else sorted(re.findall(r"{\w+}", value))

    texts = page.texts()
    assert set(texts) == {"en", "sv"}
    assert shape(texts["en"]) == shape(texts["sv"])
    assert len(texts["en"]["grades"]) == 5


def test_a_key_is_never_overwritten(songs, built, capsys):
    before = (built.page.read_bytes(), built.key.read_bytes())
    assert main(["survey", "build", str(songs), "--out", str(built.page)]) == 2
    said = capsys.readouterr().err
    assert "survey.key.csv is there already" in said
    assert said.count("\n") == 1
    assert (built.page.read_bytes(), built.key.read_bytes()) == before


def test_wrong_input_is_a_sentence_and_leaves_nothing(songs, tmp_path):
    for folder in ("none", "empty/A"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("short", "broken"):
        Song(as_notes(0, 1, 60), 2, 2).to_midi(tmp_path / name / "A" / "one.mid")
    (tmp_path / "broken" / "A" / "one.mid").write_bytes(b"MThd")
    for folder, name, each, says in (
        ("nowhere", "survey.html", None, "is no folder; give one with a folder for each source"),
        ("none", "survey.html", None, "has 0 folder"),
        ("empty", "survey.html", None, r"A holds no MIDI file \(\.mid\)"),
        ("short", "survey.html", None, r"one\.mid"),
        ("broken", "survey.html", None, r"one\.mid"),
        (songs, "survey.html", 7, "a listener can get 2 to 6 songs, not 7"),
        (songs, "survey.txt", None, r"survey\.txt must end in \.html"),
    ):
        with pytest.raises(ValueError, match=says):
            listening.build(tmp_path / folder, tmp_path / name, each)
    assert not list(tmp_path.glob("survey*"))
