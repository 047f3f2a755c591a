"""Reading in processes: what hangs, dies or eats memory; the packed file; own files; Dask."""

import io
import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from musegen import corpus, midi
from musegen.corpus import Rejected, ingest, scores
from musegen.corpus.synthetic import made_collection
from musegen.song import Song, as_notes

ODD = {
    b"hang": lambda: time.sleep(100),
    b"die": lambda: os._exit(3),
    b"eat": lambda: np.ones(2**36, np.uint8),
    b"odd": lambda: 1 / 0,
}


def numbers(content: bytes, path) -> Song:
    """Read a file as a note per byte; some words make it misbehave."""
    ODD.get(content, bool)()
    pitch = np.frombuffer(content, np.uint8) % 128
    return Song(as_notes(range(len(pitch)), 1, pitch), len(pitch), 1, title=path.stem)


NUMBERS = ingest.Format((".num",), numbers)
BAD = {
    "crashed": ["die"],
    "few_notes": ["short"],
    "timeout": ["hang"],
    "too_large": ["eat", "large"],
    "unreadable": ["odd"],
}


@pytest.fixture
def folder(tmp_path):
    """Forty good files and one of each bad kind."""
    files = {f"{i:02d}": bytes(range(i + 8, i + 20)) for i in range(40)}
    files |= {word.decode(): word for word in ODD} | {"short": b"seven b", "large": bytes(1001)}
    for name, content in files.items():
        (tmp_path / f"{name}.num").write_bytes(content)
    return tmp_path


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a process")
@pytest.mark.parametrize("on", ["this machine", "dask"])
def test_a_file_that_hangs_or_dies_takes_nothing_along(on, folder, build, monkeypatch, request):
    monkeypatch.setattr(ingest, "TIME_LIMIT", 3)
    monkeypatch.setattr(ingest, "LARGEST", 1000)
    address = request.getfixturevalue("dask_workers") if on == "dask" else None
    songs = ingest.read(ingest.find(str(folder), NUMBERS), NUMBERS, "numbers", address)
    assert songs.dropped == BAD
    assert list(songs.info) == [f"{i:02d}" for i in range(40)]
    assert songs.build("07").notes["pitch"].tolist() == list(range(15, 27))


def test_a_scheduler_that_does_not_answer_is_told(build, tmp_path):
    pytest.importorskip("distributed")
    with pytest.raises(ValueError, match="no Dask scheduler answers at tcp://127.0.0.1:9"):
        corpus.load(f"lpd5:{made_collection(tmp_path)}", dask="tcp://127.0.0.1:9")


SCRIPT = """print('once')
from musegen import corpus
songs = corpus.load({!r})
print(songs.key_of(songs), len(songs))"""


def test_scripts_without_a_main_guard_may_read_the_same_at_once(tmp_path, build):
    source = f"lpd5:{made_collection(tmp_path / 'lpd')}"
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(source))
    two = [subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE) for _ in range(2)]
    said = [process.communicate(timeout=60)[0].decode().split() for process in two]
    assert said == 2 * [["once", key_of(source), "9"]]
    assert len(list((build / "cache").iterdir())) == 1


# --- The packed file -----------------------------------------------------------------------------


def key_of(source: str) -> str:
    music = corpus.load(source)
    return music.key_of(music)


def cached(build) -> Path:
    (path,) = (build / "cache").iterdir()
    return path


def test_a_collection_is_read_once_and_again_where_a_file_changes(tmp_path, build, monkeypatch):
    folder = made_collection(tmp_path / "made")
    before = corpus.load(f"lpd5:{folder}")
    key = before.key_of(before)
    first = next(path for path in folder.rglob("*.npz") if path.stem == before.names[0])
    moved = shutil.copytree(folder, tmp_path / "moved")
    with monkeypatch.context() as patch:
        patch.setattr(ingest.parallel, "run", lambda *_: pytest.fail("read again"))
        assert list(corpus.load(f"lpd5:{folder}")) == list(before)
        assert key_of(f"lpd5:{moved}") == key
    first.write_bytes(b"PK")
    after = corpus.load(f"lpd5:{folder}")
    assert after.audit.dropped["truncated"] == before.names[:1]
    assert after.key_of(after) != key


@pytest.mark.parametrize("damage", [lambda b: b[:100], lambda b: b"", lambda b: b[:-30]])
def test_a_damaged_cache_is_made_anew(damage, tmp_path, build):
    source = f"lpd5:{made_collection(tmp_path)}"
    key = key_of(source)
    cached(build).write_bytes(damage(cached(build).read_bytes()))
    assert key_of(source) == key


# --- Own files -----------------------------------------------------------------------------------

TUNE = b"X:1\nT:A tune\nM:C\nL:1/4\nQ:1/4=126\nK:G\nD|G A B c|d2 B2|c A F D|G3||\n"


def read(name: str, content) -> Song:
    content = content.encode() if isinstance(content, str) else content
    return ingest.read_song(scores.FORMAT, content, Path(name))


def test_abc_is_read_with_its_tempo_and_upbeat():
    song = read("tune.ABC", TUNE)
    assert (song.title, song.tempo_qpm, song.bars) == ("tune", 126, 5)
    assert song.notes["onset"][:3].tolist() == [72, 96, 120]
    assert song.notes["pitch"][:3].tolist() == [62, 67, 69]


def tune(music: str, head: str = "M:4/4\n") -> str:
    return f"X:1\n{head}L:1/4\nV:T clef=treble\nV:B clef=bass\nK:C\n{music}\n"


SCALE = "CDEF|GABc|CDEF|GABc|]"
UP = [60, 62, 64, 65, 67, 69, 71, 72]
LOW = "C,D,E,F,|G,A,B,C|C,D,E,F,|G,A,B,C|"


@pytest.mark.parametrize(
    "text",
    [
        *(tune(SCALE, f"M:{metre}\n") for metre in ("C", "C|", "2/4", "2/2")),
        *(tune(SCALE.replace("|", bars)) for bars in (" ", "|\n", "|\r\n")),
        tune(SCALE, ""),
        tune(SCALE.replace("GABc|C", "[L:1/8]G2A2B2c2|[L:1/4]C")),
        tune(SCALE) + "\n\nwords about a bed, and a cage\n",
        "\ufeff%abc-2.1\nM:C\n\n" + tune(SCALE, ""),
        tune(SCALE, "T:Sj\xf6\nM:C\n").encode("latin-1"),
    ],
)
def test_abc_is_read_as_people_write_it(text):
    assert read("a.abc", text).notes["pitch"].tolist() == UP * 2


@pytest.mark.parametrize(
    "music",
    [
        f"V:T\n{SCALE}\nV:B\n{LOW}",
        f"[V:T] {SCALE[:10]}\n[V:B] {LOW[:17]}\n[V:T] {SCALE[:10]}\n[V:B] {LOW[:17]}",
        f"V:T\n{SCALE}x4|\nV:B name=low\n{LOW}",
    ],
)
def test_voices_of_abc_stand_side_by_side(music):
    song = read("a.abc", tune(music))
    low = [60 if pitch == 72 else pitch - 12 for pitch in UP]  # the last one is C, not c,
    for voice, pitches in enumerate((UP * 2, [*low[:7], 60] * 2)):
        notes = song.notes[song.notes["voice"] == voice]
        assert (notes["pitch"].tolist(), notes["onset"].tolist()) == (pitches, [*range(0, 384, 24)])


@pytest.mark.parametrize("line", ["\n", "\r\n", "\r"])
def test_every_tune_of_a_book_is_a_song_or_a_reason(line, tmp_path, build):
    tunes = [tune(SCALE, ""), tune(SCALE, "M:3/4\n"), tune(SCALE.replace("c", "G"), "")]
    book = "\ufeffM:C\nZ:who wrote it down\n\n" + "\nsome words\n\n".join(tunes)
    (tmp_path / "book.abc").write_bytes(book.replace("\n", line).encode())
    (tmp_path / "other.abc").write_text(tune(SCALE.replace("c", "A")))
    songs = corpus.load(f"midi:{tmp_path}")
    assert sorted(songs.names) == ["book/1", "book/3", "other"]
    assert songs.audit.dropped == {"not_4_4": ["book/2"]}
    assert songs[songs.names.index("book/3")].notes["pitch"][7] == 67


NOTE = "<note><pitch><step>{}</step><octave>{}</octave></pitch><duration>1</duration></note>"
TIME = "<time><beats>{}</beats><beat-type>4</beat-type></time>"
PART = '<part-list><score-part id="P"><part-name>{}</part-name></score-part></part-list>'


def xml(*bars: str, name="Piano", beats=4, first="") -> bytes:
    """Write one part of MusicXML: bars of quarters such as ``C4``, and of whole elements."""
    first = f"<attributes><divisions>1</divisions>{TIME.format(beats)}{first}</attributes>"
    text = ""
    for bar in bars:
        words = [w if w.startswith("<") else NOTE.format(w[0], w[1:]) for w in bar.split(" ")]
        text += f"<measure>{'' if text else first}{''.join(words)}</measure>"
    text = f'<score-partwise>{PART.format(name)}<part id="P">{text}</part></score-partwise>'
    return text.encode()


BARS = ["C4 D4 E4 F4", "G4 A4 B4 C5"]
LOWER = "<transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose>"
OCTAVE = "<transpose><chromatic>0</chromatic><octave-change>-1</octave-change></transpose>"
AS_IT_IS = f"<attributes>{LOWER.replace('1', '0').replace('2', '0')}</attributes>"


@pytest.mark.parametrize(
    ("name", "first", "change", "moved"),
    [
        ("Clarinet in Bb", LOWER, "", [-2] * 16),
        ("Clarinet", "", "", [0] * 16),
        ("Guitar", OCTAVE, "", [-12] * 16),
        ("Contrabass", OCTAVE, AS_IT_IS, [-12] * 8 + [0] * 8),
        ("Flute", "", f"<attributes>{LOWER}</attributes>", [0] * 8 + [-2] * 8),
    ],
)
def test_scores_are_read_as_they_sound(name, first, change, moved):
    song = read("a.xml", xml(*BARS, f"{change} {BARS[0]}".strip(), BARS[1], name=name, first=first))
    assert song.notes["pitch"].tolist() == [x + y for x, y in zip(UP * 2, moved, strict=True)]


def test_the_tempo_of_a_score_is_the_one_below_which_half_of_the_beats_are():
    bars = BARS * 5
    for at, tempo in ((0, 120), (8, 60), (9, 200)):
        bars[at] = f"<direction><sound\ttempo='{tempo}'/></direction> {bars[at]}"
    assert read("a.xml", xml(*bars)).tempo_qpm == 120


@pytest.mark.parametrize(
    ("beats", "bars", "onset"),
    [
        (2, ["C4 D4", "E4 F4"] * 4, 0),
        (1, ["C4"] * 12, 0),
        (2, ["G4", *["C4 D4", "E4 F4"] * 3], 72),
        (4, ["G4", *BARS * 2, "C4 D4 E4"], 72),
    ],
)
def test_bars_of_a_score_make_up_bars_of_four(beats, bars, onset):
    assert read("a.xml", xml(*bars, beats=beats)).notes["onset"][0] == onset


def test_a_zipped_score_is_the_one_its_contents_name():
    contents = '<container xmlns="urn:x"><rootfile full-path="a/score"/></container>'
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("cover.xml", "<picture/>")
        packed.writestr("a/score", xml(*BARS * 2))
        packed.writestr("META-INF/container.xml", contents)
    assert read("a.mxl", file.getvalue()).notes["pitch"].tolist() == UP * 2


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.abc", "a letter to nobody", "wrong_type"),
        ("a.abc", TUNE.replace(b"M:C", b"M:3/4"), "not_4_4"),
        ("a.abc", TUNE.replace(b"d2 B2", b"d2 B2 & D4"), "abc_sign"),
        ("a.abc", TUNE.replace(b"d2 B2", b"Z"), "abc_sign"),
        ("a.abc", TUNE.replace(b"A F D|", b"A F D|[M:3/4]c A F|d2 A|"), "not_4_4"),
        ("a.abc", TUNE.replace(b"L:1/4", b"L:1/0"), "unreadable"),
        ("a.abc", "X:1\nM:4/4\nL:1/4\nK:C\nC4|D2|", "few_notes"),
        ("a.abc", "X:1\nM:4/4\nL:1/16\nK:C\nCDEFGABcCDEFGABc|D4|", "too_short"),
        ("a.xml", "<html><p>not found</html>", "wrong_type"),
        ("a.xml", "<score-partwise><part-list>", "unreadable"),
        ("a.mxl", b"PK\x03\x04 and so on", "unreadable"),
    ],
)
def test_a_file_that_gives_no_song_has_its_reason(name, content, reason):
    with pytest.raises(Rejected, match=f"^{reason}$"):
        read(name, content)


def test_musicxml_is_read_like_midi(tmp_path):
    from music21 import instrument, metadata, meter, note, stream, tempo

    score = stream.Score([metadata.Metadata(title="two parts")])
    parts = (instrument.Piano(), [60, 64, 67, 72] * 4), (instrument.Violin(), [84])
    for i, (player, pitches) in enumerate(parts):
        part = stream.Part([player, meter.TimeSignature("4/4")], id=str(i))
        part.append([tempo.MetronomeMark(number=125)] * (i == 0))
        part.append([note.Note(pitch, quarterLength=8 / len(pitches)) for pitch in pitches])
        score.insert(0, part)
    path = Path(score.write("musicxml", tmp_path / "two.MusicXML"))
    song = read(path.name, path.read_bytes())
    assert song.notes["pitch"].tolist() == [60, 64, 67, 72] * 4
    assert (song.length, song.tempo_qpm) == (192, 125)


def test_a_file_without_piano_says_so(tmp_path, build):
    for name, program in (("piano", 0), ("flute", 73), ("organ", 19)):
        song = Song(as_notes(range(0, 288, 24), 24, program), 288, 24)
        midi.write(song, tmp_path / f"{name}.mid", program)
    songs = corpus.load(f"midi:{tmp_path}")
    assert songs.audit.sources() == {"midi": 1, scores.WITHOUT_PIANO: 2}
    assert {s.title for s in songs if s.source == scores.WITHOUT_PIANO} == {"flute", "organ"}
