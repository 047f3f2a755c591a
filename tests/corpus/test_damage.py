"""Damaged files: none crashes, hangs or eats memory, and each has its reason."""

import damage
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from musegen import corpus, midi
from musegen.corpus import REASONS, Rejected, archive, lpd5, scores
from musegen.corpus.ingest import read_song
from musegen.corpus.synthetic import write_song
from musegen.song import Song, as_notes

FORMATS = {".npz": lpd5.FORMAT, ".mid": scores.FORMAT}
QUICK = settings(
    deadline=None,
    derandomize=True,
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


class Contents(dict):
    """Bytes by suffix; hypothesis would print them all."""

    __repr__ = object.__repr__


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """One good file a suffix."""
    paths = damage.good_files(tmp_path_factory.mktemp("good"), np.random.default_rng(0))
    return Contents({suffix: path.read_bytes() for suffix, path in paths.items()})


# --- Properties of the readers -------------------------------------------------------------------


def song_or_reason(suffix, content, tmp_path):
    """Read, with nothing to catch what the reader itself does not."""
    try:
        song = read_song(FORMATS[suffix], content, tmp_path / f"x{suffix}")
    except Rejected as reason:
        assert str(reason) in REASONS
    else:
        assert len(song.notes)
        assert song.notes["onset"].min() >= 0


@pytest.mark.parametrize("suffix", FORMATS)
@given(seed=st.integers(0, 2**32))
@example(seed=1088)  # a key signature of no mode
@QUICK
def test_a_damaged_file_is_a_song_or_a_reason(suffix, seed, good, tmp_path):
    content = damage.damaged(suffix, good[suffix], np.random.default_rng(seed))
    song_or_reason(suffix, content, tmp_path)


@pytest.mark.parametrize("suffix", FORMATS)
@given(content=st.binary(max_size=400), head=st.sampled_from([0, 4, 14, 22, 100]))
@example(content=b"", head=0)
@QUICK
def test_any_bytes_are_a_song_or_a_reason(suffix, content, head, good, tmp_path):
    song_or_reason(suffix, good[suffix][:head] + content, tmp_path)


NOTES = st.lists(
    st.tuples(st.integers(0, 190), st.integers(1, 50), st.integers(0, 127)), min_size=1, max_size=60
)


@given(rows=NOTES, tempo=st.floats(20, 300))
@QUICK
def test_whatever_is_written_as_lpd5_is_read_back(rows, tempo, tmp_path):
    song = Song(as_notes(*np.array([*rows, (0, 240, 60)]).T), 240, 24)
    read = lpd5.read(write_song(tmp_path / "a.npz", {"Piano": song}, tempo).read_bytes(), "a.npz")
    assert np.array_equal(read.roll, song.roll)
    assert read.tempo_qpm == tempo


@given(rows=NOTES, tempo=st.integers(20, 300))
@QUICK
def test_whatever_is_written_as_midi_is_read_back(rows, tempo, tmp_path):
    roll = Song(as_notes(*np.array([*rows, (0, 240, 60)]).T), 240, 24).roll
    song = Song.from_roll(roll, 24, tempo_qpm=tempo)  # no pitch is struck while it sounds
    read = midi.read(midi.write(song, tmp_path / "a.mid"))
    assert np.array_equal(read.roll, song.roll)
    assert read.tempo_qpm == pytest.approx(tempo, abs=1e-2)


@given(seed=st.integers(0, 2**32))
@QUICK
def test_a_damaged_archive_gives_files_and_reasons(seed, good, tmp_path_factory):
    import io
    import tarfile

    rng = np.random.default_rng(seed)
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=("w:gz", "w")[seed % 2]) as tar:
        for i in range(3):
            info = tarfile.TarInfo(f"{i}.npz")
            info.size = len(good[".npz"])
            tar.addfile(info, io.BytesIO(good[".npz"]))
    path = tmp_path_factory.getbasetemp() / "damaged.tar.gz"
    path.write_bytes(damage.ANY[rng.integers(len(damage.ANY))](file.getvalue(), rng))
    for entry in archive.in_archive(path, (".npz",), 2**20):
        assert entry.reason in REASONS or entry.content is not None


# --- Whole collections ---------------------------------------------------------------------------

# Scores take music21 a tenth of a second each, so there are fewer of them.
SHARE = {".npz": 0.55, ".mid": 0.35, ".abc": 0.05, ".mxl": 0.03, ".xml": 0.02}


@pytest.mark.parametrize("files", [60, pytest.param(10_000, marks=pytest.mark.soak)])
def test_damaged_collections_end_as_songs_and_reasons(files, good, build, tmp_path):
    rng = np.random.default_rng(files)
    folders = {"lpd5": tmp_path / "lpd5", "midi": tmp_path / "midi"}
    kinds = {"lpd5": (".npz",), "midi": (".mid", ".abc", ".mxl", ".xml")}
    for kind, folder in folders.items():
        folder.mkdir()
        for suffix in kinds[kind]:
            for i in range(2):
                (folder / f"good {i}{suffix}").write_bytes(good[suffix])
    sources = {kind: f"{kind}:{folder}" for kind, folder in folders.items()}
    untouched = {kind: set(corpus.load(source).names) for kind, source in sources.items()}
    before = list(corpus.load(sources["midi"]))

    suffixes = rng.choice(list(SHARE), files, p=list(SHARE.values())).tolist()
    for i, suffix in enumerate(suffixes):
        kind = "lpd5" if suffix == ".npz" else "midi"
        path = folders[kind] / f"{i:05d}{suffix}"
        path.write_bytes(damage.damaged(suffix, good[suffix], rng))

    for kind, source in sources.items():
        audit = corpus.load(source).audit
        assert audit.read == sum(s in kinds[kind] for s in suffixes) + 2 * len(kinds[kind])
        assert set(audit.dropped) <= set(REASONS)
        assert untouched[kind] <= set(audit.songs), "what was good before is still there"
        assert not {"crashed", "timeout"} & set(audit.dropped)
    after = {song.title: song for song in corpus.load(sources["midi"])}
    assert all(after[song.title] == song for song in before)
