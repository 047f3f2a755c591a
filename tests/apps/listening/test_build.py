"""The listening page as it is built: the same for all songs, and blind."""

import base64
import io
import json
import os
import re
from collections import Counter
from datetime import date, timedelta
from itertools import islice

import numpy as np
import pytest
import soundfile

from apps.command import main
from apps.listening import build as listening
from apps.listening import page
from apps.listening.answer_key import read_key
from apps.listening.answer_schema import checked
from musegen import audio
from musegen.song import Song, as_notes

LATER = date.today() + timedelta(days=100)
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
    return listening.build(songs, tmp_path_factory.mktemp("page") / "survey", "A & B", LATER)


def part_of(built, name: str) -> str:
    page = built.page.read_text(encoding="utf-8")
    return re.search(rf'id="{name}">(.*?)</script>', page)[1]


def survey_of(built, part="survey"):
    return json.loads(part_of(built, part))


def sounds_of(built) -> dict[str, bytes]:
    items = survey_of(built)["items"].items()
    return {item: base64.b64decode(part_of(built, name)) for item, name in items}


def test_page_and_key_belong_together(built):
    survey, key = survey_of(built), read_key(built.key)
    songs, practice, attention, fake = map(key.named, ("song", "practice", "attention", "fake"))
    assert Counter(song.source for song in songs.values()) == dict.fromkeys(SOURCES, 2)
    assert key.survey == survey["survey"]
    assert len(fake) == 1 and [*practice] == [survey["practice"]]
    assert {*survey["items"]} == {*songs, *practice, *fake}
    grades = {item: int(of.source) for item, of in attention.items()}
    assert grades == {survey["attention"]["item"]: survey["attention"]["grade"]}


def test_nothing_in_the_page_betrays_a_source(built):
    page = built.page.read_text(encoding="utf-8")
    plain = re.sub(r"[A-Za-z0-9+/=]{200,}", "", page)  # without the sound
    assert plain.index("startListening(document") < plain.index("text/plain")  # begins before it
    for secret in ("Bach", "Machine", "Other", "Secret", "secret", "LSTM", ".mid", "fake"):
        assert secret not in plain
    assert [*built.page.parent.iterdir()] == [built.page]
    survey, lists = survey_of(built), survey_of(built, "lists")
    assert list(survey["items"]) == sorted(survey["items"])
    heard = set(survey["items"]) - {survey["practice"]}
    assert all(set(one["items"]) == heard for one in lists)
    assert {one["again"] for one in lists} == {*read_key(built.key).named("song")}
    for sound in sounds_of(built).values():
        assert not sound.startswith(b"ID3")
        assert sound[-128:-125] != b"TAG"
        assert b"Secret" not in sound


def test_all_pieces_are_as_long_and_as_loud_and_end_in_silence(built):
    lasts, loud = [], []
    for sound in sounds_of(built).values():
        samples, rate = soundfile.read(io.BytesIO(sound), always_2d=True)
        lasts.append(samples.shape)
        loud.append(audio.loudness(samples))
        assert np.abs(samples[-200:]).max() < 0.01
        assert np.abs(samples[: rate // 2]).max() > 0.01  # it begins with its first note
    assert set(lasts) == {lasts[0]} and lasts[0][1] == 1
    assert lasts[0][0] / rate == pytest.approx(7, abs=0.1)  # the shortest, from its first note on
    assert np.ptp(loud) < 0.5


def test_the_check_has_as_many_tones_as_it_says(built):
    check = survey_of(built)["check"]
    sound = base64.b64decode(part_of(built, check["sound"]))
    samples, rate = soundfile.read(io.BytesIO(sound))
    samples = np.append(samples, np.zeros(9 * rate))
    starts = [np.abs(samples[rate * n :][: rate // 4]).max() > 0.05 for n in range(6)]
    assert starts.index(False) == check["tones"]


@pytest.mark.skipif(os.name == "nt", reason="permissions as Unix has them")
def test_what_is_private_is_for_its_owner_alone(songs, tmp_path):
    place = listening.build(songs, tmp_path / "survey", "A", LATER, listeners=3)
    assert place.private.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in place.private.iterdir()} == {0o600}
    codes = place.invitations.read_text().split()
    assert len(set(codes)) == 3 and survey_of(place)["invited"]
    for code in codes:
        checked(code, "code")


def test_a_server_deals_as_many_of_each_source():
    sources = {"a1": "A", "b1": "B", "a2": "A", "b2": "B"}
    lists = [*islice(page.deal(sources, 2, ["fake"]), 40)]
    assert all([name[0] for name in one["items"]] == [*"abf"] for one in lists)
    assert {one["again"] for one in lists} == {*sources}


def test_a_page_deals_by_lot(songs, tmp_path):
    place = listening.build(songs, tmp_path / "survey", "A", LATER, each=4)
    lists = survey_of(place, "lists")
    counts = Counter(item for one in lists for item in one["items"])
    assert all(len(set(one["items"])) == 5 for one in lists)
    assert sorted(counts.values()) == [*[40] * 6, 60]  # the shuffled notes are in all
    assert len({tuple(one["items"]) for one in lists}) > 10


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
    told = ["--contact", "A", "--until", LATER.isoformat()]
    assert main(["survey", "build", str(songs), "--out", str(built.folder), *told]) == 2
    said = capsys.readouterr().err
    assert "key.csv is there already" in said
    assert said.count("\n") == 1
    assert (built.page.read_bytes(), built.key.read_bytes()) == before


def test_wrong_input_is_a_sentence_and_leaves_nothing(songs, tmp_path):
    for folder in ("none", "empty/A"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("short", "broken"):
        Song(as_notes(0, 1, 60), 2, 2).to_midi(tmp_path / name / "A" / "one.mid")
    (tmp_path / "broken" / "A" / "one.mid").write_bytes(b"MThd")
    told = {"contact": "A", "until": LATER}
    for folder, change, says in (
        ("nowhere", {}, "has 0 folder"),
        ("none", {}, "has 0 folder"),
        ("empty", {}, r"A holds no MIDI file \(\.mid\)"),
        ("short", {}, r"one\.mid"),
        ("broken", {}, r"one\.mid"),
        (songs, {"each": 7}, "a listener can get 2 to 6 songs, not 7"),
        (songs, {"contact": " "}, "say who is responsible"),
        (songs, {"until": date(2021, 5, 31)}, "a day to come when answers are deleted"),
    ):
        with pytest.raises(ValueError, match=says):
            listening.build(tmp_path / folder, tmp_path / "survey", **told | change)
    assert not (tmp_path / "survey").exists()
