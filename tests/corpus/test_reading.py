"""Reading in processes: what hangs, dies or eats memory, two at once, a kill half-way, Dask."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from musegen import corpus
from musegen.corpus import Dropped, collection, lpd5, midi_folder, reading, store, workers
from musegen.corpus.made import made_collection
from musegen.corpus.store import Store
from musegen.song import Song, as_notes


def numbers(content: bytes, path) -> Song:
    """Read a file as a note per byte; some words make it misbehave."""
    if content == b"hang":
        time.sleep(100)
    if content == b"die":
        os._exit(3)
    if content == b"eat":
        np.ones(2**36, np.uint8)
    if content == b"odd":
        raise ZeroDivisionError
    if content == b"no":
        raise Dropped("no_piano")
    pitch = np.frombuffer(content, np.uint8) % 128
    return Song(as_notes(range(len(pitch)), 1, pitch), len(pitch), 1, title=path.stem)


NUMBERS = reading.Format((".num",), numbers, (__file__,), largest=1000, batch=4)


@pytest.fixture
def folder(tmp_path):
    """Forty good files and one of each bad kind."""
    folder = tmp_path / "numbers"
    folder.mkdir()
    for i in range(40):
        (folder / f"{i:02d}.num").write_bytes(bytes(range(i + 8, i + 20)))
    for word in ("hang", "die", "eat", "odd", "no"):
        (folder / f"{word}.num").write_bytes(word.encode())
    (folder / "short.num").write_bytes(b"seven b")
    (folder / "large.num").write_bytes(bytes(1001))
    return folder


def read(folder, into=None):
    found = collection.find(str(folder), NUMBERS.suffixes, NUMBERS.largest)
    return reading.read(found, NUMBERS, "numbers", into or Store())


BAD = {
    "crashed": ["die"],
    "no_piano": ["no"],
    "timeout": ["hang"],
    "too_large": ["eat", "large"],
    "too_short": ["short"],
    "unreadable": ["odd"],
}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a process")
def test_a_file_that_hangs_dies_or_eats_memory_takes_nothing_along(folder, build, monkeypatch):
    monkeypatch.setattr(workers, "TIME_LIMIT", 2)
    began = time.perf_counter()
    songs, dropped = read(folder)
    assert dropped == BAD
    assert list(songs) == [f"{i:02d}" for i in range(40)]
    assert time.perf_counter() - began < 30


def test_the_same_comes_out_in_any_order_and_with_any_number_of_processes(
    folder, build, monkeypatch
):
    for word in ("hang", "die", "eat"):
        (folder / f"{word}.num").unlink()
    results = []
    for processes, turn in ((1, 1), (2, -1), (3, 1)):
        monkeypatch.setattr(workers, "cores", lambda n=processes: n)
        found = collection.find(str(folder), NUMBERS.suffixes, NUMBERS.largest)
        found = replace(found, entries=list(found.entries)[::turn])
        into = Store(build / str(processes) / "songs.sqlite")
        results.append(reading.read(found, NUMBERS, "numbers", into))
    assert results[0] == results[1] == results[2]
    assert len(results[0][0]) == 40


def test_a_script_without_a_main_guard_reads_too(tmp_path, build):
    made_collection(tmp_path / "lpd")
    script = tmp_path / "script.py"
    script.write_text(
        "print('once')\nfrom musegen import corpus\n"
        f"print(len(corpus.load('lpd5:{tmp_path / 'lpd'}')))"
    )
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60)
    assert run.stdout.split() == ["once", "9"], run.stderr


# --- The store -----------------------------------------------------------------------------------


def rows(build) -> int:
    """Count the files that the store knows by content."""
    with sqlite3.connect(build / "cache" / "songs.sqlite") as database:
        return database.execute("SELECT count(*) FROM songs").fetchone()[0]


def test_a_copy_elsewhere_is_known_by_its_content(tmp_path, build, monkeypatch):
    first = corpus.load(f"lpd5:{made_collection(tmp_path / 'one')}")
    known = rows(build)
    monkeypatch.setattr(store, "known", lambda *_: pytest.fail("asked in this process"))
    second = corpus.load(f"lpd5:{shutil.copytree(tmp_path / 'one', tmp_path / 'two')}")
    assert rows(build) == known == 12
    assert second.key == first.key
    assert list(second) == list(first)


def test_a_change_that_keeps_size_and_time_is_seen(tmp_path, build):
    source = f"lpd5:{made_collection(tmp_path)}"
    before = corpus.load(source)
    files = sorted(tmp_path.rglob("*.npz"), key=lambda p: p.name)
    name = before.names[0]
    file = next(f for f in files if f.stem == name)
    facts = file.stat()
    content = bytearray(file.read_bytes())
    content[content.index(b"pianoroll_1_csc_indices.npy") + 60] ^= 1
    file.write_bytes(content)
    os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    after = corpus.load(source)
    assert after.audit.dropped["unreadable"] == [name]
    assert after.key != before.key


def test_a_song_damaged_in_the_cache_is_told_in_a_sentence(tmp_path, build):
    songs = corpus.load(f"lpd5:{made_collection(tmp_path)}")
    with sqlite3.connect(build / "cache" / "songs.sqlite") as database:
        database.execute("UPDATE songs SET packed = x'00'")
    with pytest.raises(OSError, match=r"damaged in the song cache; delete .*songs\.sqlite"):
        songs[0]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_a_build_folder_that_is_read_only_is_told(tmp_path, build):
    build.mkdir()
    build.chmod(0o500)
    with pytest.raises(OSError, match="build"):
        corpus.load(f"lpd5:{made_collection(tmp_path / 'made')}")


OPEN = """
import os, sys
from pathlib import Path
from musegen.corpus.store import Store
for i in range(60):
    there, (ready, start) = Path(sys.argv[1]) / str(i) / "songs.sqlite", os.pipe()
    children = []
    for _ in range(6):
        if not (child := os.fork()):
            os.close(start)
            os.read(ready, 1)  # until all are there
            Store(there)
            os._exit(0)
        children.append(child)
    os.close(start)
    os.close(ready)
    assert not any([os.waitpid(child, 0)[1] for child in children]), i
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_new_store_may_be_opened_by_many_at_once(tmp_path):
    subprocess.run([sys.executable, "-c", OPEN, tmp_path], check=True)


LOAD = "from musegen import corpus; songs = corpus.load({!r}); print(songs.key, len(songs))"


def test_two_processes_may_fill_the_store_at_once(tmp_path, build):
    source = f"lpd5:{made_collection(tmp_path / 'made', songs=150)}"
    both = [
        subprocess.Popen([sys.executable, "-c", LOAD.format(source)], stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    one, two = (process.communicate(timeout=120)[0] for process in both)
    assert one == two
    assert one.split() == [corpus.load(source).key.encode(), b"113"]
    assert rows(build) == 150


@pytest.mark.skipif(os.name == "nt", reason="kills as Unix does")
@pytest.mark.parametrize("times", [2, pytest.param(20, marks=pytest.mark.soak)])
def test_a_kill_half_way_loses_nothing_and_leaves_no_process(times, tmp_path, build):
    source = f"lpd5:{made_collection(tmp_path / 'made', songs=400, bars=(30, 40))}"
    rng = np.random.default_rng(times)
    finished = [0]
    for _ in range(times):
        process = subprocess.Popen(
            [sys.executable, "-c", LOAD.format(source)], start_new_session=True
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            if (build / "cache" / "songs.sqlite").exists() and rows_or_0(build) > finished[-1]:
                break
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 0.1))
        process.kill()
        process.wait()
        assert no_process_left(process.pid)
        finished.append(rows_or_0(build))
    assert finished == sorted(finished)
    assert finished[-1] > 0
    assert len(corpus.load(source)) == 300
    assert rows(build) == 400


def rows_or_0(build) -> int:
    try:
        return rows(build)
    except sqlite3.OperationalError:  # just being made
        return 0


def no_process_left(session: int, patience: float = 10.0) -> bool:
    """Wait for the children of a killed process to notice."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            os.killpg(session, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    os.killpg(session, signal.SIGKILL)
    return False


# --- Own files -----------------------------------------------------------------------------------

TUNE = """X:1
T:A tune
M:C
L:1/4
Q:1/4=126
K:G
D|G A B c|d2 B2|c A F D|G3||
"""


def test_abc_is_read_with_its_tempo_and_upbeat(tmp_path):
    path = tmp_path / "tune.ABC"
    path.write_text(TUNE)
    song = midi_folder.read_file(path)
    assert song.tempo_qpm == 126
    assert song.notes["onset"][:3].tolist() == [72, 96, 120]
    assert song.notes["pitch"][:3].tolist() == [62, 67, 69]
    assert song.bars == 5


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "truncated"),
        ("a letter to nobody", "wrong_type"),
        (TUNE.replace("M:C", "M:3/4"), "not_4_4"),
        (TUNE + "\n" + TUNE.replace("X:1", "X:2"), "several_tunes"),
        (TUNE.replace("L:1/4", "L:1/0"), "unreadable"),
        ("X:1\nM:4/4\nL:1/4\nK:C\nC4|D2|", "too_short"),
    ],
)
def test_an_abc_file_that_gives_no_song_has_its_reason(text, reason, tmp_path):
    path = tmp_path / "tune.abc"
    path.write_text(text)
    with pytest.raises(Dropped, match=f"^{reason}$"):
        midi_folder.read_file(path)


def test_a_file_without_piano_says_so(tmp_path, build):
    import mido

    for name, program in (("piano", 0), ("flute", 73), ("organ", 19)):
        track = [mido.Message("program_change", program=program)]
        for pitch in (60, 62, 64):
            track += [
                mido.Message("note_on", note=pitch),
                mido.Message("note_off", note=pitch, time=1920),
            ]
        file = mido.MidiFile(ticks_per_beat=480)
        file.tracks.append(mido.MidiTrack(track))
        file.save(tmp_path / f"{name}.mid")
    songs = corpus.load(f"midi:{tmp_path}")
    assert songs.audit.sources() == {"midi": 1, midi_folder.WITHOUT_PIANO: 2}
    assert {s.title for s in songs if s.source == midi_folder.WITHOUT_PIANO} == {"flute", "organ"}


# --- Dask ----------------------------------------------------------------------------------------


def test_dask_gives_the_same(dask_workers, tmp_path, build, monkeypatch):
    source = f"lpd5:{made_collection(tmp_path / 'made', songs=100)}"
    (tmp_path / "made" / "broken.npz").write_bytes(b"PK")
    here = corpus.load(source)
    monkeypatch.setenv("MUSEGEN_BUILD", str(build / "dask"))
    monkeypatch.setenv("MUSEGEN_DASK", dask_workers)
    there = corpus.load(source)
    assert there.key == here.key
    assert there.audit.songs == here.audit.songs
    assert there.audit.dropped == here.audit.dropped
    assert list(there)[:3] == list(here)[:3]


def test_dask_gives_up_what_hangs_or_dies(dask_workers, folder, build, monkeypatch):
    monkeypatch.setattr(workers, "TIME_LIMIT", 2)
    monkeypatch.setenv("MUSEGEN_DASK", dask_workers)
    songs, dropped = read(folder)
    assert dropped == BAD
    assert len(songs) == 40


def test_a_scheduler_that_does_not_answer_is_told(build, tmp_path, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setenv("MUSEGEN_DASK", "tcp://127.0.0.1:9")
    with pytest.raises(ValueError, match="no Dask scheduler answers at tcp://127.0.0.1:9"):
        corpus.load(f"lpd5:{made_collection(tmp_path)}")


def test_nothing_of_lpd5_is_unpickled(tmp_path):
    trap = tmp_path / "sprung"

    class Trap:
        def __reduce__(self):
            return (Path.touch, (trap,))

    path = lpd5.write_song(tmp_path / "a.npz", {}, 120)
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files if name != "info.json"}
        info = stored["info.json"]
    arrays["tempo"] = np.array([Trap()], dtype=object)
    arrays["pianoroll_1_csc_data"] = arrays["tempo"]
    np.savez(path, allow_pickle=True, **arrays)
    import zipfile

    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("info.json", info)
    with pytest.raises(Dropped):
        lpd5.read_file(path)
    assert not trap.exists()
